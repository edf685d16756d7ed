"""Tags of dmslake's own: whose a resource is, and what on it was set by us.

The second sort is the memory of what the spec once asked for: a setting that the spec no longer
names is taken back where dmslake made it, and left alone where somebody else did.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

OWNER_TAG = "dmslake:pipeline"
REGION_TAG = "dmslake:region"
KMS_KEY_TAG = "dmslake:kms-key"
BOUNDARY_TAG = "dmslake:permissions-boundary"
CONCURRENCY_TAG = "dmslake:concurrency"
GAP_TAG = "dmslake:sweep-since"


def owned(tags: Mapping[str, str], owner: str | None) -> dict[str, str]:
    """Return the tags of a resource together with the one that says whose it is."""
    return {**tags, OWNER_TAG: owner} if owner else dict(tags)


def as_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags in the shape most services take: ``[{"Key": …, "Value": …}]``."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def from_list(tags: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Return ``{key: value}`` for tags in the shape most services return."""
    return {tag["Key"]: tag.get("Value", "") for tag in tags}
