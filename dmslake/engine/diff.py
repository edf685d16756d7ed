"""What differs between what is wanted and what is there.

Only what is wanted is compared: a value that the service filled in by itself is no difference, and
a wanted None means "not set by us". Mappings are compared key by key, so that a change names the
exact member; every other value is compared whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dmslake.engine.resource import Attributes


class _Absent:
    def __repr__(self) -> str:
        return "(not set)"


ABSENT = _Absent()


@dataclass(frozen=True)
class Change:
    """One attribute that differs: dotted path, the value that is there, the value wanted."""

    attribute: str
    old: object
    new: object

    @property
    def top(self) -> str:
        """The attribute of the resource that the change belongs to."""
        return self.attribute.split(".", 1)[0]


def differences(
    desired: Attributes,
    live: Attributes,
    *,
    ignore: frozenset[str] = frozenset(),
    enums: frozenset[str] = frozenset(),
) -> tuple[Change, ...]:
    """Compare the desired attributes with the live ones.

    Args:
        desired: what is wanted; only these attributes are compared.
        live: what is there, in the same words.
        ignore: attributes that cannot be read back.
        enums: attributes compared without regard to case and separators.
    """
    found: list[Change] = []
    for name, wanted in desired.items():
        if name not in ignore:
            found.extend(_walk(name, wanted, live.get(name, ABSENT), folded=name in enums))
    return tuple(found)


def _walk(path: str, wanted: object, actual: object, *, folded: bool) -> Iterator[Change]:
    if wanted is None:
        return
    if isinstance(wanted, Mapping) and isinstance(actual, Mapping):
        for key, value in wanted.items():
            yield from _walk(f"{path}.{key}", value, actual.get(key, ABSENT), folded=folded)
    elif not _same(wanted, actual, folded=folded):
        yield Change(path, actual, wanted)


def _same(wanted: object, actual: object, *, folded: bool) -> bool:
    if folded and isinstance(wanted, str) and isinstance(actual, str):
        return _fold(wanted) == _fold(actual)
    # True == 1 in Python, but a flag is never a number in a request.
    return isinstance(wanted, bool) == isinstance(actual, bool) and wanted == actual


def _fold(text: str) -> str:
    return text.lower().replace("_", "-")
