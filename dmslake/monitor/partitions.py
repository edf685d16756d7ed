"""Find the newest partition of a table in the lake, level by level."""

from __future__ import annotations

from typing import Any

from dmslake.aws.clients import Clients
from dmslake.aws.errors import unless_absent
from dmslake.monitor.subject import Subject

_BY_TABLE = "{schema}/{table}/"


def newest_partition(aws: Clients, subject: Subject, schema: str, table: str) -> str | None:
    """Return the last folder of a table, e.g. ``year=2026/month=11/day=23/hour=14``.

    Partition folders sort by time, so the last of each level leads to the newest; folders that come
    with the staged key are no partitions. None when the table has nothing in the lake, an empty
    text when the layout has no folders to tell by.
    """
    if not subject.template.startswith(_BY_TABLE):
        return ""
    top = "/".join(part for part in (subject.lake_prefix, schema, table) if part) + "/"
    there, folder = _level(aws, subject.lake_bucket, top)
    if not there:
        return None
    found = top
    for _ in range(subject.template.removeprefix(_BY_TABLE).count("/")):
        if folder is None:
            break
        found = folder
        _, folder = _level(aws, subject.lake_bucket, found)
    return found.removeprefix(top).rstrip("/")


def _level(aws: Clients, bucket: str, prefix: str) -> tuple[bool, str | None]:
    """Return whether anything is below the prefix, and the last folder there."""
    there, last = False, None
    token: Any = {}
    while True:
        page = _page(aws, bucket, prefix, token)
        folders = [entry["Prefix"] for entry in page.get("CommonPrefixes", [])]
        there = there or bool(page.get("KeyCount"))
        last = max([*folders, last or ""]) or None
        # A page holds 1,000 entries. Where one has no folders, what follows are files.
        if not folders or not page.get("NextContinuationToken"):
            return there, last
        token = {"ContinuationToken": page["NextContinuationToken"]}


def _page(aws: Clients, bucket: str, prefix: str, token: Any) -> Any:
    found = unless_absent(
        lambda: aws.s3.list_objects_v2(Bucket=bucket, Prefix=prefix, Delimiter="/", **token),
        "NoSuchBucket",
    )
    return found or {}
