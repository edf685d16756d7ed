"""One connection to S3: a socket that never waits, with one request at a time."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Callable, Iterator
from selectors import EVENT_READ, EVENT_WRITE, BaseSelector
from typing import Protocol

from dmslake.backfill.clock import steady
from dmslake.backfill.store import Answer
from dmslake.backfill.wire.answers import BrokenAnswerError, Whole, read_answer
from dmslake.backfill.wire.server import Address, Server

_READ = 1 << 16
_UNDER_WAY = frozenset({0, errno.EINPROGRESS, errno.EWOULDBLOCK})
_CLOSED = Answer(0, "ConnectionClosed", "the server closed the connection")
_WAITS = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Owner(Protocol):
    """Whoever is told how a connection fares."""

    def free(self, connection: Connection) -> None:
        """It can take a request."""

    def answered(self, connection: Connection, whole: Whole) -> None:
        """The answer to its request is there."""

    def broke(self, connection: Connection, answer: Answer) -> None:
        """It is of no use any more, and closed."""


class Connection:
    """A connection at work.

    Attributes:
        since: when something happened last, by the steady clock.
        busy: whether an answer, or the connection itself, is waited for.
    """

    def __init__(self, server: Server, selector: BaseSelector, owner: Owner) -> None:
        self.since = steady()
        self.busy = True
        self._server = server
        self._selector = selector
        self._owner = owner
        self._untried: Iterator[Address] = iter(())
        self._socket: socket.socket | None = None
        self._unsent = b""
        self._received = b""
        self._step: Callable[[socket.socket], None] = self._connected

    def open(self) -> None:
        """Begin to connect; the owner is told when it can be used, or that it never will be.

        Raises OSError where this process may open no more files.
        """
        try:
            self._untried = iter(self._server.addresses())
        except OSError as error:
            self._break(answer_of(error))
            return
        self._try_next(OSError(errno.EADDRNOTAVAIL, "the name has no address"))

    def send(self, request: bytes) -> None:
        """Ask; for a connection that the owner was told is free."""
        if self._socket is None:
            raise RuntimeError("a closed connection was to be used")
        self.since, self.busy = steady(), True
        self._unsent, self._received = request, b""
        self._step = self._receive
        self._go(self._write, self._socket)

    def ready(self) -> None:
        """Go on: the selector says that the socket is ready."""
        if self._socket is not None:
            self._go(self._step, self._socket)

    def close(self) -> None:
        if self._socket is not None:
            self._selector.unregister(self._socket)
            self._socket.close()
            self._socket = None

    def _go(self, step: Callable[[socket.socket], None], sock: socket.socket) -> None:
        try:
            step(sock)
        except _WAITS:
            return
        except BrokenAnswerError as error:
            self._break(Answer(0, "BrokenAnswer", str(error)))
        except OSError as error:
            self._break(answer_of(error))

    def _break(self, answer: Answer) -> None:
        self.close()
        self._owner.broke(self, answer)

    def _try_next(self, error: OSError) -> None:
        """Connect to the next address; without one the last error is what is told."""
        self.close()
        address = next(self._untried, None)
        if address is None:
            self._break(answer_of(error))
            return
        self._step = self._connected
        sock = socket.socket(address.family, socket.SOCK_STREAM)
        sock.setblocking(False)  # noqa: FBT003 - it has no other name
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = sock
        self._selector.register(sock, EVENT_WRITE, self)
        number = sock.connect_ex(address.place)
        if number not in _UNDER_WAY:
            self._try_next(OSError(number, errno.errorcode.get(number, "no connection")))

    def _connected(self, sock: socket.socket) -> None:
        number = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number:
            self._try_next(OSError(number, errno.errorcode.get(number, "no connection")))
            return
        context = self._server.context
        if context is None:
            self._is_open(sock)
            return
        self._selector.unregister(sock)
        self._socket = None  # what is wrapped gives up its number, and may fail to be
        wrapped = context.wrap_socket(
            sock, server_hostname=self._server.host, do_handshake_on_connect=False
        )
        self._socket = wrapped
        self._selector.register(wrapped, EVENT_READ, self)
        self._step = self._shake_hands
        self._shake_hands(wrapped)

    def _shake_hands(self, sock: socket.socket) -> None:
        if isinstance(sock, ssl.SSLSocket):
            try:
                sock.do_handshake()
            except ssl.SSLWantWriteError:
                self._selector.modify(sock, EVENT_WRITE, self)
                raise
            except ssl.SSLWantReadError:
                self._selector.modify(sock, EVENT_READ, self)
                raise
        self._is_open(sock)

    def _is_open(self, sock: socket.socket) -> None:
        self._selector.modify(sock, EVENT_READ, self)
        self._rest()

    def _rest(self) -> None:
        self.busy, self._step, self.since = False, self._idle, steady()
        self._owner.free(self)

    def _idle(self, sock: socket.socket) -> None:
        """Whatever a server says unasked, it is mostly that it closes the connection."""
        if isinstance(sock, ssl.SSLSocket) and (said := sock.recv(_READ)):
            raise BrokenAnswerError(f"an answer to nothing: {said[:40]!r}")
        self._break(_CLOSED)

    def _write(self, sock: socket.socket) -> None:
        try:
            sent = sock.send(self._unsent)
        except _WAITS:
            sent = 0
        self._unsent = self._unsent[sent:]
        if self._unsent:
            self._step = self._write_rest
            self._selector.modify(sock, EVENT_WRITE, self)

    def _write_rest(self, sock: socket.socket) -> None:
        self._write(sock)
        if not self._unsent:
            self._step = self._receive
            self._selector.modify(sock, EVENT_READ, self)

    def _receive(self, sock: socket.socket) -> None:
        got = sock.recv(_READ)
        while isinstance(sock, ssl.SSLSocket) and sock.pending():
            got += sock.recv(_READ)
        self.since = steady()
        self._received += got
        whole = read_answer(self._received, ended=not got)
        if whole is None:
            return
        self._owner.answered(self, whole)
        if whole.keeps:
            self._rest()
        else:
            self.busy = False
            self._break(_CLOSED)


def answer_of(error: OSError) -> Answer:
    """Name what broke as Python does; SSL's errors among them."""
    return Answer(0, type(error).__name__, error.strerror or str(error))
