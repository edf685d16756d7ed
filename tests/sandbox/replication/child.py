"""A replication in a process of its own, to be killed: `python -m tests.sandbox.replication.child`.

Reads one JSON document from standard input: the job, and the folders of S3 and of the checkpoint.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

from dmslake.sandbox.dms.replication import (
    Checkpoint,
    Job,
    Replication,
    SourceDatabase,
    StagingTarget,
    Start,
)
from tests.sandbox.replication.folder_s3 import FolderS3

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def main() -> None:
    """Replicate until killed, or until standard input is closed."""
    told = json.loads(sys.stdin.readline())
    kept = Path(told["checkpoint"])
    client = cast("S3Client", FolderS3(Path(told["s3"])))
    saved = Checkpoint.from_dict(json.loads(kept.read_text())) if kept.exists() else None
    job = Job(
        task_id=told["task_id"],
        source=SourceDatabase(**told["source"]),
        target=StagingTarget(bucket="killed", folder="dms", settings=told["settings"]),
        mappings=told["mappings"],
        migration_type="full-load-and-cdc",
        settings=told["task_settings"],
        start=Start[told["start"]],
        checkpoint=saved,
    )

    def keep(checkpoint: Checkpoint) -> None:
        unfinished = kept.with_suffix(".new")
        unfinished.write_text(json.dumps(checkpoint.to_dict()))
        unfinished.rename(kept)

    outcome = Replication(job, s3=lambda: client, on_checkpoint=keep).run()
    sys.exit(outcome.failure)


if __name__ == "__main__":
    main()
