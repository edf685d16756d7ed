"""Replay the dead letters of a pipeline through its own function.

SQS's own way back (`StartMessageMoveTask`) refuses queues that Lambda fills, and a queue before the
function is there with one of the two triggers only. Here both go one way: receive, invoke, and
remove what succeeded. What fails again is given back, at the end: nothing is tried twice in a run.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial

from dmslake.aws.clients import Clients
from dmslake.blueprint.names import Names
from dmslake.errors import CloudError
from dmslake.operations.redrive_batch import Ended, replay
from dmslake.operations.redrive_function import LoaderFunction, find_function
from dmslake.operations.redrive_letters import Letter, batches
from dmslake.operations.redrive_queue import BATCH, Counts, DeadLetterQueue, find_queue
from dmslake.operations.redrive_reasons import Reason, look_up
from dmslake.spec import Spec

_ALL = sys.maxsize
# Long polls that bring nothing until the queue counts as empty, although SQS counts more in it.
_EMPTY_POLLS = 3
_WAIT_S, _LAST_WAIT_S = 3, 1
_HEARTBEAT_S = 1.0
# SQS lets 120,000 messages of a queue be hidden; others may have some.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
_MOST_HELD = 100_000
_CLOCKS_DIFFER = timedelta(minutes=5)
# What a function writes can be found in its log after some seconds.
_LOG_PAUSES_S = (0.0, 3.0)


@dataclass(frozen=True, kw_only=True)
class StillFailing:
    """A message that failed again, the objects in it, and why."""

    message: str
    objects: tuple[str, ...]
    reason: Reason


@dataclass(frozen=True, kw_only=True)
class Foreign:
    """A message that holds no event of the pipeline: it was left where it is."""

    message: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Redriven:
    """What became of the dead letters; numbers are messages.

    Attributes:
        queue: the name of the dead-letter queue.
        before: SQS's counts before it began.
        after: and when it was done.
        moved: whose objects are in the lake now, or were gone.
        interrupted: whether the user stopped it before all were tried.
    """

    queue: str
    before: Counts
    after: Counts
    moved: int
    failing: tuple[StillFailing, ...]
    foreign: tuple[Foreign, ...]
    interrupted: bool

    @property
    def tried(self) -> int:
        return self.moved + len(self.failing)


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far it is: of about `waiting` messages, `at_once` invocations at a time."""

    waiting: int
    at_once: int
    moved: int = 0
    failing: int = 0


Listener = Callable[[Progress], None]


def redrive(
    spec: Spec,
    clients: Clients,
    on_event: Listener,
    *,
    most: int | None = None,
    stop: threading.Event | None = None,
    pause: Callable[[float], bool] | None = None,
) -> Redriven:
    """Replay the dead letters of a pipeline, `most` messages at most.

    `stop` ends it after the invocations in flight, `pause` lets so many seconds pass. Raises
    NotFoundError or RefusedError where there is nothing to do it with, CloudError when AWS refuses;
    whatever happens, messages whose objects did not reach the lake stay in the queue.
    """
    names = Names(spec.name, clients.account)
    wish = stop or threading.Event()
    function = find_function(clients, names, wish, pause)
    queue = find_queue(clients, names)
    began = datetime.now(UTC) - _CLOCKS_DIFFER
    before = queue.count()
    run = Run(queue, function, before.waiting, on_event, most=most or _ALL, stop=wish)
    run.finish()
    group = names.function_log_group
    read = partial(look_up, clients, group, began)
    failing = _explained(run.failing, read, group, pause or wish.wait)
    return Redriven(
        queue=queue.name,
        # SQS's count lags behind: what was seen was there.
        before=replace(before, waiting=max(before.waiting, run.seen)),
        after=queue.count(),
        moved=len(run.moved),
        failing=failing,
        foreign=tuple(Foreign(message=one.id, why=one.foreign) for one in run.foreign),
        interrupted=wish.is_set() and run.unfinished,
    )


class Run:
    """One pass over the queue. Only the thread that runs it touches what is in here."""

    def __init__(
        self,
        queue: DeadLetterQueue,
        function: LoaderFunction,
        waiting: int,
        on_event: Listener,
        *,
        most: int,
        stop: threading.Event,
    ) -> None:
        self._queue = queue
        self._function = function
        self._waiting = waiting
        self._on_event = on_event
        self._most = most
        self._stop = stop
        self._seen: set[str] = set()
        self._held: dict[str, Letter] = {}
        self._running: set[Future[Ended]] = set()
        self._taken = 0
        self._empty = 0
        self.moved: set[str] = set()
        self.failing: list[tuple[Letter, Reason | None]] = []
        self.foreign: list[Letter] = []

    @property
    def seen(self) -> int:
        """How many different messages were received."""
        return len(self._seen)

    @property
    def unfinished(self) -> bool:
        """Whether something that was there and wanted was not tried."""
        settled = len(self.failing) + len(self.foreign)
        wanted = min(self._waiting, self._most)
        return settled < len(self._held) or settled + len(self.moved) < wanted

    def finish(self) -> None:
        """Replay until nothing is left, and give back what failed, however it ends."""
        self._tell()
        try:
            with ThreadPoolExecutor(self._function.at_once, thread_name_prefix="redrive") as pool:
                self._begin(pool)
        except BaseException:
            with suppress(CloudError):  # they come back by themselves, only later
                self._give_back()
            raise
        self._give_back()

    def _begin(self, pool: ThreadPoolExecutor) -> None:
        try:
            self._replay_all(pool)
        except BaseException:
            self._stop.set()  # the others in the pool begin nothing more
            raise

    def _give_back(self) -> None:
        self._queue.hide([*self._held.values()], 0)

    def _replay_all(self, pool: ThreadPoolExecutor) -> None:
        while not self._stop.is_set() and self._wants_more():
            for batch in batches(self._take()):
                self._running.add(pool.submit(replay, self._queue, self._function, batch))
            self._collect(0)
            while len(self._running) >= self._function.at_once:
                self._collect(_HEARTBEAT_S)
        while self._running:
            self._collect(_HEARTBEAT_S)

    def _wants_more(self) -> bool:
        polls = 1 if self._counted_seen else _EMPTY_POLLS
        return self._taken < self._most and self._empty < polls and len(self._held) < _MOST_HELD

    @property
    def _counted_seen(self) -> bool:
        return self.seen >= self._waiting

    def _take(self) -> list[Letter]:
        """Receive what may be tried, and was not tried yet."""
        received = self._queue.receive(
            min(BATCH, self._most - self._taken),
            hidden_s=self._function.hidden_s,
            wait_s=_LAST_WAIT_S if self._counted_seen else _WAIT_S,
        )
        fresh = [letter for letter in received if letter.id not in self._seen]
        self._know(received)
        if fresh:
            self._empty = 0
        elif not received or self._counted_seen:
            self._empty += 1
        self.foreign += [letter for letter in fresh if letter.foreign]
        events = [letter for letter in fresh if not letter.foreign]
        self._taken += len(events)
        return events

    def _know(self, received: Sequence[Letter]) -> None:
        """Remember messages with their newest handles; SQS may deliver one more than once."""
        self._queue.remove([letter for letter in received if letter.id in self.moved])
        self._seen.update(letter.id for letter in received)
        # Thousands of bodies would be much to keep.
        self._held.update({one.id: one.spent() for one in received if one.id not in self.moved})

    def _collect(self, seconds: float) -> None:
        done, self._running = wait(self._running, seconds, return_when=FIRST_COMPLETED)
        for future in done:
            ended = future.result()
            self.failing += [(letter.spent(), reason) for letter, reason in ended.failed]
            for letter in ended.moved:
                self.moved.add(letter.id)
                del self._held[letter.id]
        self._tell()

    def _tell(self) -> None:
        self._on_event(
            Progress(
                waiting=min(self._waiting, self._most),
                at_once=self._function.at_once,
                moved=len(self.moved),
                failing=len(self.failing),
            )
        )


def _explained(
    failing: Sequence[tuple[Letter, Reason | None]],
    read: Callable[[], dict[str, Reason]],
    group: str,
    wait: Callable[[float], bool],
) -> tuple[StillFailing, ...]:
    """Find the reasons that the end of the log was too short for: the log has them all."""
    known: dict[str, Reason] = {}
    silent = {one for letter, reason in failing if reason is None for one in letter.objects}
    for pause in _LOG_PAUSES_S:
        if silent <= known.keys():
            break
        wait(pause)
        known = read()
    unknown = Reason(code="Unknown", error=f"the log of the loader says why: {group}")
    return tuple(
        StillFailing(
            message=letter.id,
            objects=letter.objects,
            reason=reason or next((known[o] for o in letter.objects if o in known), unknown),
        )
        for letter, reason in failing
    )
