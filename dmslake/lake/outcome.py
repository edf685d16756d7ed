"""What became of objects: one by one, and counted. Data only."""

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from dmslake.lake.deadline import OUT_OF_TIME
from dmslake.lake.objects import Skipped


class Status(StrEnum):
    """The four ends an object can come to."""

    COPIED = "copied"
    SKIPPED = "skipped"
    VANISHED = "vanished"
    FAILED = "failed"


class Outcome(NamedTuple):
    """What became of one object. Build it by name: fields may be added anywhere.

    `source` and `target` are `s3://` addresses, `size` is in bytes, `ms` is the time it took,
    `lag_s` the time from the object's LastModified to the end of its copy, in seconds.
    `temporary` tells whether a failure may be gone when it is tried again later. `table` is the
    object's `schema.table`, where its key names one.
    """

    status: Status
    source: str
    target: str = ""
    size: int = 0
    ms: float = 0.0
    lag_s: float | None = None
    reason: str = ""
    error_code: str = ""
    error: str = ""
    temporary: bool = False
    table: str = ""

    @classmethod
    def skipped(cls, source: str, skipped: Skipped) -> "Outcome":
        """Tell that an object has no place in the lake; a failure if its data is needed there."""
        reason = skipped.reason
        if reason.withholds_data:
            return cls.failed(source, code=reason.value, error=skipped.detail)
        return cls(status=Status.SKIPPED, source=source, reason=reason.value)

    @classmethod
    def vanished(cls, source: str) -> "Outcome":
        """Tell that an object was gone before it could be copied."""
        return cls(status=Status.VANISHED, source=source)

    @classmethod
    def failed(
        cls, source: str, *, code: str, error: str, target: str = "", temporary: bool = False
    ) -> "Outcome":
        """Tell that an object should be in the lake and is not."""
        return cls(
            status=Status.FAILED,
            source=source,
            target=target,
            error_code=code,
            error=error,
            temporary=temporary,
        )

    @classmethod
    def out_of_time(cls, source: str) -> "Outcome":
        """Tell that the function's time limit left no room for an object."""
        error = "the function's time limit came before the object was copied"
        return cls.failed(source, code=OUT_OF_TIME, error=error, temporary=True)

    def after(self, ms: float) -> "Outcome":
        """Give the same outcome with the time it took."""
        return self._replace(ms=ms)

    def of_table(self, schema: str, table: str) -> "Outcome":
        """Give the same outcome with the table whose object it is."""
        return self._replace(table=f"{schema}.{table}")


def summarise(outcomes: Sequence[Outcome]) -> dict[str, object]:
    """Count what became of the objects, and the bytes copied."""
    counts = Counter(outcome.status for outcome in outcomes)
    reasons = Counter(outcome.reason for outcome in outcomes if outcome.reason)
    return {status.value: counts[status] for status in Status} | {
        "bytes": sum(outcome.size for outcome in outcomes),
        "reasons": dict(reasons),
    }
