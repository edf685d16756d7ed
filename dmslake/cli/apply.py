"""Carry a plan out in front of the user, and say what became of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from dmslake.cli.plan_view import show_warnings
from dmslake.cli.progress import progress
from dmslake.cli.session import Session
from dmslake.cli.terminal import Terminal
from dmslake.engine.applier import Outcome
from dmslake.engine.events import Event, Listener, Noted
from dmslake.engine.plan import Plan
from dmslake.errors import ApplyError, DmslakeError, LockedError, StoppedError
from dmslake.operations import provision
from dmslake.operations.quotas import explained


@dataclass
class Work:
    """What a command does on AWS: how to stop it, what became of it, what the user has to know.

    Attributes:
        stop: set by Ctrl-C, and when somebody else takes the pipeline over.
        lost: whether that happened.
        outcome: of everything that was carried out so far.
        notes: what is no failure, such as a checkpoint that was saved.
    """

    stop: threading.Event
    lost: bool = False
    outcome: Outcome = field(default_factory=Outcome)
    notes: list[str] = field(default_factory=list)

    def lose(self) -> None:
        """Stop, because somebody took the pipeline over."""
        self.lost = True
        self.stop.set()


def carry_out(terminal: Terminal, plan: Plan, session: Session, work: Work) -> None:
    """Carry out the plan with progress on stderr; what became of it is added to the work."""
    with progress(terminal, plan) as listener:
        found = provision.apply(
            plan,
            session.clients,
            on_event=_noting(listener, plan, work),
            stop=work.stop,
            superseded=lambda: work.lost,
        )
    for address, error in found.failed.items():
        found.failed[address] = explained(error, session.clients)
    work.outcome = merged(work.outcome, found)


def _noting(listener: Listener, plan: Plan, work: Work) -> Listener:
    names = {step.address: step.resource.describe() for step in plan.steps}

    def told(event: Event) -> None:
        if isinstance(event, Noted):
            work.notes.append(f"{names[event.address]}: {event.text}")
        listener(event)

    return told


def warning(terminal: Terminal, work: Work) -> Callable[[str], None]:
    """Return what warns the user at once, and notes it for the report."""

    def told(text: str) -> None:
        show_warnings(terminal, (text,))
        work.notes.append(text)

    return told


def merged(first: Outcome, second: Outcome) -> Outcome:
    """Return what became of two plans that were carried out one after the other."""
    return Outcome(
        done=[*first.done, *second.done],
        failed={**first.failed, **second.failed},
        skipped={**first.skipped, **second.skipped},
        interrupted=first.interrupted or second.interrupted,
        seconds=first.seconds + second.seconds,
    )


def failure(plan: Plan, work: Work, command: str) -> DmslakeError | None:
    """Return the error that the work on a plan amounts to; only root causes are named."""
    outcome = work.outcome
    if outcome.ok:
        return None
    count = f"{len(outcome.done)} of {len(plan.pending)} steps are done"
    again = f"dmslake {command} continues where this ended"
    if outcome.failed:
        return _failed(outcome, f"{command} did not finish: {count}", again)
    if work.lost:
        return LockedError(
            f"{command} gave way to somebody else: {count}",
            why="somebody took the pipeline over with --force-unlock while this ran",
            fix=f"wait until that is done; then {again}",
        )
    return StoppedError(f"{command} was interrupted: {count}", fix=again)


def _failed(outcome: Outcome, what: str, again: str) -> ApplyError:
    if len(outcome.failed) == 1:
        ((address, error),) = outcome.failed.items()
        fix = f"{error.fix}; then {again}" if error.fix else again
        why = str(error) if str(address) in str(error) else f"{address}: {error}"
        return ApplyError(what, why=why, fix=fix)
    why = "".join(f"\n    {address}: {error}" for address, error in outcome.failed.items())
    fixes = dict.fromkeys(error.fix for error in outcome.failed.values() if error.fix)
    return ApplyError(what, why=why, fix="; ".join([*fixes, f"then {again}"] if fixes else [again]))


def outcome_data(work: Work) -> dict[str, object]:
    """Return what became of the work, for JSON."""
    outcome = work.outcome
    return {
        "done": [str(address) for address in outcome.done],
        "failed": {str(address): str(error) for address, error in outcome.failed.items()},
        "skipped": {str(address): why for address, why in outcome.skipped.items()},
        "interrupted": outcome.interrupted,
        "seconds": round(outcome.seconds, 1),
        "notes": list(work.notes),
    }
