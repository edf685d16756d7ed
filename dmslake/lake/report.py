"""What the function tells: log lines, the metrics line, the summary.

All of it is JSON, one object per line, which Lambda's log takes as it is in both of its formats. It
writes to the stream it is given and nowhere else.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TextIO

from dmslake.lake.config import LogLevel
from dmslake.lake.outcome import Outcome, Status

NAMESPACE = "dmslake"
"""CloudWatch namespace of the metrics.

Their dimension is `Pipeline`; skipped objects are counted by `Pipeline` and `Reason` as well, and
where it is asked for, everything by `Pipeline` and `Table`.
"""

_LEVELS = {
    Status.COPIED: LogLevel.INFO,
    Status.SKIPPED: LogLevel.INFO,
    Status.VANISHED: LogLevel.WARNING,
    Status.FAILED: LogLevel.ERROR,
}
_UNITS = {
    "Copied": "Count",
    "Bytes": "Bytes",
    "Skipped": "Count",
    "Vanished": "Count",
    "Failed": "Count",
    "Lag": "Seconds",
}


class Journal:
    """Writes the lines of one invocation, those below its level left out."""

    def __init__(
        self,
        stream: TextIO,
        *,
        level: LogLevel,
        pipeline: str,
        request_id: str = "",
        by_table: bool = False,
    ) -> None:
        self._stream = stream
        self._level = level
        self._pipeline = pipeline
        self._request_id = request_id
        self._by_table = by_table

    def object_done(self, outcome: Outcome, at: datetime) -> None:
        """Write the line of one object; times are in UTC, `ms` in milliseconds."""
        lag = None if outcome.lag_s is None else round(outcome.lag_s, 1)
        details = {
            "source": outcome.source,
            "target": outcome.target,
            "outcome": outcome.status.value,
            "bytes": outcome.size if outcome.status is Status.COPIED else None,
            "ms": round(outcome.ms, 1),
            "lag_s": lag,
            "reason": outcome.reason,
            "error_code": outcome.error_code,
            "error": outcome.error,
            "temporary": outcome.temporary or None,
        }
        self.write(_LEVELS[outcome.status], f"object_{outcome.status.value}", at, details)

    def write(
        self, level: LogLevel, event: str, at: datetime, details: Mapping[str, object]
    ) -> None:
        """Write one line; details that are empty or absent are left out, zero is not."""
        if level.value < self._level.value:
            return
        given = {name: value for name, value in details.items() if value not in (None, "")}
        head = {
            "time": at.astimezone(UTC).isoformat(timespec="milliseconds"),
            "level": level.name,
            "event": event,
            "pipeline": self._pipeline,
            "request_id": self._request_id,
        }
        self._put(head | given)

    def metrics(self, outcomes: Sequence[Outcome], at: datetime) -> None:
        """Write the invocation's metrics, whatever the level.

        CloudWatch takes them from the log (CloudWatch User Guide, "Embedded metric format").
        """
        self._measure(_values(outcomes), at)
        reasons = Counter(outcome.reason for outcome in outcomes if outcome.reason)
        for reason, count in sorted(reasons.items()):
            self._measure({"Skipped": count}, at, Reason=reason)
        if self._by_table:
            for table, those in sorted(_tables(outcomes).items()):
                self._measure(_values(those), at, Table=table)

    def _measure(self, values: Mapping[str, object], at: datetime, **of: str) -> None:
        dimensions = {"Pipeline": self._pipeline, **of}
        names = [{"Name": name, "Unit": _UNITS[name]} for name in values]
        directive = {"Namespace": NAMESPACE, "Dimensions": [list(dimensions)], "Metrics": names}
        about = {"Timestamp": int(at.timestamp() * 1000), "CloudWatchMetrics": [directive]}
        self._put({"_aws": about, **dimensions, **values})

    def _put(self, line: Mapping[str, object]) -> None:
        import json  # noqa: PLC0415 - slow to import, and Lambda's own runtime brings it

        self._stream.write(json.dumps(line) + "\n")
        self._stream.flush()


def _tables(outcomes: Sequence[Outcome]) -> dict[str, list[Outcome]]:
    found: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.table:
            found.setdefault(outcome.table, []).append(outcome)
    return found


def _values(outcomes: Sequence[Outcome]) -> dict[str, object]:
    counts = Counter(outcome.status for outcome in outcomes)
    lags = [outcome.lag_s for outcome in outcomes if outcome.lag_s is not None]
    values: dict[str, object] = {
        "Copied": counts[Status.COPIED],
        "Bytes": sum(outcome.size for outcome in outcomes),
        "Skipped": counts[Status.SKIPPED],
        "Vanished": counts[Status.VANISHED],
        "Failed": counts[Status.FAILED],
    }
    return values | ({"Lag": round(max(lags), 3)} if lags else {})
