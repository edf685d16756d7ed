"""Rules of DMS for names, tags, filters and pages, which its model does not hold."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.truth.mistake import Found, Request

_IDENTIFIER = re.compile(r"[A-Za-z](?:-?[A-Za-z0-9])*")
_SHAPE = "a letter first, then letters, digits and single hyphens, none at the end"
_IDENTIFIERS = {
    "CertificateIdentifier": 255,
    "EndpointIdentifier": 255,
    "ReplicationConfigIdentifier": 255,
    "ReplicationInstanceIdentifier": 63,
    "ReplicationTaskIdentifier": 255,
    "SubscriptionName": 255,
}
_LONGEST_RESOURCE_ID = 31
_GROUP = re.compile(r"[A-Za-z0-9._-]{1,255}")
_TAG = re.compile(r"[\w .:/=+-]*")
_MOST_TAGS, _LONGEST_KEY, _LONGEST_VALUE = 10, 128, 256
_PAGES = {"DescribeTableStatistics": 500, "DescribeReplicationTableStatistics": 500}
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def names(request: Request) -> Found:
    """Identifiers: a letter first, no two hyphens in a row, none at the end."""
    for member, longest in _IDENTIFIERS.items():
        value = request.members.get(member)
        if not isinstance(value, str):
            continue
        if not _IDENTIFIER.fullmatch(value):
            yield member, value, _SHAPE
        if len(value) > longest:
            yield member, value, f"at most {longest} characters"
    value = request.members.get("ResourceIdentifier")
    if isinstance(value, str) and not (
        _IDENTIFIER.fullmatch(value) and len(value) <= _LONGEST_RESOURCE_ID
    ):
        yield "ResourceIdentifier", value, "a letter first, single hyphens, at most 31 characters"


def subnet_group(request: Request) -> Found:
    """Subnet groups: their own alphabet, never `default`, two subnets at least."""
    name = request.members.get("ReplicationSubnetGroupIdentifier")
    if isinstance(name, str) and (not _GROUP.fullmatch(name) or name.lower() == "default"):
        yield (
            "ReplicationSubnetGroupIdentifier", name,
            "at most 255 letters, digits, `.`, `_`, `-`; not `default`",
        )  # fmt: skip
    if "SubnetGroup" not in request.operation:
        return
    words = request.members.get("ReplicationSubnetGroupDescription")
    if isinstance(words, str) and (not words.strip() or _CONTROL.search(words)):
        yield "ReplicationSubnetGroupDescription", words, "some text without control characters"
    subnets = request.members.get("SubnetIds")
    if isinstance(subnets, (list, tuple)) and len(set(subnets)) < 2:
        yield "SubnetIds", subnets, "at least two subnets"


def tags(request: Request) -> Found:
    """Tags: at most ten, of DMS's own alphabet, which has neither `@` nor a comma."""
    given = request.members.get("Tags")
    if not isinstance(given, (list, tuple)):
        return
    if len(given) > _MOST_TAGS:
        yield "Tags", [tag.get("Key") for tag in given], "at most 10 tags"
    keys = [tag.get("Key") for tag in given]
    if len(set(keys)) < len(keys):
        yield "Tags", keys, "each key once"
    for number, tag in enumerate(given):
        yield from _tag(tag, f"Tags[{number}]")


def _tag(tag: Mapping[str, Any], path: str) -> Found:
    key, value = str(tag.get("Key", "")), str(tag.get("Value", ""))
    if not 1 <= len(key) <= _LONGEST_KEY:
        yield f"{path}.Key", key, "1 to 128 characters"
    if len(value) > _LONGEST_VALUE:
        yield f"{path}.Value", value, "at most 256 characters"
    if key.lower().startswith(("aws:", "dms:")):
        yield f"{path}.Key", key, "does not begin with aws: or dms:"
    for member, text in (("Key", key), ("Value", value)):
        if not _TAG.fullmatch(text):
            yield f"{path}.{member}", text, "letters, digits, spaces and _ . : / = + - only"


def pages(request: Request) -> Found:
    """MaxRecords: 20 to 100, for table statistics to 500; filters name what they look for."""
    size = request.members.get("MaxRecords")
    most = _PAGES.get(request.operation, 100)
    if isinstance(size, int) and not 20 <= size <= most:
        yield "MaxRecords", size, f"20 to {most}"
    for number, one in enumerate(_filters(request)):
        if not one.get("Values") or "" in one["Values"]:
            yield f"Filters[{number}].Values", one.get("Values"), "at least one value, none empty"


def _filters(request: Request) -> Iterator[Mapping[str, Any]]:
    given = request.members.get("Filters")
    if isinstance(given, (list, tuple)):
        yield from given


RULES = (names, subnet_group, tags, pages)
