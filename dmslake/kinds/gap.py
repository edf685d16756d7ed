"""The gap that a changed notification leaves behind.

For about five minutes S3 acts by the old notification here and by the new one there, and an event
can fall between them. When that began stands in a tag of the pipeline's function, so that a run
that is killed is no reason to forget it: whoever comes next waits the rest, sweeps, and closes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from dmslake.aws.clients import Clients
from dmslake.aws.errors import tolerating, unless_absent
from dmslake.aws.eventually import Refusal, eventually
from dmslake.kinds.tags import GAP_TAG

_ABSENT = "ResourceNotFoundException"
_BUSY = Refusal("ResourceConflictException", "update")
_BETWEEN = "/"  # a tag's value may hold letters, digits, blanks and + - = . _ : / @
_EVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Gap:
    """`since` when events may be missing, and when the notification was `changed` last."""

    since: datetime
    changed: datetime

    def left(self, now: datetime, seconds: float) -> float:
        """Return the seconds until S3 acts by the new notification everywhere; 0 when it does."""
        return max(0.0, seconds - (now - self.changed).total_seconds())

    def write(self) -> str:
        """Return the gap as the value of a tag."""
        moments = (self.since, self.changed)
        return _BETWEEN.join(moment.isoformat(timespec="seconds") for moment in moments)

    @classmethod
    def read(cls, text: str) -> Gap:
        """Return the gap of a tag's value; one that somebody spoilt reaches back as far as can."""
        try:
            since, changed = (
                datetime.fromisoformat(part).replace(tzinfo=UTC) for part in text.split(_BETWEEN)
            )
        except ValueError:
            return cls(_EVER, _EVER)
        return cls(since, changed)


def utc_now() -> datetime:
    """Return this machine's time; AWS refuses requests of one that is a quarter of an hour off."""
    return datetime.now(UTC)


def find_gap(aws: Clients, function: str) -> Gap | None:
    """Return the gap that the function remembers; asks what the function's own kind asks."""
    found = unless_absent(lambda: aws.lambda_.get_function(FunctionName=function), _ABSENT)
    text = found.get("Tags", {}).get(GAP_TAG) if found else None
    return None if text is None else Gap.read(text)


def open_gap(aws: Clients, function: str, now: datetime) -> None:
    """Remember, before the notification is written, that events may be missing from now on.

    A gap that is still open goes on: its beginning stays.
    """
    before = find_gap(aws, function)
    gap = Gap(now if before is None else min(before.since, now), now)
    eventually(
        lambda: aws.lambda_.tag_resource(Resource=_arn(aws, function), Tags={GAP_TAG: gap.write()}),
        _BUSY,
        within=60,
    )


def close_gap(aws: Clients, function: str) -> None:
    """Forget the gap: everything in it is in the lake, or on its way as any event is."""
    with tolerating(_ABSENT):
        eventually(
            lambda: aws.lambda_.untag_resource(Resource=_arn(aws, function), TagKeys=[GAP_TAG]),
            _BUSY,
            within=60,
        )


def _arn(aws: Clients, function: str) -> str:
    return aws.account.arn("lambda", f"function:{function}")
