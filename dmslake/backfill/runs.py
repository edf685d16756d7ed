"""The runs of a pipeline that this machine knows: one for each ledger."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from dmslake.backfill.ledger import Ledger, State, Tally
from dmslake.backfill.ledger_trouble import LedgerInUseError
from dmslake.backfill.ledgers import FINISHED, GIVEN_UP
from dmslake.backfill.presence import Running, running
from dmslake.errors import LedgerError, NotFoundError

_NAMED = "%Y%m%dT%H%M%S%fZ"
_SPEED = "speed"


class RunState(StrEnum):
    """How a run stands."""

    RUNNING = "running"
    UNFINISHED = "unfinished"
    FINISHED = "finished"
    GIVEN_UP = "given up"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, kw_only=True)
class KnownRun:
    """A run.

    Attributes:
        name: what it is called on the command line.
        begun: when, in UTC; None where the file's name does not tell.
        ended: when it finished or was given up, in S3's form; empty before.
        objects: by what became of them; of a running one in this session only, without bytes.
        about: what it is about: buckets, layout, selection.
        process: of a running one.
        why: it cannot be read.
    """

    name: str
    path: Path
    state: RunState
    begun: datetime | None = None
    ended: str = ""
    engine: str = ""
    objects: Mapping[State, Tally] = field(default_factory=dict)
    about: Mapping[str, str] = field(default_factory=dict)
    process: Running | None = None
    why: str = ""


def known_runs(folder: Path) -> list[KnownRun]:
    """Return the runs whose ledgers lie in a folder, the newest first."""
    return [describe(path) for path in sorted(folder.glob("*.ledger"), reverse=True)]


def find_run(folder: Path, name: str) -> Path:
    """Return the ledger of a run by its name, the beginning of one, or `last`.

    Raises NotFoundError when none or more than one is meant.
    """
    known = sorted(folder.glob("*.ledger"))
    if name == "last" and known:
        return known[-1]
    meant = [path for path in known if path.stem.startswith(name)]
    if len(meant) == 1:
        return meant[0]
    raise NotFoundError(
        f"there is no backfill {name}"
        if not meant
        else f"more than one backfill begins so: {name}",
        why="no backfill of this pipeline ran on this machine" if not known else "",
        fix="dmslake backfill list names those of this pipeline on this machine",
    )


def describe(path: Path) -> KnownRun:
    """Return what is known of a run."""
    process = running(path)
    if process is not None:
        objects = {state: Tally(count, 0) for state, count in process.objects.items()}
        return KnownRun(
            name=path.stem, path=path, begun=_begun(path), state=RunState.RUNNING,
            objects=objects, process=process,
        )  # fmt: skip
    try:
        with closing(Ledger.resume(path)) as ledger:
            return _read(path, ledger)
    except LedgerInUseError:
        return KnownRun(name=path.stem, path=path, begun=_begun(path), state=RunState.RUNNING)
    except LedgerError as error:
        return KnownRun(
            name=path.stem, path=path, begun=_begun(path), state=RunState.UNREADABLE, why=str(error)
        )


def _read(path: Path, ledger: Ledger) -> KnownRun:
    about = ledger.about()
    finished, given_up = about.get(FINISHED, ""), about.get(GIVEN_UP, "")
    ended = RunState.FINISHED if finished else RunState.UNFINISHED
    return KnownRun(
        name=path.stem,
        path=path,
        begun=_begun(path),
        ended=finished or given_up,
        state=RunState.GIVEN_UP if given_up else ended,
        engine=about.get("engine", ""),
        objects=ledger.tallies(),
        about=about,
    )


def note_speed(ledger: Ledger, copied: int, seconds: float) -> None:
    """Remember how fast a run was, for the estimates of those after it."""
    ledger.note(_SPEED, json.dumps({"copied": copied, "seconds": round(seconds, 3)}))


def measured_speed(folder: Path, *, at_least: int) -> tuple[float, str] | None:
    """Return objects per second of the last finished run that copied enough, and its name."""
    for path in sorted(folder.glob("*.ledger"), reverse=True):
        found = describe(path)
        told = json.loads(found.about.get(_SPEED, "{}"))
        if found.state is RunState.FINISHED and told.get("copied", 0) >= at_least:
            return told["copied"] / max(0.001, told["seconds"]), found.name
    return None


def _begun(path: Path) -> datetime | None:
    try:
        return datetime.strptime(path.stem, _NAMED).replace(tzinfo=UTC)
    except ValueError:
        return None
