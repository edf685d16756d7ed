"""Find the newest partition of a table in the lake, in one list call per level."""

from __future__ import annotations

from dmslake.aws.clients import Clients
from dmslake.aws.errors import unless_absent
from dmslake.monitor.subject import Subject

_BY_TABLE = "{schema}/{table}/"


def newest_partition(aws: Clients, subject: Subject, schema: str, table: str) -> str | None:
    """Return the last folder of a table, e.g. ``year=2026/month=11/day=23/hour=14``.

    Partition folders sort by time, so the last of each level leads to the newest. None when the
    table has nothing in the lake, or the layout does not begin with schema and table.
    """
    if not subject.template.startswith(_BY_TABLE):
        return None
    top = "/".join(part for part in (subject.lake_prefix, schema, table) if part) + "/"
    found = _last_folder(aws, subject.lake_bucket, top)
    return found.removeprefix(top).rstrip("/") or None if found else None


def _last_folder(aws: Clients, bucket: str, prefix: str) -> str | None:
    page = unless_absent(
        lambda: aws.s3.list_objects_v2(Bucket=bucket, Prefix=prefix, Delimiter="/"), "NoSuchBucket"
    )
    if page is None or not page.get("KeyCount"):
        return None
    folders = [entry["Prefix"] for entry in page.get("CommonPrefixes", [])]
    return _last_folder(aws, bucket, max(folders)) if folders else prefix
