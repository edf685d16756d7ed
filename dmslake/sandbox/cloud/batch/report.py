"""The completion report of a job, in the order of columns that S3 really writes.

The schema in its own manifest names the error code before the status, and the rows have them the
other way round: https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-examples-reports.html
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Iterator, Mapping

from dmslake.sandbox.cloud.batch.model import Job, Result, Task

_SCHEMA = "Bucket, Key, VersionId, TaskStatus, ErrorCode, HTTPStatusCode, ResultMessage"


def report_files(
    job: Job, tasks: Iterable[Task], results: Mapping[int, Result], now: str
) -> Iterator[tuple[str, bytes]]:
    """Yield key and content of each file: those of the results first, their manifest last."""
    report = job.request["Report"]
    folder = "/".join(part for part in (report.get("Prefix", ""), f"job-{job.id}") if part)
    wanted = ("failed",) if report["ReportScope"] == "FailedTasksOnly" else ("succeeded", "failed")
    texts = _rows(tasks, results)
    bucket = report["Bucket"].rpartition(":")[2]
    listed = []
    for which in wanted:
        if not texts[which]:
            continue
        content = texts[which].encode()
        key = f"{folder}/results/{hashlib.sha1(content).hexdigest()}.csv"  # noqa: S324 - a name
        yield key, content
        listed.append({
            "TaskExecutionStatus": which,
            "Bucket": bucket,
            "MD5Checksum": hashlib.md5(content).hexdigest(),  # noqa: S324 - what S3 writes
            "Key": key,
        })  # fmt: skip
    about = {
        "Format": report["Format"],
        "ReportCreationDate": now,
        "Results": listed,
        "ReportSchema": _SCHEMA,
    }
    yield f"{folder}/manifest.json", json.dumps(about).encode()


def _rows(tasks: Iterable[Task], results: Mapping[int, Result]) -> dict[str, str]:
    written = {"succeeded": io.StringIO(), "failed": io.StringIO()}
    writers = {name: csv.writer(to, lineterminator="\n") for name, to in written.items()}
    for task in tasks:
        found = results.get(task.number)
        if found is not None:
            which = "succeeded" if found.succeeded else "failed"
            status = (which, found.status, found.code, found.text)
            writers[which].writerow((task.bucket, task.key, task.version, *status))
    return {name: to.getvalue() for name, to in written.items()}
