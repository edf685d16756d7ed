"""Carry a plan out in front of the user, and say what became of it."""

from __future__ import annotations

from dmslake.cli.interrupt import leave, stoppable
from dmslake.cli.progress import progress
from dmslake.cli.session import Session
from dmslake.cli.terminal import Terminal
from dmslake.engine.applier import Outcome
from dmslake.engine.plan import Plan
from dmslake.errors import ApplyError, DmslakeError, StoppedError
from dmslake.operations import provision


def carry_out(
    terminal: Terminal, plan: Plan, session: Session, command: str
) -> tuple[Outcome, DmslakeError | None]:
    """Carry out the plan with progress on stderr; returns the outcome and the error, if any."""
    with stoppable(terminal.talk, again=leave) as stop, progress(terminal, plan) as listener:
        outcome = provision.apply(plan, session.clients, on_event=listener, stop=stop)
    return outcome, failure(plan, outcome, command)


def failure(plan: Plan, outcome: Outcome, command: str) -> DmslakeError | None:
    """Return the error that an outcome amounts to; only root causes are named."""
    if outcome.ok:
        return None
    count = f"{len(outcome.done)} of {len(plan.pending)} steps are done"
    again = f"dmslake {command} continues where this ended"
    if outcome.failed:
        if len(outcome.failed) == 1:
            ((address, error),) = outcome.failed.items()
            fix = f"{error.fix}; then {again}" if error.fix else again
            why = str(error) if str(address) in str(error) else f"{address}: {error}"
            return ApplyError(f"{command} did not finish: {count}", why=why, fix=fix)
        why = "".join(f"\n    {address}: {error}" for address, error in outcome.failed.items())
        return ApplyError(f"{command} did not finish: {count}", why=why, fix=again)
    return StoppedError(f"{command} was interrupted: {count}", fix=again)


def outcome_data(outcome: Outcome) -> dict[str, object]:
    """Return an outcome for JSON."""
    return {
        "done": [str(address) for address in outcome.done],
        "failed": {str(address): str(error) for address, error in outcome.failed.items()},
        "skipped": {str(address): why for address, why in outcome.skipped.items()},
        "interrupted": outcome.interrupted,
        "seconds": round(outcome.seconds, 1),
    }
