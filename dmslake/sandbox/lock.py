"""One command at a time may start or stop the sandbox in a folder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dmslake.engine.clock import Clock, SystemClock
from dmslake.errors import SandboxError
from dmslake.sandbox.events import Listener, Waiting

FILE = "lock"
PATIENCE_SECONDS = 180.0
_POLL_SECONDS = 0.1


@contextmanager
def locked(
    folder: Path,
    on_event: Listener,
    *,
    seconds: float = PATIENCE_SECONDS,
    clock: Clock | None = None,
) -> Iterator[None]:
    """Hold the folder's lock; the system lets go of it when this process ends in whatever way.

    Raises:
        SandboxError: another command held it all the time, or it cannot be made.
    """
    clock = clock or SystemClock()
    deadline = clock.now() + seconds
    opened = _try(folder)
    if opened is None:
        on_event(Waiting(server="sandbox", why="another command is starting or stopping it"))
    while opened is None:
        if clock.now() >= deadline:
            raise SandboxError(
                "the sandbox is busy",
                why=f"another command has been starting or stopping it for {seconds:.0f} s",
                fix="wait until that command has ended, or end it, and run this one again",
            )
        clock.sleep(_POLL_SECONDS)
        opened = _try(folder)
    try:
        yield
    finally:
        os.close(opened)


def _try(folder: Path) -> int | None:
    path = folder / FILE
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        opened = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise SandboxError(
            f"the sandbox cannot use {folder}",
            why=error.strerror or str(error),
            fix="choose another folder",
        ) from error
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Whoever held it before may have removed the folder: then this lock guards nothing.
        if os.path.samestat(os.fstat(opened), path.stat()):
            return opened
    except (BlockingIOError, FileNotFoundError):
        pass
    with suppress(OSError):
        os.close(opened)
    return None
