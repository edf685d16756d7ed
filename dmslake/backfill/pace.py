"""How fast: how many requests at once, how many per second, and who has to wait for a while.

S3 answers 503 while it spreads a busy prefix over more machines. So there is no rate until a tenth
of the requests is refused; then half of what was tried, and a tenth more after a second in which
hardly any is, a fifth more after the next, and so on: a long quiet is the end of the trouble. A
table that is refused rests by itself: the others go on.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from dmslake.backfill.ledger import Row

_FIRST = 64
_STEP = 1.0
_GROWTH = 0.1
_MOST_DOUBLINGS = 3
_CUT = 0.5
_TOO_MANY = 0.1
_HARDLY_ANY = 0.02
_A_FEW = 10
_SLOWEST = 20.0
_FIRST_REST = 0.2
_LONGEST_REST = 20.0


@dataclass
class Pace:
    """The brakes of a run; times are in seconds of any steady clock.

    Attributes:
        most: requests at once, at most.
        limit: objects per second that the user allows; None: any.
    """

    most: int
    limit: float | None
    now: Callable[[], float]
    at_once: int = _FIRST
    rate: float | None = None
    _tokens: float = 0.0
    _filled: float = 0.0
    _stepped: float = 0.0
    _done_since: int = 0
    _refused_since: int = 0
    _was_cut: bool = False
    _quiet: int = 0

    def __post_init__(self) -> None:
        self.at_once = min(self.at_once, self.most)
        self._filled = self._stepped = self.now()

    @property
    def current(self) -> float | None:
        """Objects per second that may begin now; None: no limit."""
        given = [one for one in (self.rate, self.limit) if one is not None]
        return min(given, default=None)

    def allowed(self, under_way: int) -> int:
        """Return how many requests may begin now."""
        self._step()
        room = max(0, self.at_once - under_way)
        rate = self.current
        if rate is None:
            return room
        now = self.now()
        # A tenth of a second may be caught up, so that a slow moment costs nothing in the end.
        self._tokens = min(max(1.0, rate / 10), self._tokens + (now - self._filled) * rate)
        self._filled = now
        return min(room, int(self._tokens))

    def began(self, count: int) -> None:
        if self.current is not None:
            self._tokens -= count

    def done(self) -> None:
        self._done_since += 1

    def refused(self) -> None:
        """Slow down where S3 asks for it often; once a second, for a burst is one event."""
        self._refused_since += 1
        if self._was_cut or self._refused_since < _A_FEW or self._share < _TOO_MANY:
            return
        self._was_cut = True
        self._quiet = 0
        tried = (self._done_since + self._refused_since) / max(
            _STEP / 10, self.now() - self._stepped
        )
        self.rate = max(_SLOWEST, min(tried, self.rate or tried) * _CUT)
        self.at_once = max(1, int(self.at_once * _CUT))

    @property
    def _share(self) -> float:
        return self._refused_since / max(1, self._refused_since + self._done_since)

    def _step(self) -> None:
        now = self.now()
        if now - self._stepped < _STEP:
            return
        if not self._was_cut and self._share < _HARDLY_ANY:
            self._speed_up(self._done_since / (now - self._stepped))
        else:
            self._quiet = 0
        self._stepped, self._done_since, self._refused_since = now, 0, 0
        self._was_cut = False

    def _speed_up(self, reached: float) -> None:
        self.at_once = min(self.most, self.at_once * 2)
        if self.rate is None:
            return
        growth = 1 + _GROWTH * 2 ** min(self._quiet, _MOST_DOUBLINGS)
        self._quiet += 1
        # What is far from being used needs no limit any more.
        self.rate = None if self.rate > 4 * max(reached, 1000) else self.rate * growth


@dataclass
class Rests:
    """The objects that wait for another try, and the groups that rest as a whole."""

    now: Callable[[], float]
    chance: Callable[[], float] = random.random
    _waiting: list[tuple[float, int, Row]] = field(default_factory=list)
    _order: itertools.count[int] = field(default_factory=itertools.count)
    _groups: dict[str, tuple[float, int]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._waiting)

    def retry(self, row: Row, group: str, *, busy: bool) -> None:
        """Let an object wait; where S3 is `busy`, with everything else of its group."""
        pause = self._pause(row.attempts)
        if busy:
            until, times = self._groups.get(group, (0.0, 0))
            if self.now() >= until:  # one burst of refusals is one refusal
                pause = self._pause(times + 1)
                self._groups[group] = (self.now() + pause, times + 1)
        self._push(row, self.now() + pause)

    def defer(self, row: Row, group: str) -> bool:
        """Tell whether the object's group rests; then it waits with it."""
        until, _ = self._groups.get(group, (0.0, 0))
        if until <= self.now():
            return False
        self._push(row, until + self.chance() * _FIRST_REST)
        return True

    def worked(self, group: str) -> None:
        """Take a success for the end of a group's trouble."""
        if self._groups:
            self._groups.pop(group, None)

    def due(self, most: int) -> list[Row]:
        """Return objects that have waited long enough."""
        found: list[Row] = []
        while self._waiting and len(found) < most and self._waiting[0][0] <= self.now():
            found.append(heapq.heappop(self._waiting)[2])
        return found

    def _push(self, row: Row, at: float) -> None:
        heapq.heappush(self._waiting, (at, next(self._order), row))

    def _pause(self, times: int) -> float:
        longest = min(_LONGEST_REST, _FIRST_REST * float(2 ** min(times, 10)))
        return longest * (0.5 + self.chance() / 2)
