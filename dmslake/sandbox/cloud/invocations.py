"""Lambda's queue of asynchronous invocations, kept on disk.

An event stays in the queue until its function has taken it. It waits while as many run as the
function may, and a throttled invocation uses up none of the retries, as on AWS; what cannot be
delivered goes to the on-failure destination. A kill loses no event, and may repeat one.
"""

from __future__ import annotations

import heapq
import itertools
import json
import logging
import threading
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, TypeAlias

_log = logging.getLogger(__name__)


class Verdict(StrEnum):
    """How one invocation went; GONE: the function does not exist any more."""

    DONE = "done"
    FAILED = "failed"
    THROTTLED = "throttled"
    GONE = "gone"


class Condition(StrEnum):
    """Why an event went to the on-failure destination, in AWS's words."""

    RETRIES_EXHAUSTED = "RetriesExhausted"
    EVENT_AGE_EXCEEDED = "EventAgeExceeded"
    ZERO_RESERVED_CONCURRENCY = "ZeroReservedConcurrency"


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """One event for a function; `since` is the time it was accepted, in seconds of the epoch."""

    id: str
    function_arn: str
    event: Any
    since: float
    invoked: int = 0
    throttled: int = 0


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What the function's owner has set for its asynchronous invocations.

    `concurrency` is the function's reserved concurrency: None when it has none, 0 when it is off.
    """

    retries: int = 2
    age_seconds: float = 21_600.0
    concurrency: int | None = None


class Functions(Protocol):
    """The functions behind the queue."""

    def limits(self, function_arn: str) -> Limits:
        """Return the function's own limits, or Lambda's where it has none."""
        ...

    def run(self, invocation: Invocation) -> tuple[Verdict, Any]:
        """Invoke once; return how it went and what `give_up` is to be told of it."""
        ...

    def give_up(self, invocation: Invocation, condition: Condition, result: Any) -> None:
        """Send the event to the function's on-failure destination, if it has one."""
        ...


# When it is due, its number among all that were ever enqueued, and what it is.
_Waiting: TypeAlias = tuple[float, int, Invocation]


class InvocationQueue:
    """The queue of all functions; `workers` invocations at once."""

    def __init__(
        self,
        folder: Path,
        functions: Functions,
        *,
        workers: int,
        retry_seconds: tuple[float, float],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._folder = folder
        self._functions = functions
        self._retry_seconds = retry_seconds
        self._now = now
        self._order = itertools.count()
        self._waiting: dict[str, list[_Waiting]] = defaultdict(list)
        self._running: Counter[str] = Counter()
        self._changed = threading.Condition()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._work, name=f"invocations-{number}", daemon=True)
            for number in range(workers)
        ]

    def submit(self, function_arn: str, event: Any) -> None:
        """Accept an event; once this returns it is not lost any more."""
        invocation = Invocation(
            id=uuid.uuid4().hex, function_arn=function_arn, event=event, since=self._now()
        )
        self._keep(invocation)
        self._enqueue(invocation, due=invocation.since)

    def start(self) -> None:
        """Take up what an earlier process has left, and begin."""
        self._folder.mkdir(parents=True, exist_ok=True)
        kept = [one for path in self._folder.glob("*.json") if (one := _read(path)) is not None]
        for invocation in sorted(kept, key=lambda one: one.since):
            self._enqueue(invocation, due=self._now())
        for thread in self._threads:
            thread.start()

    def close(self, seconds: float) -> None:
        """Begin nothing more, and wait that long for what is running; the rest stays kept."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _work(self) -> None:
        while (invocation := self._next()) is not None:
            self._invoke(invocation)
            with self._changed:
                self._running[invocation.function_arn] -= 1
                self._changed.notify_all()

    def _next(self) -> Invocation | None:
        with self._changed:
            while not self._closed:
                first = min(map(self._first, self._open()), default=None)
                pause = None if first is None else first[0] - self._now()
                if first is not None and pause is not None and pause <= 0:
                    invocation = heapq.heappop(self._waiting[first[2].function_arn])[2]
                    self._running[invocation.function_arn] += 1
                    return invocation
                self._changed.wait(pause)
        return None

    def _open(self) -> list[str]:
        """Return the functions that have events waiting and may run once more."""
        return [arn for arn, waiting in self._waiting.items() if waiting and self._may_run(arn)]

    def _may_run(self, function_arn: str) -> bool:
        own = self._functions.limits(function_arn).concurrency
        # One that is switched off gets its event all the same, for that to be refused.
        return not own or self._running[function_arn] < own

    def _first(self, function_arn: str) -> _Waiting:
        return self._waiting[function_arn][0]

    def _invoke(self, invocation: Invocation) -> None:
        limits = self._functions.limits(invocation.function_arn)
        verdict, result = self._functions.run(invocation)
        if verdict is Verdict.THROTTLED:
            again = replace(invocation, throttled=invocation.throttled + 1)
            pause = self._pause(again.throttled)
        else:
            again = replace(invocation, invoked=invocation.invoked + 1)
            pause = self._pause(again.invoked)
        if verdict in {Verdict.DONE, Verdict.GONE}:
            self._forget(invocation)
        elif verdict is Verdict.THROTTLED and limits.concurrency == 0:
            self._give_up(again, Condition.ZERO_RESERVED_CONCURRENCY, result)
        elif verdict is Verdict.FAILED and again.invoked > limits.retries:
            self._give_up(again, Condition.RETRIES_EXHAUSTED, result)
        elif self._now() + pause - invocation.since > limits.age_seconds:
            self._give_up(again, Condition.EVENT_AGE_EXCEEDED, result)
        else:
            self._keep(again)
            self._enqueue(again, due=self._now() + pause)

    def _give_up(self, invocation: Invocation, condition: Condition, result: Any) -> None:
        self._functions.give_up(invocation, condition, result)
        self._forget(invocation)

    def _pause(self, times: int) -> float:
        first, longest = self._retry_seconds
        return float(min(longest, first * 2 ** min(times - 1, 30)))

    def _enqueue(self, invocation: Invocation, due: float) -> None:
        with self._changed:
            entry = (due, next(self._order), invocation)
            heapq.heappush(self._waiting[invocation.function_arn], entry)
            self._changed.notify()

    def _keep(self, invocation: Invocation) -> None:
        path = self._folder / f"{invocation.id}.json"
        unfinished = path.with_suffix(".new")
        try:
            unfinished.write_text(json.dumps(asdict(invocation)))
            unfinished.replace(path)
        except OSError:
            # A full disk: the event is delivered all the same, unless this process dies first.
            _log.exception("an event for %s could not be kept", invocation.function_arn)

    def _forget(self, invocation: Invocation) -> None:
        (self._folder / f"{invocation.id}.json").unlink(missing_ok=True)


def _read(path: Path) -> Invocation | None:
    try:
        return Invocation(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        _log.warning("an event that was not kept whole is dropped: %s", path)
        return None
