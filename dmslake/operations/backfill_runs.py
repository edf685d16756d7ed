"""The backfills of a pipeline that this machine knows: look at them, end them, give them up."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from dmslake.aws.clients import Clients
from dmslake.backfill.batch.request import cancel_job
from dmslake.backfill.ledger import Ledger
from dmslake.backfill.ledger_trouble import LedgerInUseError, told
from dmslake.backfill.ledgers import give_up, here
from dmslake.backfill.presence import stop
from dmslake.backfill.report import write_report
from dmslake.backfill.runs import KnownRun, RunState, describe, find_run, known_runs
from dmslake.errors import LedgerError, LockedError
from dmslake.spec import Spec

Failure = tuple[str, str, int, str]
Read = TypeVar("Read")


class Cancelling(StrEnum):
    """What a cancellation came to."""

    STOPPING = "told to stop"
    GIVEN_UP = "given up"
    OVER = "over already"


@dataclass(frozen=True, kw_only=True)
class Cancelled:
    """A run that was cancelled; `job` is that of S3 Batch Operations that was cancelled with it."""

    run: KnownRun
    outcome: Cancelling
    job: str = ""


def list_runs(spec: Spec, clients: Clients) -> list[KnownRun]:
    """Return the runs of a pipeline, the newest first."""
    return known_runs(_folder(spec, clients))


def show_run(
    spec: Spec, clients: Clients, name: str, report: Path | None = None
) -> tuple[KnownRun, list[Failure]]:
    """Return a run and its different failures; writes every object of it to a file if asked.

    Raises NotFoundError, LedgerError when its ledger cannot be read, and ReportError.
    """
    found = describe(find_run(_folder(spec, clients), name))
    if found.state is RunState.UNREADABLE:
        raise LedgerError(f"the backfill {found.name} cannot be shown", why=found.why)
    if found.state is RunState.RUNNING:
        if report is not None:
            raise LedgerInUseError(
                f"of the backfill {found.name} there is no report yet",
                why="it is running, and its ledger with it",
                fix="wait until it has ended, or end it: dmslake backfill cancel",
            )
        return found, []

    def failures(ledger: Ledger) -> list[Failure]:
        if report is not None:
            write_report(ledger, report)
        return ledger.failures()

    return found, _reading(found.path, failures)


def report_of(ledger: Path, file: Path) -> None:
    """Write every object of a run that ended to a file. Raises ReportError."""
    _reading(ledger, lambda opened: write_report(opened, file))


def cancel_run(spec: Spec, clients: Clients, name: str) -> Cancelled:
    """Tell a running backfill to stop, or give an unfinished one up.

    A running one ends as by Ctrl-C and can be continued; one that was given up cannot: the next
    begins anew. Raises NotFoundError, LedgerError, and LockedError for one whose process is not to
    be found.
    """
    found = describe(find_run(_folder(spec, clients), name))
    if found.state is RunState.RUNNING:
        return _stop(found)
    if found.state is RunState.UNREADABLE:
        raise LedgerError(
            f"the backfill {found.name} cannot be given up",
            why=found.why,
            fix="forget it: dmslake backfill --restart",
        )
    if found.state is not RunState.UNFINISHED:
        return Cancelled(run=found, outcome=Cancelling.OVER)

    def abandon(ledger: Ledger) -> str:
        job = cancel_job(clients, ledger) if found.engine == "s3-batch" else ""
        give_up(ledger)
        return job

    return Cancelled(run=found, outcome=Cancelling.GIVEN_UP, job=_reading(found.path, abandon))


def _stop(found: KnownRun) -> Cancelled:
    if found.process is None:
        raise LockedError(
            f"the backfill {found.name} is in use, but its process is not to be found",
            why="it may run in another container, or on another machine that shares this folder",
            fix="press Ctrl-C where it runs",
        )
    there = stop(found.process)
    return Cancelled(run=found, outcome=Cancelling.STOPPING if there else Cancelling.OVER)


def _reading(path: Path, read: Callable[[Ledger], Read]) -> Read:
    with told(path), closing(Ledger.resume(path)) as ledger:
        return read(ledger)


def _folder(spec: Spec, clients: Clients) -> Path:
    return here(clients.account.id, clients.account.region, spec.name)
