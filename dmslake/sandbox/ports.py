"""Loopback ports that stay the same from one start to the next.

AWS objects and specs carry these ports, so a sandbox keeps the ones it was given once. They lie
below the range from which systems take the ports of outgoing connections (32768 and up on Linux,
49152 and up on macOS), where any of them could be gone at the next start.
"""

from __future__ import annotations

import socket
import zlib
from collections.abc import Container
from pathlib import Path

from dmslake.errors import SandboxError

LOOPBACK = "127.0.0.1"
_LOWEST, _COUNT = 20_000, 10_000


def is_free(port: int) -> bool:
    """Tell whether a server could listen on the port, and nobody answers there now."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        if probe.connect_ex((LOOPBACK, port)) == 0:
            return False
    with socket.socket() as probe:
        # As servers do: connections of an earlier server that are still closing do not matter.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def choose(folder: Path, taken: Container[int] = ()) -> int:
    """Return a free port; the same folder is offered the same ports first, others different ones.

    Raises:
        SandboxError: none is free.
    """
    first = zlib.crc32(str(folder).encode()) % _COUNT
    for step in range(_COUNT):
        port = _LOWEST + (first + step) % _COUNT
        if port not in taken and is_free(port):
            return port
    raise SandboxError(
        "the sandbox has no port to listen on",
        why=f"all from {_LOWEST} to {_LOWEST + _COUNT - 1} on {LOOPBACK} are taken",
    )
