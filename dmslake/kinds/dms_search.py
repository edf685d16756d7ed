"""Find DMS resources, always in the same words, so that one answer can serve several readers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dmslake.aws.errors import unless_absent

ABSENT = "ResourceNotFoundFault"


def search(describe: Callable[..., Any], member: str, **request: Any) -> list[Any]:
    """Return everything that a Describe call finds, from all its pages.

    A filter that nothing matches is an error to DMS, and a page may be empty and not the last.
    """
    found: list[Any] = []
    while True:
        page = unless_absent(lambda: describe(**request), ABSENT)
        if page is None:
            return found
        found += page.get(member) or []
        if not page.get("Marker"):
            return found
        request["Marker"] = page["Marker"]


def search_one(describe: Callable[..., Any], member: str, name: str, value: str) -> Any | None:
    """Return the one resource that a filter finds, or None."""
    found = search(describe, member, Filters=[{"Name": name, "Values": [value]}])
    return found[0] if found else None
