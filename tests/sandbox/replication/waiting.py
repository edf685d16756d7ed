"""Waiting for what really happens in threads and servers."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable


def eventually(what: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    never = threading.Event()
    while not what():
        assert time.monotonic() < deadline, "it never became so"
        never.wait(0.005)


def free_port() -> int:
    """Return a port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
