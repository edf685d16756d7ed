"""Who holds a lock: a person, a command, and enough to tell whether that process still lives."""

from __future__ import annotations

import getpass
import json
import os
import platform
import uuid
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Holder:
    """One run of one command. `since` is UTC; `machine` differs wherever process ids could."""

    who: str
    command: str
    since: datetime
    run: str
    machine: str = ""
    pid: int = 0

    def as_json(self, expires: datetime) -> bytes:
        """Return what is written into the lock; `expires` is for people who look at it."""
        facts = {**asdict(self), "since": self.since.isoformat(), "expires": expires.isoformat()}
        return json.dumps(facts, indent=2).encode()

    @property
    def is_over(self) -> bool:
        """Whether the run was on this machine and its process is gone. False when in doubt."""
        if not self.pid or not self.machine or self.machine != this_machine():
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except OSError:  # it is somebody else's: it lives
            return False
        return False


def this_run(command: str, since: datetime) -> Holder:
    """Return the holder that this process is."""
    return Holder(
        who=f"{_user()}@{platform.node() or 'unknown'}",
        command=command,
        since=since,
        run=uuid.uuid4().hex,
        machine=this_machine(),
        pid=os.getpid(),
    )


def parse_holder(body: bytes) -> Holder | None:
    """Return the holder that a lock names; None for anything that is no lock of ours."""
    with suppress(ValueError, TypeError, KeyError):
        facts = json.loads(body)
        return Holder(
            who=str(facts["who"]),
            command=str(facts["command"]),
            since=datetime.fromisoformat(facts["since"]),
            run=str(facts["run"]),
            machine=str(facts.get("machine", "")),
            pid=int(facts.get("pid", 0)),
        )
    return None


def this_machine() -> str:
    """Name the space in which a process id means one process: a boot of a machine or container."""
    parts = [platform.node(), f"{uuid.getnode():x}"]
    with suppress(OSError):  # Linux only; elsewhere there are no containers with ids of their own
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip())
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    return "/".join(parts)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may have no name for its user
        return "unknown"
