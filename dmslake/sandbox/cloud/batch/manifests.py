"""Manifests that S3 makes: generated ones, and the reports of an inventory.

Both are a manifest.json that names data files, CSV behind gzip without a header; their keys are
URL-encoded with `+` for a space.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-location.html
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

from dmslake.sandbox.cloud.batch.model import Task
from dmslake.sandbox.cloud.upstream import part

INVENTORY = "S3InventoryReport_CSV_20161130"
GENERATED = "S3InventoryReport_CSV_20211130"
ARN = "arn:aws:s3:::"

Put = Callable[[str, bytes], None]


def problem(generator: Any) -> str:
    """Return why CreateJob refuses a manifest generator; empty when it does not."""
    if not isinstance(generator, Mapping):
        return "ManifestGenerator has no S3JobManifestGenerator"
    place = generator.get("ManifestOutputLocation")
    if generator.get("EnableManifestOutput") not in {"true", "false"}:
        return "EnableManifestOutput is required"
    if not str(generator.get("SourceBucket")).startswith(ARN):
        return "SourceBucket is not the ARN of a bucket"
    if generator["EnableManifestOutput"] == "true" and (
        not isinstance(place, Mapping) or place.get("ManifestFormat") != GENERATED
    ):
        return f"ManifestOutputLocation needs a Bucket and the ManifestFormat {GENERATED}"
    known = {"KeyNameConstraint", "CreatedAfter", "CreatedBefore"}
    unknown = sorted(set(generator.get("Filter") or {}) - known)
    return f"the sandbox does not filter by {unknown[0]}" if unknown else ""


def generated(generator: Mapping[str, Any]) -> list[Task]:
    """Return a task for each object that a generator's filter takes, in the order of the keys."""
    bucket = str(generator["SourceBucket"]).removeprefix(ARN)
    asked = generator.get("Filter") or {}
    objects: Mapping[str, Mapping[str, Any]] = (
        part("services.s3", "_buckets").get(bucket, {}).get("objects", {})
    )
    keys = sorted(key for key, one in dict(objects).items() if _takes(asked, key, one))
    return [Task(number, bucket, quote_plus(key, safe="/")) for number, key in enumerate(keys)]


def _takes(asked: Any, key: str, one: Mapping[str, Any]) -> bool:
    names = asked.get("KeyNameConstraint") or {}
    begins = names.get("MatchAnyPrefix") or [""]
    made = _time(str(one["last_modified"]))
    after, before = asked.get("CreatedAfter"), asked.get("CreatedBefore")
    return (
        key.startswith(tuple(begins))
        and (not after or made > _time(after))
        and (not before or made < _time(before))
    )


def _time(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def write(tasks: Iterable[Task], generator: Mapping[str, Any], job: str, put: Put) -> None:
    """Write a generated manifest where the job wants it: `put` takes a key and what it holds."""
    prefix = str(generator["ManifestOutputLocation"].get("ManifestPrefix") or "").strip("/")
    folder = f"{prefix}/job-{job}-manifest".lstrip("/")
    lines = io.StringIO()
    csv.writer(lines, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(
        (task.bucket, task.key) for task in tasks
    )
    content = gzip.compress(lines.getvalue().encode())
    data = f"{folder}/data/{_md5(content)}.csv.gz"
    put(data, content)
    named = {"key": data, "size": len(content), "MD5checksum": _md5(content)}
    told = {
        "sourceBucket": str(generator["SourceBucket"]).removeprefix(ARN),
        "fileFormat": "CSV",
        "fileSchema": "Bucket, Key",
        "files": [named],
    }
    put(f"{folder}/manifest.json", json.dumps(told).encode())


def inventory(manifest: bytes, read: Callable[[str], bytes]) -> Iterator[Task]:
    """Yield the tasks of an inventory; `read` returns a data file. Raises ValueError, KeyError."""
    told = json.loads(manifest)
    columns = [name.strip() for name in told["fileSchema"].split(",")]
    at_bucket, at_key = columns.index("Bucket"), columns.index("Key")
    number = 0
    for file in told["files"]:
        content = read(file["key"])
        if _md5(content) != file["MD5checksum"]:
            raise ValueError(f"the file {file['key']} is not the one of the inventory")
        for row in csv.reader(io.StringIO(gzip.decompress(content).decode("utf-8"))):
            yield Task(number, row[at_bucket], row[at_key])
            number += 1


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
