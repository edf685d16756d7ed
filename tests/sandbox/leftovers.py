"""What a sandbox has running: its processes, and the addresses they listen on."""

from __future__ import annotations

import os
import socket
import struct
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")


def processes_of(folder: Path) -> list[str]:
    """Return the command lines of all living processes that name or stand in the folder."""
    found = []
    for entry in _processes():
        with suppress(OSError):
            line = (entry / "cmdline").read_text(errors="replace").replace("\0", " ")
            where = str((entry / "cwd").readlink())
            if line and (f"{folder}/" in line or where.startswith(str(folder))):
                found.append(f"{entry.name}: {line}")
    return found


def listening_addresses(folder: Path) -> set[tuple[str, int]]:
    """Return the addresses that the processes of a folder listen on (Linux)."""
    numbers = {line.partition(":")[0] for line in processes_of(folder)}
    sockets = {link for number in numbers for link in _sockets(PROC / number)}
    found = set()
    for table in ("tcp", "tcp6"):
        for row in (PROC / "net" / table).read_text().splitlines()[1:]:
            fields = row.split()
            # proc(5): 1 is the local address, 3 the state (0A: listening), 9 the inode.
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets:
                found.add(_address(fields[1]))
    return found


def _processes() -> list[Path]:
    own = str(os.getpid())
    return [one for one in PROC.iterdir() if one.name.isdigit() and one.name != own]


def _sockets(process: Path) -> set[str]:
    found = set()
    with suppress(OSError):
        for descriptor in (process / "fd").iterdir():
            with suppress(OSError):
                found.add(str(descriptor.readlink()))
    return found


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.partition(":")
    words = [host[start : start + 8] for start in range(0, len(host), 8)]
    packed = b"".join(struct.pack("=I", int(word, 16)) for word in words)
    family = socket.AF_INET if len(packed) == 4 else socket.AF_INET6
    return socket.inet_ntop(family, packed), int(port, 16)
