"""The copies of a run: as many at once as the pace allows, tried again where that may help.

It decides what an answer means and never waits: what rests is held by `Rests`, what has to be
looked at more closely (an object that changed, one too big for one copy) goes to the mender.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import NamedTuple, Protocol

from dmslake.backfill.ledger import Result, Row, State
from dmslake.backfill.pace import Pace, Rests
from dmslake.backfill.refusals import Kind, kind_of
from dmslake.backfill.store import Answer, Copy, Store

MOST_TRIES = 10
_BUSY_TRIES = 4 * MOST_TRIES
_RENEWALS = 5
_MENDERS = 8
_CHANGED = "PreconditionFailed"
NO_CONDITIONS = (
    "this S3 cannot copy on condition that nothing lies there: what the loader brings at the same "
    "moment may be written twice"
)


class Mended(NamedTuple):
    """What a closer look at an object found: how it ended, or the object to copy instead.

    `status` is HTTP's, of a look that failed; 0 where there was no answer.
    """

    state: State
    again: Row | None = None
    code: str = ""
    text: str = ""
    status: int = 403


class Mender(Protocol):
    """Whoever takes a closer look."""

    def too_big(self, row: Row) -> bool: ...

    def mend(self, row: Row) -> Mended: ...


class _Ended(NamedTuple):
    row: Row
    answer: Answer
    conditional: bool


class _Looked(NamedTuple):
    row: Row
    found: Mended


@dataclass
class Copier:
    """Begins copies and takes their answers; to be used by one thread.

    Attributes:
        fresh: copy only to where nothing lies.
        group_of: what an object rests with, told by its key.
        moved: objects that turned out to be others than listed; to be taken out by the caller.
        ending: a refusal that every further copy would meet too; nothing is begun after it.
        notes: what the user should know about this S3.
    """

    store: Store
    mender: Mender
    pace: Pace
    rests: Rests
    fresh: bool
    group_of: Callable[[str], str]
    under_way: int = 0
    retries: int = 0
    moved: list[Row] = field(default_factory=list)
    ending: Answer | None = None
    notes: list[str] = field(default_factory=list)
    _ended: list[_Ended] = field(default_factory=list)
    _looked_at: SimpleQueue[_Looked | BaseException] = field(default_factory=SimpleQueue)
    _menders: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(_MENDERS, thread_name_prefix="mend")
    )

    @property
    def idle(self) -> bool:
        return not (self.under_way or len(self.rests))

    def begin(self, rows: Iterable[Row]) -> None:
        """Begin copies, except of what has to rest first."""
        for row in rows:
            if not self.rests.defer(row, self.group_of(row.key)):
                self._start(row)

    def _start(self, row: Row) -> None:
        self.under_way += 1
        self.pace.began(1)
        if self.mender.too_big(row):
            self._look(row)
            return
        conditional = self.fresh
        self.store.copy(
            Copy(row.key, row.etag, row.target, conditional),
            lambda answer: self._ended.append(_Ended(row, answer, conditional)),
        )

    def results(self, seconds: float) -> Iterator[Result]:
        """Yield what became of objects, after waiting for that long at most."""
        self.store.attend(seconds)
        ended, self._ended = self._ended, []
        for one in (*ended, *self._looks()):
            self.under_way -= 1
            result = self._judge(one)
            if result is not None:
                yield result

    def _looks(self) -> Iterator[_Looked | BaseException]:
        try:
            while True:
                yield self._looked_at.get_nowait()
        except Empty:
            return

    def close(self) -> None:
        self._menders.shutdown(wait=False, cancel_futures=True)

    def _judge(self, ended: _Ended | _Looked | BaseException) -> Result | None:
        if isinstance(ended, BaseException):
            raise ended  # a mistake of ours: a run that waits for this object would never end
        if isinstance(ended, _Looked):
            return self._looked(ended)
        row, answer, conditional = ended
        if not answer.code:
            self.pace.done()
            self.rests.worked(self.group_of(row.key))
            return Result(row.id, State.COPIED, row.attempts + 1)
        if answer.code == _CHANGED:
            self.under_way += 1
            self._look(row)
            return None
        return self._refused(row, answer, conditional=conditional)

    def _refused(self, row: Row, answer: Answer, *, conditional: bool = False) -> Result | None:
        kind = kind_of(answer, conditional=conditional)
        if kind is Kind.GONE:
            return Result(row.id, State.VANISHED, row.attempts + 1)
        if kind is Kind.CONDITION:
            self._go_on_without_conditions()
        if kind is Kind.EVERYWHERE or (kind is Kind.CREDENTIALS and row.attempts + 1 >= _RENEWALS):
            self.ending = answer  # the object itself stays to be copied
            return None
        if kind is Kind.LASTING:
            return Result(row.id, State.FAILED, row.attempts + 1, answer.code, answer.text)
        return self._again(row, answer, busy=kind is Kind.BUSY)

    def _go_on_without_conditions(self) -> None:
        if self.fresh:
            self.notes.append(NO_CONDITIONS)
        self.fresh = False

    def _again(self, row: Row, answer: Answer, *, busy: bool) -> Result | None:
        if busy:
            self.pace.refused()
        if row.attempts + 1 >= (_BUSY_TRIES if busy else MOST_TRIES):
            return Result(row.id, State.FAILED, row.attempts + 1, answer.code, answer.text)
        self.retries += 1
        again = row._replace(attempts=row.attempts + 1)
        self.rests.retry(again, self.group_of(row.key), busy=busy)
        return None

    def _look(self, row: Row) -> None:
        def found(looking: Future[Mended]) -> None:
            if not looking.cancelled():
                self._looked_at.put(looking.exception() or _Looked(row, looking.result()))

        self._menders.submit(self.mender.mend, row).add_done_callback(found)

    def _looked(self, looked: _Looked) -> Result | None:
        row, found = looked
        if found.state is State.FAILED:
            return self._refused(row, Answer(found.status, found.code, found.text))
        if found.again is None:
            return Result(row.id, found.state, row.attempts + 1, found.code, found.text)
        if row.attempts + 1 >= MOST_TRIES:
            text = "it was written again each time it was about to be copied"
            return Result(row.id, State.FAILED, row.attempts + 1, _CHANGED, text)
        self.moved.append(found.again)
        again = found.again._replace(attempts=row.attempts + 1)
        self.rests.retry(again, self.group_of(row.key), busy=False)
        return None
