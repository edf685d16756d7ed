"""All connections of a run, in one thread: it takes no turns with others.

A client that calls back out of threads of its own takes longer to hand each answer to Python than
all the rest takes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from selectors import DefaultSelector

from botocore.exceptions import BotoCoreError

from dmslake.backfill.clock import steady
from dmslake.backfill.store import Answer
from dmslake.backfill.wire.answers import Whole, judged
from dmslake.backfill.wire.connection import Connection, answer_of
from dmslake.backfill.wire.server import Server

_SILENT = Answer(0, "NoAnswer", "S3 has said nothing for too long")
SILENCE = 60.0
_UNUSED = 20.0  # S3 closes them soon after, and a network may forget them without a word
_LOOK_EVERY = 1.0

Write = Callable[[], bytes]
Done = Callable[[Answer], None]


class Connections:
    """Requests, and as many connections for them as `most`; to be used by one thread.

    A request is written when its turn comes, so that its time and its credentials are those of the
    moment in which it is sent. One that hears nothing for `silence` seconds is given up.
    """

    def __init__(self, server: Server, most: int, *, silence: float = SILENCE) -> None:
        self._server = server
        self._most = most
        self._silence = silence
        self._selector = DefaultSelector()
        self._waiting: deque[tuple[Write, Done]] = deque()
        self._asking: dict[Connection, Done] = {}
        self._free: list[Connection] = []
        self._all: set[Connection] = set()
        self._over = 0
        self._looked = steady()

    def ask(self, write: Write, done: Done) -> None:
        """Put a request in the queue; `done` is told how it ended, while `attend` runs."""
        self._waiting.append((write, done))

    def attend(self, seconds: float) -> None:
        """Send and receive for that long at most, or until a good part of it is answered."""
        self._over = 0
        enough = max(1, (len(self._waiting) + len(self._asking)) // 4)
        until = steady() + seconds
        while True:
            self._hand_out()
            left = until - steady()
            for key, _ in self._selector.select(max(0.0, min(left, _LOOK_EVERY))):
                key.data.ready()
            self._look_for_silent()
            if self._over >= enough or left <= 0:
                return

    def close(self) -> None:
        for connection in self._all:
            connection.close()
        self._all.clear()
        self._free.clear()
        self._asking.clear()
        self._waiting.clear()
        self._selector.close()

    def free(self, connection: Connection) -> None:
        # The one used last is used next: the others are left to grow old and be closed.
        self._free.append(connection)

    def answered(self, connection: Connection, whole: Whole) -> None:
        self._tell(self._asking.pop(connection), judged(whole.status, whole.body))

    def broke(self, connection: Connection, answer: Answer) -> None:
        self._all.discard(connection)
        if not connection.busy:
            if connection in self._free:
                self._free.remove(connection)
            return
        done = self._asking.pop(connection, None)
        if done is not None:
            self._tell(done, answer)
        elif self._waiting:
            self._tell(self._waiting.popleft()[1], answer)  # it is why none can be sent

    def _tell(self, done: Done, answer: Answer) -> None:
        self._over += 1
        done(answer)

    def _hand_out(self) -> None:
        while self._waiting and self._free:
            write, done = self._waiting.popleft()
            try:
                request = write()
            except BotoCoreError as error:  # no credentials
                self._tell(done, Answer(0, type(error).__name__, str(error)))
                continue
            connection = self._free.pop()
            self._asking[connection] = done
            connection.send(request)
        opening = len(self._all) - len(self._asking) - len(self._free)
        for _ in range(min(len(self._waiting) - opening, self._most - len(self._all))):
            if not self._open():
                return

    def _open(self) -> bool:
        """Open one more; False where this process may have no more of them."""
        connection = Connection(self._server, self._selector, self)
        self._all.add(connection)
        try:
            connection.open()
        except OSError as error:
            self._all.discard(connection)
            if self._all:
                self._most = len(self._all)
            else:
                self._tell(self._waiting.popleft()[1], answer_of(error))
            return False
        return True

    def _look_for_silent(self) -> None:
        now = steady()
        if now - self._looked < _LOOK_EVERY:
            return
        self._looked = now
        for connection in list(self._all):
            if now - connection.since > (self._silence if connection.busy else _UNUSED):
                connection.close()
                self.broke(connection, _SILENT)
