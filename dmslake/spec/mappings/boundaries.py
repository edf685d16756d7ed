"""The boundaries between the segments of a table that is loaded by ranges of column values.

Each boundary is the upper end of a segment, with one value for each column; N boundaries make
N + 1 segments.
"""

from collections.abc import Sequence
from math import isfinite

from dmslake.spec.mappings.mistake import shown
from dmslake.spec.mappings.part import Part

_MEMBER = "boundaries"


def check(load: Part, columns: int) -> int:
    """Check the boundaries; return how many segments they make, 0 where that is not known.

    Args:
        load: the `parallel-load` object.
        columns: how many columns it names; 0 if that is not known.
    """
    if not load.has(_MEMBER):
        load.error(_MEMBER, "missing, and ranges need it", "list the upper end of each segment")
        return 0
    rows = load.entries(_MEMBER)
    sound = [_read_boundary(load, index, row, columns) for index, row in enumerate(rows)]
    if all(sound):
        _check_order(load, sound)
    return len(rows) + 1 if rows else 0


def _read_boundary(load: Part, index: int, row: object, columns: int) -> Sequence[object]:
    """Return the values of a boundary; nothing if they are wrong."""
    if not isinstance(row, list | tuple):
        fix = "write the values in [ ]"
        load.error((_MEMBER, index), f"expected a list, not {shown(row)}", fix)
    elif not row:
        load.error((_MEMBER, index), "empty", "give one value for each column")
    elif _fits(load, index, row, columns):
        return row
    return ()


def _fits(load: Part, index: int, row: Sequence[object], columns: int) -> bool:
    before = len(load.found)
    for position, value in enumerate(row):
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            message = f"expected text or a number, not {shown(value)}"
            load.error((_MEMBER, index, position), message)
    if columns and len(row) != columns:
        message = f"{_count(len(row), 'value')} for {_count(columns, 'column')}"
        load.error((_MEMBER, index), message, "give one value for each column")
    return len(load.found) == before


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _check_order(load: Part, rows: Sequence[Sequence[object]]) -> None:
    for index in range(1, len(rows)):
        earlier, later = rows[index - 1], rows[index]
        if earlier == later:
            message = "the same as the one before, so that the segment between is empty"
            load.warning((_MEMBER, index), message, "remove one of them")
        elif _descends(earlier, later):
            message = "below the one before, and boundaries go from the lowest to the highest"
            load.warning((_MEMBER, index), message, "sort them")


def _descends(earlier: Sequence[object], later: Sequence[object]) -> bool:
    """Tell whether `later` is lower, however the column compares: as text and as numbers."""
    for one, other in zip(earlier, later, strict=False):
        if one != other:
            first, second = _number(one), _number(other)
            as_numbers = first is not None and second is not None and first > second
            return as_numbers and str(one) > str(other)
    return False


def _number(value: object) -> float | None:
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if isfinite(number) else None
