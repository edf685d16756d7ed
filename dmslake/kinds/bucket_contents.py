"""What is in a bucket: how much it is, and how it is removed.

Every version and delete marker counts, for S3 deletes only an empty bucket. What dmslake itself
keeps below `.dmslake/` is no data: it is never weighed, and goes with the bucket.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from dmslake.aws.clients import Clients
from dmslake.aws.errors import tolerating
from dmslake.errors import AccessError, CloudError
from dmslake.lake.objects import OWN_FOLDER

_PAGES = 10
_BATCH = 1000  # the most that DeleteObjects takes, and ListObjectVersions gives
_THREADS = 8
_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB")
_THOUSAND = 1000
# DeleteObjects carries keys in XML 1.0, which cannot hold every character that a key can; a
# carriage return it can hold, but readers take it for a line feed.
_BEYOND_XML = re.compile(r"[^\t\n\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")

OnRemoved = Callable[[int], None]
Entry = Mapping[str, str]


@dataclass(frozen=True)
class Contents:
    """How much a bucket holds: versions and delete markers, bytes; `more`: and not all counted."""

    objects: int = 0
    size: int = 0
    more: bool = False

    @property
    def empty(self) -> bool:
        return not self.objects

    def __str__(self) -> str:
        least = "more than " if self.more else ""
        noun = "object" if self.objects == 1 and not self.more else "objects"
        return f"{least}{self.objects:,} {noun} ({least}{_readable(self.size)})"


def _readable(size: int) -> str:
    if size == 1:
        return "1 byte"
    power = next((p for p in range(len(_UNITS)) if size < _THOUSAND ** (p + 1)), len(_UNITS) - 1)
    value = size / _THOUSAND**power
    return f"{value:.1f} {_UNITS[power]}" if power else f"{size} bytes"


def weigh(aws: Clients, bucket: str) -> Contents:
    """Count what is in a bucket, ten pages (10,000 objects) of it at most."""
    pages = _pages(aws, bucket, "")
    objects = size = 0
    for page in itertools.islice(pages, _PAGES):
        data = [entry for entry in _entries(page) if not entry["Key"].startswith(OWN_FOLDER)]
        objects += len(data)
        size += sum(int(entry.get("Size", 0)) for entry in data)
        if not page.get("IsTruncated"):
            return Contents(objects, size)
    return Contents(objects, size, more=True)


def remove_everything(aws: Clients, bucket: str, on_removed: OnRemoved) -> None:
    """Remove every version, delete marker and unfinished upload of a bucket.

    What is gone stays gone: after an interruption it goes on where it was. Raises CloudError when
    S3 refuses to remove some of it.
    """
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="purge") as pool:
        for upload in _uploads(aws, bucket):
            pool.submit(_abort, aws, bucket, upload).result()
        _remove_below(aws, bucket, "", pool, on_removed)


def remove_ours(aws: Clients, bucket: str) -> None:
    """Remove what dmslake itself keeps in a bucket, and nothing else."""
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="purge") as pool:
        _remove_below(aws, bucket, OWN_FOLDER, pool, lambda _: None)


def _remove_below(
    aws: Clients, bucket: str, prefix: str, pool: ThreadPoolExecutor, on_removed: OnRemoved
) -> None:
    """Go over the bucket again and again until nothing is left."""
    while True:
        removed = 0
        refused: list[Mapping[str, str]] = []
        for done in _in_turn(pool, _jobs(aws, bucket, prefix)):
            removed += done.removed
            refused += done.refused
            on_removed(done.removed)
        if refused and not removed:
            raise _refusal(bucket, refused[0])
        if not removed:
            return


@dataclass(frozen=True)
class _Done:
    """What became of one request: how many are gone, and what S3 said of the others."""

    removed: int
    refused: Sequence[Mapping[str, str]] = ()


_Job = Callable[[], _Done]


def _in_turn(pool: ThreadPoolExecutor, jobs: Iterator[_Job]) -> Iterator[_Done]:
    """Run jobs on all threads, and begin a new one only where one has ended."""
    running: set[Future[_Done]] = set()
    for job in jobs:
        running.add(pool.submit(job))
        if len(running) >= _THREADS:
            ended, running = wait(running, return_when=FIRST_COMPLETED)
            yield from (one.result() for one in ended)
    for one in running:
        yield one.result()


def _jobs(aws: Clients, bucket: str, prefix: str) -> Iterator[_Job]:
    for page in _pages(aws, bucket, prefix):
        entries = [{"Key": e["Key"], "VersionId": e["VersionId"]} for e in _entries(page)]
        together = [entry for entry in entries if not _BEYOND_XML.search(entry["Key"])]
        if together:
            yield lambda batch=together: _delete_together(aws, bucket, batch)  # type: ignore[misc]
        for entry in entries:
            if _BEYOND_XML.search(entry["Key"]):
                yield lambda one=entry: _delete_alone(aws, bucket, one)  # type: ignore[misc]


def _delete_together(aws: Clients, bucket: str, entries: Sequence[Entry]) -> _Done:
    batch: Any = {"Objects": list(entries), "Quiet": True}
    answer = aws.s3.delete_objects(Bucket=bucket, Delete=batch, ExpectedBucketOwner=aws.account.id)
    refused: Any = answer.get("Errors", [])
    return _Done(len(entries) - len(refused), refused)


def _delete_alone(aws: Clients, bucket: str, entry: Entry) -> _Done:
    aws.s3.delete_object(
        Bucket=bucket,
        Key=entry["Key"],
        VersionId=entry["VersionId"],
        ExpectedBucketOwner=aws.account.id,
    )
    return _Done(1)


def _pages(aws: Clients, bucket: str, prefix: str) -> Iterator[Mapping[str, Any]]:
    paginator = aws.s3.get_paginator("list_object_versions")
    pages: Any = paginator.paginate(
        Bucket=bucket, Prefix=prefix, PaginationConfig={"PageSize": _BATCH}
    )
    yield from pages


def _entries(page: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from page.get("Versions", ())
    yield from page.get("DeleteMarkers", ())


def _uploads(aws: Clients, bucket: str) -> Iterator[Entry]:
    # Unlike with listings of objects, botocore neither asks for encoded keys here nor decodes them.
    pages: Any = aws.s3.get_paginator("list_multipart_uploads").paginate(
        Bucket=bucket, EncodingType="url"
    )
    for page in pages:
        read = unquote_plus if page.get("EncodingType") == "url" else str
        for upload in page.get("Uploads", ()):
            yield {"Key": read(upload["Key"]), "UploadId": upload["UploadId"]}


def _abort(aws: Clients, bucket: str, upload: Entry) -> None:
    with tolerating("NoSuchUpload"):
        aws.s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])


def _refusal(bucket: str, refused: Mapping[str, str]) -> CloudError:
    code = refused.get("Code", "")
    kind = AccessError if code == "AccessDenied" else CloudError
    return kind(
        f"bucket {bucket} cannot be emptied",
        why=f"{refused.get('Key')}: {code}: {refused.get('Message')}",
        fix="allow s3:DeleteObject and s3:DeleteObjectVersion, and look for an object lock or a "
        "bucket policy that protects its objects",
        service_code=code,
        operation="DeleteObjects",
    )
