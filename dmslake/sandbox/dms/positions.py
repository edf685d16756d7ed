"""Where change capture begins: CdcStartPosition and CdcStartTime, by the rules of each engine."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import JsonValue

from dmslake.sandbox.dms.engines import POSTGRESQL
from dmslake.sandbox.dms.faults import invalid_combination, invalid_value, not_in_sandbox
from dmslake.sandbox.dms.parameters import Parameters
from dmslake.sandbox.dms.records import Endpoint

_LSN = re.compile(r"([0-9A-Fa-f]{1,8})/([0-9A-Fa-f]{1,8})")
_CHECKPOINT = re.compile(r"checkpoint:V1#\d+#([0-9A-Fa-f]{1,8}/[0-9A-Fa-f]{1,8})#.*")
_GIVEN = frozenset({"CdcStartPosition", "CdcStartTime"})


@dataclass(frozen=True, kw_only=True)
class StartPoint:
    """Where changes begin: a position, a time, or neither, which is now."""

    position: str | None = None
    time: datetime | None = None

    def __bool__(self) -> bool:
        return self.position is not None or self.time is not None


def start_of(asked: Parameters, migration_type: str, source: Endpoint) -> StartPoint:
    """Return the start position or time that a request gives.

    Raises:
        Fault: both are given, the task captures no changes from a point of its own, or the engine
            does not take it.
    """
    if "CdcStopPosition" in asked:
        raise not_in_sandbox("CdcStopPosition")
    given = asked.only(_GIVEN)
    if len(given) > 1:
        raise invalid_combination("Only one of CdcStartTime and CdcStartPosition can be specified.")
    if not given:
        return StartPoint()
    if migration_type != "cdc":
        raise invalid_combination(
            f"CdcStartTime and CdcStartPosition are not valid for migration type {migration_type}."
        )
    if "CdcStartTime" in given:
        return StartPoint(time=_time(given["CdcStartTime"], source))
    position = str(given["CdcStartPosition"])
    if source.engine in POSTGRESQL:
        _check_postgresql(position, source)
    return StartPoint(position=position)


def checkpoint_text(lsn: int) -> str:
    """Return a position as RecoveryCheckpoint shows it; CdcStartPosition takes it back."""
    return f"checkpoint:V1#1#{lsn >> 32:08X}/{lsn & 0xFFFFFFFF:08X}#0#0#*#0#0"


def lsn_of(position: str) -> int | None:
    """Return the PostgreSQL position in an LSN or in a recovery checkpoint; None in other text."""
    checkpoint = _CHECKPOINT.fullmatch(position)
    match = _LSN.fullmatch(checkpoint[1] if checkpoint else position)
    return None if match is None else (int(match[1], 16) << 32) + int(match[2], 16)


def _check_postgresql(position: str, source: Endpoint) -> None:
    if lsn_of(position) is None:
        raise invalid_value(f"The CdcStartPosition {position} is not valid for {source.engine}.")
    # User guide, PostgreSQL source: a position needs a slot that was made before.
    if not source.settings.get("SlotName"):
        raise invalid_combination(
            "CdcStartPosition requires the endpoint setting SlotName for a PostgreSQL source."
        )


def _time(value: JsonValue, source: Endpoint) -> datetime:
    if source.engine in POSTGRESQL:
        # User guide, PostgreSQL source: there is no start time, only a position in a slot.
        raise invalid_combination("CdcStartTime is not supported for a PostgreSQL source.")
    try:
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC)
        read = datetime.fromisoformat(str(value))
    except (ValueError, OverflowError) as error:
        raise invalid_value(f"The CdcStartTime {value} is not valid.") from error
    return read if read.tzinfo else read.replace(tzinfo=UTC)
