"""Which process works with a ledger, and how far it is: told by a small file beside the ledger.

The ledger itself is locked while a run works with it, so nobody else can read it then. A file that
a killed run left counts for nothing: the process that it names is compared with the one that runs.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from dmslake.backfill.clock import steady
from dmslake.backfill.ledger import State
from dmslake.backfill.run import Progress

_EVERY = 1.0  # seconds
_START_FIELD = 19  # of /proc/<pid>/stat, counted behind the command: proc(5), field 22


@dataclass(frozen=True)
class Running:
    """A run at work: its process, when that began, and objects by what became of them so far."""

    pid: int
    began: str
    objects: dict[State, int] = field(default_factory=dict)


@contextmanager
def present(ledger: Path) -> Iterator[Callable[[Progress], None]]:
    """Tell others that this process works with a ledger; yields what keeps them told."""
    file = _file(ledger)
    told = [steady()]
    _write(file, {})

    def tell(progress: Progress) -> None:
        if steady() - told[0] >= _EVERY:
            told[0] = steady()
            _write(file, {state.name: count for state, count in progress.settled.items() if count})

    try:
        yield tell
    finally:
        file.unlink(missing_ok=True)


def running(ledger: Path) -> Running | None:
    """Return the run that works with a ledger right now, if any does."""
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        known = json.loads(_file(ledger).read_text("utf-8"))
        objects = {State[name]: int(count) for name, count in known["objects"].items()}
        found = Running(int(known["pid"]), str(known["began"]), objects)
        if found.began and _beginning(found.pid) == found.began:
            return found
    return None


def stop(run: Running) -> bool:
    """Ask a run to end, as Ctrl-C does; tells whether it was still there."""
    with suppress(ProcessLookupError):
        if _beginning(run.pid) == run.began:
            os.kill(run.pid, signal.SIGINT)
            return True
    return False


def _write(file: Path, objects: dict[str, int]) -> None:
    pid = os.getpid()
    text = json.dumps({"pid": pid, "began": _beginning(pid), "objects": objects})
    part = file.with_name(f"{file.name}.part")
    # Others go without it on a full disk: the run's own ledger is what tells that.
    with suppress(OSError):
        part.write_text(text, "utf-8")
        part.replace(file)


def _file(ledger: Path) -> Path:
    return Path(f"{ledger}.run")


def _beginning(pid: int) -> str:
    """Tell when a process began, in the system's own words; nothing for one that is not there."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", errors="replace")
    except OSError:
        return "" if Path("/proc/self").exists() else _by_ps(pid)
    return stat.rpartition(")")[2].split()[_START_FIELD]


def _by_ps(pid: int) -> str:
    asked = ["ps", "-o", "lstart=", "-p", str(pid)]  # where there is no /proc, as on macOS
    with suppress(OSError):
        done = subprocess.run(asked, capture_output=True, text=True, check=False)  # noqa: S603 - a number
        return done.stdout.strip()
    return ""
