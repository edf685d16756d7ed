"""Manifests that S3 made, for jobs over more objects than this machine wants to list.

The ledger then holds the first job's objects, and what failed.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from dmslake.aws.clients import Clients
from dmslake.aws.errors import translating
from dmslake.backfill.batch.jobs import GENERATED, JobNote
from dmslake.backfill.batch.request import Chosen
from dmslake.backfill.selection import Selection
from dmslake.lake.config import LoaderConfig

_IN_PARTS = timedelta(days=1)


def chosen_of(config: LoaderConfig, selection: Selection) -> Chosen:
    """Return what a manifest that S3 makes is of.

    S3 dates an object that was uploaded in parts by the upload's beginning, so a day more is taken.
    """
    since, until = _time(selection.since), _time(selection.until)
    return Chosen(
        prefix=config.router().staging_folder + selection.key_prefix,
        since=None if since is None else since - _IN_PARTS,
        until=until,
    )


def whole_note(clients: Clients, manifest: str, number: int) -> JobNote:
    """Note a job over a manifest that is not ours, "generated" or an inventory's.

    Raises CloudError when the inventory's cannot be read.
    """
    if manifest == GENERATED:
        return JobNote(number, GENERATED, "", 0, 0, canary=False)
    bucket, _, key = manifest.split(":::", 1)[1].partition("/")
    with translating("looking at the inventory"):
        head = clients.s3.head_object(Bucket=bucket, Key=key)
    return JobNote(number, manifest, head["ETag"].strip('"'), 0, 0, canary=False)


def _time(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
