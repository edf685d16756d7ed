"""Wakes a thread that waits in `select`: by a request to stop, or because other work is done."""

from __future__ import annotations

import socket


class Waker:
    """A pair of sockets: any thread wakes, one thread waits on `fileno`."""

    def __init__(self) -> None:
        self._waiting, self._waking = socket.socketpair()
        self._waiting.settimeout(0)
        self._waking.settimeout(0)

    def fileno(self) -> int:
        return self._waiting.fileno()

    def wake(self) -> None:
        """Make the waiting side readable; harmless after `close` and when it is already."""
        try:
            self._waking.send(b"x")
        except OSError:
            return

    def clear(self) -> None:
        """Forget what has woken so far."""
        try:
            while self._waiting.recv(4096):
                pass
        except BlockingIOError:
            return

    def close(self) -> None:
        self._waiting.close()
        self._waking.close()
