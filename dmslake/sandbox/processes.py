"""Background processes: spawned apart from the terminal, and never mistaken for another.

A process id alone is no identity, for the system hands it out again. A process is known by its id
and the time it started, and nothing that is not known so is ever signalled.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from dmslake.engine.clock import Clock, SystemClock
from dmslake.errors import SandboxError

PROC = Path("/proc")
_POLL_SECONDS = 0.02
_KILL_SECONDS = 5.0
_LOG_LIMIT_BYTES = 10_000_000
# A child that ended stays in the process table until its parent has asked for its exit code.
_children: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True)
class Process:
    """A process of ours: `started` is the system's own word for when, only good for comparing."""

    pid: int
    started: str


def spawn(command: Sequence[str], *, log: Path, environment: Mapping[str, str]) -> Process:
    """Start a program in a session of its own, with only the given environment.

    Its output is appended to `log`; a log over 10 MB is put aside first, as `<log>.previous`.

    Raises:
        SandboxError: the program cannot be run or the log cannot be written.
    """
    try:
        with _appended(log) as output:
            child = subprocess.Popen(  # noqa: S603 - the command is the launcher's own
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                cwd=log.parent,
                start_new_session=True,
            )
    except OSError as error:
        raise SandboxError(
            f"{command[0]} could not be started",
            why=error.strerror or str(error),
            fix=f"check that it can be run and that {log.parent} can be written",
        ) from error
    _children[child.pid] = child
    return Process(child.pid, started_at(child.pid) or "")


def is_alive(process: Process) -> bool:
    """Tell whether exactly this process still runs."""
    return started_at(process.pid) == process.started != ""


def started_at(pid: int) -> str | None:
    """Return when a process started; None when there is none, or only its exit code is left."""
    child = _children.get(pid)
    if child is not None and child.poll() is not None:
        del _children[pid]
    return _linux_start(pid) if _has_proc() else posix_start(pid)


def posix_start(pid: int) -> str | None:
    """Do the work of `started_at` where there is no `/proc`."""
    state, _, started = _ps("-o", "stat=,lstart=", "-p", str(pid)).strip().partition(" ")
    return None if not started or state.startswith("Z") else started.strip()


def terminate(
    process: Process, *, stop: int = signal.SIGTERM, seconds: float, clock: Clock | None = None
) -> bool:
    """Ask a process to end, and make it end after `seconds`; then clear its group away.

    Returns whether it ended by itself.

    Raises:
        SandboxError: it belongs to another user, or even the system cannot end it.
    """
    clock = clock or SystemClock()
    by_itself = True
    if is_alive(process):
        _signal(process, stop)
        # A stopped process would not even notice.
        _signal(process, signal.SIGCONT)
        by_itself = wait_until(lambda: not is_alive(process), seconds, clock)
    if not by_itself:
        _signal(process, signal.SIGKILL)
        if not wait_until(lambda: not is_alive(process), _KILL_SECONDS, clock):
            raise SandboxError(
                f"process {process.pid} does not end", why="it was killed and still runs"
            )
    _clear_group(process.pid)
    return by_itself


def wait_until(condition: Callable[[], bool], seconds: float, clock: Clock | None = None) -> bool:
    """Poll until the condition holds, at most that long; return whether it does."""
    clock = clock or SystemClock()
    deadline = clock.now() + seconds
    while not condition():
        if clock.now() >= deadline:
            return condition()
        clock.sleep(_POLL_SECONDS)
    return True


def with_arguments(arguments: Sequence[str]) -> list[Process]:
    """Return the processes in whose command line these arguments stand next to each other."""
    wanted = "\0".join(["", *arguments, ""])
    pids = _linux_search(wanted) if _has_proc() else posix_search(wanted)
    return [
        Process(pid, started)
        for pid in pids
        if pid != os.getpid() and (started := started_at(pid)) is not None
    ]


def posix_search(wanted: str) -> list[int]:
    """Find `wanted` in all command lines where there is no `/proc`: `ps` joins with spaces."""
    rows = [row.strip().partition(" ") for row in _ps("-axww", "-o", "pid=,args=").splitlines()]
    text = wanted.replace("\0", " ")
    return [int(pid) for pid, _, command in rows if text in f" {command.strip()} "]


def working_in(folder: Path) -> list[Process]:
    """Return the processes whose working directory is `folder`; none where there is no `/proc`."""
    found = []
    for entry in _numbered(PROC):
        with suppress(OSError):
            if os.readlink(entry / "cwd") == str(folder):  # noqa: PTH115 - the text itself
                found.append(int(entry.name))
    return [Process(pid, started) for pid in found if (started := started_at(pid))]


def last_lines(log: Path, count: int = 12) -> str:
    """Return the end of a log, to be quoted in an error."""
    try:
        with log.open("rb") as opened:
            opened.seek(max(0, log.stat().st_size - 8192))
            text = opened.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.strip().splitlines()[-count:])


@contextmanager
def undisturbed() -> Iterator[None]:
    """Ignore Ctrl-C while something is put in order that must not stay half done."""
    if threading.current_thread() is not threading.main_thread():
        yield  # Only the main thread is ever interrupted.
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before or signal.default_int_handler)


def _linux_start(pid: int) -> str | None:
    try:
        text = (PROC / str(pid) / "stat").read_text(errors="replace")
        boot = (PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None
    # proc(5): the name (2) stands in parentheses and may hold any character, so count from the
    # last one; then come the state (3), the number of threads (20) and the start, in clock ticks
    # since the boot (22). The first thread may be a zombie while others still hold the ports.
    fields = text.rpartition(")")[2].split()
    ended = fields[0] in {"Z", "X"} and int(fields[17]) <= 1
    return None if ended else f"{boot}:{fields[19]}"


def _linux_search(wanted: str) -> list[int]:
    found = []
    for entry in _numbered(PROC):
        with suppress(OSError):
            if wanted in "\0" + (entry / "cmdline").read_text(errors="replace"):
                found.append(int(entry.name))
    return found


def _has_proc() -> bool:
    return (PROC / "self/stat").exists()


def _numbered(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return [entry for entry in folder.iterdir() if entry.name.isdigit()]


def _ps(*options: str) -> str:
    done = subprocess.run(  # noqa: S603 - fixed options and process ids
        ["ps", *options],  # noqa: S607 - where it stands differs between systems
        env={"PATH": os.defpath, "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout


def _signal(process: Process, number: int) -> None:
    try:
        os.kill(process.pid, number)
    except ProcessLookupError:
        return
    except PermissionError as error:
        raise SandboxError(
            f"process {process.pid} cannot be stopped",
            why="it belongs to another user",
            fix="stop the sandbox as the user who started it",
        ) from error


def _clear_group(leader: int) -> None:
    # A group's id is not handed out again while it has members, so what is left in the group of
    # a leader that is gone is what the leader left behind.
    if started_at(leader) is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(leader, signal.SIGKILL)


@contextmanager
def _appended(log: Path) -> Iterator[int]:
    if log.exists() and log.stat().st_size > _LOG_LIMIT_BYTES:
        log.replace(log.with_name(f"{log.name}.previous"))
    opened = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        yield opened
    finally:
        os.close(opened)
