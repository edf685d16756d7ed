"""Find the newest partition of a table in the lake, level by level."""

from __future__ import annotations

import re
from collections.abc import Iterator
from string import Formatter
from typing import Any

from dmslake.aws.clients import Clients
from dmslake.aws.errors import unless_absent
from dmslake.lake.tokens import TOKENS
from dmslake.monitor.subject import Subject

_BY_TABLE = "{schema}/{table}/"
# In this order, none left out, the last in the alphabet is the newest.
_UNITS = ["year", "month", "day", "hour", "minute"]


def newest_partition(aws: Clients, subject: Subject, schema: str, table: str) -> str | None:
    """Return the last folder of a table, e.g. ``year=2026/month=11/day=23/hour=14``.

    It goes down as long as the layout's folders sort by time: the last of each level then leads to
    the newest. Folders that the layout does not write are no partitions, nor are those that come
    with the staged key. None when the table has nothing in the lake, an empty text when the layout
    has no folders to tell by.
    """
    levels = tuple(_sorted_by_time(subject.template))
    if not levels:
        return ""
    top = "/".join(part for part in (subject.lake_prefix, schema, table) if part) + "/"
    found = top
    for level in levels:
        there, folder = _newest_below(aws, subject.lake_bucket, found, level)
        if not there and found == top:
            return None
        if folder is None:
            break
        found = folder
    return found.removeprefix(top).rstrip("/")


def _sorted_by_time(template: str) -> Iterator[re.Pattern[str]]:
    """Yield what the folders of each level look like, as far down as the newest is the last."""
    if not template.startswith(_BY_TABLE):
        return
    units = list(_UNITS)
    for folder in template.removeprefix(_BY_TABLE).split("/")[:-1]:
        pieces = list(Formatter().parse(folder))
        tokens = [name for _, name, _, _ in pieces if name is not None]
        if tokens != units[: len(tokens)]:
            return
        del units[: len(tokens)]
        yield re.compile(
            "".join(
                re.escape(text) + (TOKENS[name].pattern if name else "")
                for text, name, _, _ in pieces
            )
        )


def _newest_below(
    aws: Clients, bucket: str, prefix: str, wanted: re.Pattern[str]
) -> tuple[bool, str | None]:
    """Return whether anything is below the prefix, and the last folder there that is wanted."""
    there, last = False, ""
    token: Any = {}
    while True:
        page = _page(aws, bucket, prefix, token)
        folders = [entry["Prefix"] for entry in page.get("CommonPrefixes", [])]
        there = there or bool(page.get("KeyCount"))
        last = max([*(f for f in folders if wanted.fullmatch(f[len(prefix) : -1])), last])
        # A page holds 1,000 entries. Where one has no folders, what follows are files.
        if not folders or not page.get("NextContinuationToken"):
            return there, last or None
        token = {"ContinuationToken": page["NextContinuationToken"]}


def _page(aws: Clients, bucket: str, prefix: str, token: Any) -> Any:
    found = unless_absent(
        lambda: aws.s3.list_objects_v2(Bucket=bucket, Prefix=prefix, Delimiter="/", **token),
        "NoSuchBucket",
    )
    return found or {}
