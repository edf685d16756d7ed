"""The Lambda function: opens an event, moves every object in it, reports, answers.

One bad object never keeps the others from being tried, and what the time limit leaves no room for
is told, not cut off. The only file here that knows boto3, which the runtime brings; it is imported
when the first event arrives.
"""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import cache, partial
from typing import TYPE_CHECKING, Protocol, TextIO, cast

from dmslake.lake.config import LoaderConfig, LogLevel
from dmslake.lake.deadline import NEVER, OUT_OF_TIME, Deadline
from dmslake.lake.envelopes import Entry, Envelope, EnvelopeError, ObjectRef, open_envelope
from dmslake.lake.mover import PARTS_AT_ONCE, Mover, S3Client, pause, utc_now
from dmslake.lake.outcome import Outcome
from dmslake.lake.report import Journal

if TYPE_CHECKING:
    from concurrent.futures import Future

THREADS = 10
"""Objects moved at once: as many as SQS hands over in a batch."""

TOLD_ONE_BY_ONE = 10
"""Objects of one event that the time limit cut off and that get a line of their own each."""

_ANSWER_SHARE, _ANSWER_S = 0.05, 1.0
_FINISH_SHARE, _FINISH_S = 0.15, 4.0


class Context(Protocol):
    """The part of Lambda's context object that is used."""

    @property
    def aws_request_id(self) -> str: ...

    def get_remaining_time_in_millis(self) -> int: ...


class Loader:
    """Takes events to the lake. One per process: it keeps the S3 client and the threads."""

    def __init__(
        self,
        config: LoaderConfig,
        s3: S3Client,
        *,
        now: Callable[[], datetime] = utc_now,
        sleep: Callable[[float], None] = pause,
        threads: int = THREADS,
    ) -> None:
        from dmslake.lake.parallel import Workers  # noqa: PLC0415 - as slow to import as all of this

        self._config = config
        self._now = now
        self._mover = Mover(s3, config.router(), config.places(), now=now, sleep=sleep)
        self._workers = Workers(threads, "mover")

    def load(
        self,
        event: object,
        *,
        request_id: str,
        stream: TextIO,
        deadline: Callable[[], float] | None = None,
    ) -> dict[str, object]:
        """Move every object of an event; `deadline` tells how many milliseconds are left for it.

        Gives what the event's source wants as an answer; raises what makes it deliver again
        (`DeliveryError`), or EnvelopeError for an event of no known shape. Objects that the time
        does not suffice for have failed, by the code `OutOfTime`.
        """
        journal = Journal(
            stream,
            level=self._config.log_level,
            pipeline=self._config.pipeline,
            request_id=request_id,
            by_table=self._config.table_metrics,
        )
        end = _end(deadline)
        envelope = self._open(event, journal)
        outcomes = self._move_all(envelope.entries, journal, end)
        journal.metrics(outcomes, self._now())
        return envelope.reply(outcomes)

    def _open(self, event: object, journal: Journal) -> Envelope:
        try:
            envelope = open_envelope(event)
        except EnvelopeError as error:
            details = {"error_code": "UnknownEvent", "error": str(error)}
            journal.write(LogLevel.ERROR, "event_refused", self._now(), details)
            raise
        opened = {"source": envelope.source, "objects": len(envelope.entries)}
        journal.write(LogLevel.DEBUG, "event_opened", self._now(), opened)
        return envelope

    def _move_all(self, entries: Sequence[Entry], journal: Journal, end: Deadline) -> list[Outcome]:
        """Move many at once, in time; give the outcomes in the order of the entries."""
        outcomes: list[Outcome | None] = [None] * len(entries)
        for place, future in self._workers.run(self._calls(entries, _last_start(end)), end):
            outcome = outcomes[place] = _outcome(future, entries[place])
            journal.object_done(outcome, self._now())
        return self._with_the_rest(entries, outcomes, journal)

    def _calls(self, entries: Sequence[Entry], end: Deadline) -> Iterator[Callable[[], Outcome]]:
        for entry in entries:
            if end.passed:
                return
            yield partial(self._settle, entry, end)

    def _settle(self, entry: Entry, end: Deadline) -> Outcome:
        return self._mover.move(entry, end) if isinstance(entry, ObjectRef) else entry

    def _with_the_rest(
        self, entries: Sequence[Entry], outcomes: Sequence[Outcome | None], journal: Journal
    ) -> list[Outcome]:
        """Tell of the objects that there was no time for: many may be left, and little time."""
        if None not in outcomes:
            return [outcome for outcome in outcomes if outcome is not None]
        self._workers.abandon()
        told = 0
        settled: list[Outcome] = []
        for entry, outcome in zip(entries, outcomes, strict=True):
            settled.append(outcome or _out_of_time(entry))
            if outcome is None and told < TOLD_ONE_BY_ONE:
                journal.object_done(settled[-1], self._now())
                told += 1
        details = {"error_code": OUT_OF_TIME, "objects": outcomes.count(None)}
        journal.write(LogLevel.ERROR, "out_of_time", self._now(), details)
        return settled


def handle(event: object, context: Context) -> dict[str, object]:
    """Answer one invocation: the function's entry point."""
    return build().load(
        event,
        request_id=context.aws_request_id,
        stream=sys.stdout,
        deadline=context.get_remaining_time_in_millis,
    )


@cache
def build() -> Loader:
    """Make the loader from the environment, once per process; raises ConfigError."""
    import boto3  # noqa: PLC0415 - the runtime's, and not there where the archive is built
    from botocore.config import Config  # noqa: PLC0415 - as boto3

    config = LoaderConfig.from_environment(os.environ)
    # One dead connection must not use up an invocation: the SDK tries once more at once, and the
    # mover later, if there is time. Nothing that is asked for takes S3 half the read timeout,
    # because big objects go in parts.
    settings = Config(
        connect_timeout=3,
        read_timeout=20,
        retries={"mode": "standard", "total_max_attempts": 2},
        max_pool_connections=THREADS + PARTS_AT_ONCE,
    )
    # boto3's stubs type each request as its own set of keywords, which no plain protocol accepts.
    return Loader(config, cast("S3Client", boto3.client("s3", config=settings)))


def _end(left_ms: Callable[[], float] | None) -> Deadline:
    """Tell when the answer has to be written: a little before Lambda ends the invocation."""
    if left_ms is None:
        return NEVER
    return Deadline(left_ms, reserve_s=min(_ANSWER_S, left_ms() / 1000 * _ANSWER_SHARE))


def _last_start(end: Deadline) -> Deadline:
    """Tell until when copies may be begun, so that those in parts can still be cleared away."""
    return end.earlier(min(_FINISH_S, end.left() * _FINISH_SHARE))


def _outcome(future: "Future[Outcome]", entry: Entry) -> Outcome:
    """Read a finished move; whatever it raised is that one object's failure."""
    error = future.exception()
    if error is None:
        return future.result()
    return Outcome.failed(_source(entry), code=type(error).__name__, error=str(error))


def _out_of_time(entry: Entry) -> Outcome:
    return Outcome.out_of_time(entry.address) if isinstance(entry, ObjectRef) else entry


def _source(entry: Entry) -> str:
    return entry.address if isinstance(entry, ObjectRef) else entry.source
