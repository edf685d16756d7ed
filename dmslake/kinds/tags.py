"""Ownership: the tag that says which pipeline a resource belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

OWNER_TAG = "dmslake:pipeline"


def owned(tags: Mapping[str, str], owner: str | None) -> dict[str, str]:
    """Return the tags of a resource together with the one that says whose it is."""
    return {**tags, OWNER_TAG: owner} if owner else dict(tags)


def as_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags in the shape most services take: ``[{"Key": …, "Value": …}]``."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def from_list(tags: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Return ``{key: value}`` for tags in the shape most services return."""
    return {tag["Key"]: tag.get("Value", "") for tag in tags}
