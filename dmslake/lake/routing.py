"""The routing decision: a staged key and its LastModified give one lake key, and the way back.

Pure and quick: the function, the backfill and S3 Batch Operations all decide here. Knows no
buckets and makes no calls.
"""

from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from typing import NamedTuple

from dmslake.lake.layout import Layout, Origin
from dmslake.lake.objects import Skipped, SkipReason, StagedObject, as_folder
from dmslake.lake.tokens import Moment

MAX_KEY_BYTES = 1024
"""Longest S3 key, in bytes of UTF-8 (S3 User Guide, "Naming Amazon S3 objects")."""


class Clock(StrEnum):
    """Which time the partition fields come from.

    `filename` is the time in the name of a change or transaction file. Names of full-load files
    hold none, and those of other files neither; for them `filename` is `arrival`.
    """

    ARRIVAL = "arrival"
    FILENAME = "filename"


class TimezoneError(ValueError):
    """A time zone that the system's database does not know."""


class Route(NamedTuple):
    """Where an object goes: the lake key, the time fields in it, and the object."""

    target: str
    moment: Moment
    staged: StagedObject


class Router:
    """Decides where staged objects belong. Prefixes may have slashes at their ends or not.

    `timezone` is that of the partition fields, `name_timezone` that of the times in file names:
    UTC, unless the DMS endpoint sets `DatePartitionTimezone`.
    """

    def __init__(
        self,
        *,
        staging_prefix: str,
        lake_prefix: str,
        layout: Layout,
        timezone: str = "UTC",
        clock: Clock = Clock.ARRIVAL,
        name_timezone: str = "UTC",
    ) -> None:
        self.staging_folder = as_folder(staging_prefix)
        self.lake_folder = as_folder(lake_prefix)
        self._layout = layout
        self._zone = load_zone(timezone)
        self._name_zone = load_zone(name_timezone)
        self._by_name = clock is Clock.FILENAME

    def route(self, key: str, last_modified: datetime) -> Route | Skipped:
        """Decide for one staged key; `last_modified` must be aware, fractions of a second fall off.

        The partition fields are local to the router's time zone, `{stamp}` is UTC.
        """
        staged = self.stage(key)
        if isinstance(staged, Skipped):
            return staged
        return self.place(staged, last_modified)

    def stage(self, key: str) -> StagedObject | Skipped:
        """Take a staged key apart: the half of `route` that needs no time."""
        return StagedObject.parse(key, self.staging_folder)

    def place(self, staged: StagedObject, last_modified: datetime) -> Route | Skipped:
        """Decide for an object already taken apart: the half of `route` that needs the time."""
        moment = self._moment(staged, last_modified)
        target = self.lake_folder + self._layout.render(staged, moment)
        # No character takes more than four bytes, so most keys need no encoding to be measured.
        if len(target) > MAX_KEY_BYTES // 4:
            size = len(target.encode("utf-8", "surrogatepass"))
            if size > MAX_KEY_BYTES:
                detail = f"the lake key would be {size} bytes long, S3 takes {MAX_KEY_BYTES}"
                return Skipped(SkipReason.KEY_TOO_LONG, detail)
        return Route(target, moment, staged)

    def origin(self, target: str) -> Origin | None:
        """Read a lake key back to its staged key and LastModified: the inverse of `route`.

        Nothing for a key that this router never decides on, such as somebody else's object.
        Raises LayoutError for a layout that cannot be read back.
        """
        if not target.startswith(self.lake_folder):
            return None
        found = self._layout.parse(target[len(self.lake_folder) :])
        if found is None:
            return None
        origin = Origin(self.staging_folder + found.key, found.arrived)
        route = self.route(*origin)
        return origin if isinstance(route, Route) and route.target == target else None

    def _moment(self, staged: StagedObject, last_modified: datetime) -> Moment:
        if last_modified.tzinfo is None:
            raise ValueError(f"LastModified {last_modified} has no time zone")
        arrived = last_modified.astimezone(UTC)
        counted = (self._by_name and self._named(staged, arrived)) or arrived
        return Moment.of(counted.astimezone(self._zone), arrived)

    def _named(self, staged: StagedObject, arrived: datetime) -> datetime | None:
        named = staged.named_at
        if named is None or self._name_zone is UTC:
            return named
        first, second = (named.replace(tzinfo=self._name_zone, fold=fold) for fold in (0, 1))
        # Of the hour that a zone runs through twice, a name does not tell which it means; a file
        # arrives after it was named. The fields are at stake only: {stamp} is the arrival.
        return second if second <= arrived else first


def load_zone(name: str) -> tzinfo:
    """Find a time zone by its IANA name; raises TimezoneError when the system has none such."""
    if name == "UTC":
        return UTC
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415 - UTC, the default, needs none of it

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise TimezoneError(
            f"time zone {name!r} is not known here; use an IANA name such as Europe/Paris"
        ) from error
