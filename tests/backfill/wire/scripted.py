"""A server that does what a test says, connection by connection."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

COPIED = b'<CopyObjectResult><ETag>"0a"</ETag></CopyObjectResult>'
OK = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(COPIED), COPIED)


class Peer:
    """The server's side of one connection; `number` counts them from 0."""

    def __init__(self, sock: socket.socket, number: int) -> None:
        self.number = number
        self._sock = sock

    def request(self) -> bytes:
        """Read the next request; empty when the client closed."""
        got = b""
        while not got.endswith(b"\r\n\r\n"):
            more = self._sock.recv(65536)
            if not more:
                return b""
            got += more
        return got

    def say(self, answer: bytes) -> None:
        self._sock.sendall(answer)


@contextmanager
def serving(script: Callable[[Peer], None], context: ssl.SSLContext | None = None) -> Iterator[int]:
    """Yield the port; each connection is served in a thread of its own, and closed after it."""
    listening = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []

    def accept() -> None:
        with suppress(OSError):
            while True:
                sock, _ = listening.accept()
                asked = (script, context, sock, len(threads))
                threads.append(threading.Thread(target=_serve, args=asked))
                threads[-1].start()

    accepting = threading.Thread(target=accept)
    accepting.start()
    try:
        yield int(listening.getsockname()[1])
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        for thread in (accepting, *threads):
            thread.join()


def _serve(
    script: Callable[[Peer], None],
    context: ssl.SSLContext | None,
    sock: socket.socket,
    number: int,
) -> None:
    with suppress(OSError), sock:
        if context is None:
            script(Peer(sock, number))
            return
        with context.wrap_socket(sock, server_side=True) as wrapped:
            script(Peer(wrapped, number))
