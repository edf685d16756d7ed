"""Filters, MaxRecords and Marker, the same for every Describe operation."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from dmslake.sandbox.dms.faults import invalid_value, not_found
from dmslake.sandbox.dms.parameters import Parameters

Item = TypeVar("Item")
Reader = Callable[[Item], Iterable[str]]


@dataclass(frozen=True)
class Listing(Generic[Item]):
    """How one kind of resource is filtered, ordered and paged.

    `noun` is the service's own word in "No <noun> found matching provided filters"; None for the
    one describe that answers with an empty list instead (subnet groups).
    """

    filters: Mapping[str, Reader[Item]]
    order: Callable[[Item], str]
    noun: str | None
    most_records: int = 100
    default_records: int = 100

    def page(self, items: Iterable[Item], asked: Parameters) -> tuple[list[Item], str | None]:
        """Return one page and the marker of the next, or None.

        Raises:
            Fault: an unknown filter, no values, MaxRecords out of range, a foreign marker;
                ResourceNotFoundFault when filters match nothing.
        """
        wanted = [self._wanted(one) for one in asked.structures("Filters")]
        matching = [item for item in items if all(test(item) for test in wanted)]
        if wanted and not matching and self.noun is not None:
            raise not_found(f"No {self.noun} found matching provided filters")
        return self._cut(sorted(matching, key=self.order), asked)

    def _wanted(self, asked: Parameters) -> Callable[[Item], bool]:
        name = asked.text("Name")
        reader = self.filters.get(name)
        if reader is None:
            known = ", ".join(self.filters)
            raise invalid_value(f"The filter {name} is not supported. Valid filters are: {known}.")
        values = {value.lower() for value in asked.texts("Values")}
        if not values:
            raise invalid_value(f"The filter {name} must have at least one value.")
        return lambda item: any(value.lower() in values for value in reader(item))

    def _cut(self, items: Sequence[Item], asked: Parameters) -> tuple[list[Item], str | None]:
        size = _size(asked.integer("MaxRecords"), self.default_records, self.most_records)
        after = _after(asked.optional_text("Marker"))
        rest = [item for item in items if after is None or self.order(item) > after]
        if len(rest) <= size:
            return rest, None
        return rest[:size], _marker(self.order(rest[size - 1]))


def _size(asked: int | None, default: int, most: int) -> int:
    least = 20
    if asked is None:
        return default
    if not least <= asked <= most:
        raise invalid_value(
            f"Invalid value {asked} for MaxRecords. Must be between {least} and {most}"
        )
    return asked


def _marker(last: str) -> str:
    return base64.urlsafe_b64encode(last.encode()).decode("ascii")


def _after(marker: str | None) -> str | None:
    if not marker:
        return None
    try:
        return base64.b64decode(marker.encode("ascii"), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError) as error:
        raise invalid_value("The provided marker is not valid.") from error
