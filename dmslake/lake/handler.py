"""The Lambda function: opens an event, moves every object in it, reports, answers.

One bad object never keeps the others from being tried. The only file here that knows boto3, which
the runtime brings; it is imported when the first event arrives.
"""

import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from datetime import datetime
from functools import cache
from typing import Protocol, TextIO, cast

from dmslake.lake.config import LoaderConfig, LogLevel
from dmslake.lake.envelopes import Entry, Envelope, ObjectRef, open_envelope
from dmslake.lake.mover import Mover, Places, S3Client, utc_now
from dmslake.lake.outcome import Outcome
from dmslake.lake.report import Journal

THREADS = 10
"""Objects moved at once: as many connections as the SDK's pool keeps open."""


class Context(Protocol):
    """The part of Lambda's context object that is used."""

    aws_request_id: str


class Loader:
    """Takes events to the lake. One per process: it keeps the S3 client and the threads."""

    def __init__(
        self, config: LoaderConfig, s3: S3Client, *, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._config = config
        self._now = now
        places = Places(
            staging_bucket=config.staging_bucket,
            lake_bucket=config.lake_bucket,
            account=config.account,
            lake_kms_key=config.lake_kms_key,
        )
        self._mover = Mover(s3, config.router(), places, now=now)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="mover")

    def load(self, event: object, *, request_id: str, stream: TextIO) -> dict[str, object]:
        """Move every object of an event.

        Gives what the event's source wants as an answer; raises what makes it deliver again
        (`DeliveryError`), or EnvelopeError for an event of no known shape.
        """
        journal = Journal(
            stream,
            level=self._config.log_level,
            pipeline=self._config.pipeline,
            request_id=request_id,
        )
        envelope = self._open(event, journal)
        outcomes = self._move_all(envelope.entries, journal)
        journal.metrics(outcomes, self._now())
        return envelope.reply(outcomes)

    def _open(self, event: object, journal: Journal) -> Envelope:
        envelope = open_envelope(event)
        details = {"source": envelope.source, "objects": len(envelope.entries)}
        journal.write(LogLevel.DEBUG, "event_opened", self._now(), details)
        return envelope

    def _move_all(self, entries: Sequence[Entry], journal: Journal) -> list[Outcome]:
        """Move all at once; give the outcomes in the order of the entries."""
        places = {self._threads.submit(self._settle, one): at for at, one in enumerate(entries)}
        outcomes: dict[int, Outcome] = {}
        for future in as_completed(places):
            at = places[future]
            outcomes[at] = _outcome(future, entries[at])
            journal.object_done(outcomes[at], self._now())
        return [outcomes[at] for at in range(len(entries))]

    def _settle(self, entry: Entry) -> Outcome:
        return self._mover.move(entry) if isinstance(entry, ObjectRef) else entry


def handle(event: object, context: Context) -> dict[str, object]:
    """Answer one invocation: the function's entry point."""
    return build().load(event, request_id=context.aws_request_id, stream=sys.stdout)


@cache
def build() -> Loader:
    """Make the loader from the environment, once per process; raises ConfigError."""
    import boto3  # noqa: PLC0415 - the runtime's, and not there where the archive is built

    config = LoaderConfig.from_environment(os.environ)
    # boto3's stubs type each request as its own set of keywords, which no plain protocol accepts.
    return Loader(config, cast("S3Client", boto3.client("s3")))


def _outcome(future: Future[Outcome], entry: Entry) -> Outcome:
    """Read a finished move; whatever it raised (S3 out of reach) is that one object's failure."""
    error = future.exception()
    if error is None:
        return future.result()
    source = entry.address if isinstance(entry, ObjectRef) else entry.source
    return Outcome.failed(source, code=type(error).__name__, error=str(error))
