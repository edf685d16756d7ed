"""A plan as people read it: each change, what it does to the running task, and the totals."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

from rich.text import Text

from dmslake.cli.session import Session
from dmslake.cli.terminal import Terminal
from dmslake.engine.diff import ABSENT, Change
from dmslake.engine.plan import Action, Plan, Step
from dmslake.engine.resource import Interrupt
from dmslake.kinds.drain import Drain
from dmslake.kinds.queue_drain import QueueDrain
from dmslake.operations.masking import is_secret, masked

STYLES = {
    Action.CREATE: "green",
    Action.UPDATE: "yellow",
    Action.REPLACE: "bold red",
    Action.RESTART: "yellow",
    Action.WAIT: "cyan",
    Action.DELETE: "red",
    Action.KEEP: "dim",
    Action.CONFLICT: "bold red",
    Action.NOTHING: "dim",
}
_WORDS = {
    Action.CREATE: "to create",
    Action.UPDATE: "to change",
    Action.REPLACE: "to replace",
    Action.RESTART: "to restart",
    Action.WAIT: "to wait for",
    Action.DELETE: "to remove",
    Action.KEEP: "to keep",
    Action.CONFLICT: "in the way",
}
_LONGEST_VALUE = 70
_FINGERPRINT = "password_fingerprint"
_DRAINS = "until the loader has moved what is there"
_RESUMES = "resumes from "  # and there follows the position
_IN_PLACE = "in place: " + Interrupt.NOTHING.value


def show_plan(terminal: Terminal, plan: Plan, session: Session, *, removal: bool = False) -> None:
    """Print the plan: where, each step with its changes, and the totals.

    In a removal, what is not there is nobody's concern.
    """
    account = session.clients.account
    terminal.data(f"pipeline {session.spec.name} in account {account.id}, {account.region}")
    terminal.data()
    for step in plan.steps:
        if step.action is not Action.NOTHING:
            for line in _step(step, plan):
                terminal.data(line)
    if plan.empty:
        terminal.data("  nothing to change")
    terminal.data()
    terminal.data(summary(plan, removal=removal))


def show_warnings(terminal: Terminal, warnings: tuple[str, ...]) -> None:
    """Print what AWS would accept and the user may not want."""
    for warning in warnings:
        terminal.talk(Text(f"warning: {warning}", style="yellow"))


def show_kept(terminal: Terminal, plan: Plan) -> None:
    """Print what a removal leaves, and why."""
    for step in plan.kept:
        terminal.data(f"  kept: {step.resource.describe()}: {step.reason}")


def summary(plan: Plan, *, removal: bool = False) -> str:
    """Return the totals in one line; in a removal without what is not there."""
    totals = Counter(shown_action(step) for step in plan.steps)
    parts = [f"{totals[action]} {word}" for action, word in _WORDS.items() if totals[action]]
    if not parts:
        return "no changes"
    return ", ".join(parts if removal else [*parts, f"{totals[Action.NOTHING]} unchanged"])


def shown_action(step: Step) -> Action:
    """Return what a step looks like to a user: a drain is waited for, whatever the engine does."""
    waits = step.action is Action.DELETE and isinstance(step.resource, Drain | QueueDrain)
    return Action.WAIT if waits else step.action


def _step(step: Step, plan: Plan) -> Iterator[Text]:
    action = shown_action(step)
    line = Text(f"  {action.value} {step.resource.describe()}", style=STYLES[action])
    reason = step.reason if action is step.action else _DRAINS
    if reason:
        line.append(f": {reason}", style="default")
    yield line
    if action is not Action.CONFLICT:
        yield from _changes(step, plan)
    elif step.adoptable:
        yield Text(f"      `dmslake up --adopt {step.address}` takes it over")
    if step.note:
        yield Text(f"      {step.note}", style="yellow" if action.removes else "default")


def _changes(step: Step, plan: Plan) -> Iterator[Text]:
    """Yield each change; its effect once below them all, or beside each where they differ."""
    interrupts = step.resource.interrupts
    effects = [interrupts.get(change.top, Interrupt.NOTHING) for change in step.changes]
    mixed = len(set(effects)) > 1 and step.action is Action.UPDATE
    for change, effect in zip(step.changes, effects, strict=True):
        beside = f"  ({_effect(effect, plan)})" if mixed else ""
        yield Text(f"      {_change(change)}{beside}")
    if mixed:
        return
    if step.interrupt is not Interrupt.NOTHING:
        yield Text(f"      {_effect(step.interrupt, plan)}", style="yellow")
    elif step.action is Action.UPDATE:
        yield Text(f"      {_IN_PLACE}", style="dim")


def _effect(interrupt: Interrupt, plan: Plan) -> str:
    """Return what a change does to the task, with the position where that is known."""
    if interrupt is Interrupt.NOTHING:
        return _IN_PLACE
    effect: str = interrupt.value
    restarted = (step.note for step in plan.steps if step.action is Action.RESTART)
    note = next((note for note in restarted if _RESUMES in note), "")
    return f"{effect} ({note})" if note and interrupt is Interrupt.RESTARTS else effect


def _change(change: Change) -> str:
    if _FINGERPRINT in change.attribute:
        return "password: changed"
    if is_secret(change.attribute):
        return f"{change.attribute}: changed"
    old, new = _text(change.old), _text(change.new)
    pairs = enumerate(zip(old, new, strict=False))
    same = next((place for place, (a, b) in pairs if a != b), min(len(old), len(new)))
    # Two long values are shown from where they begin to differ, or they would look the same.
    start = max(0, same - _LONGEST_VALUE // 2) if max(len(old), len(new)) > _LONGEST_VALUE else 0
    return f"{change.attribute}: {_short(old, start)} -> {_short(new, start)}"


def _text(value: object) -> str:
    if value is ABSENT or value is None:
        return "(not set)"
    return json.dumps(masked(value), ensure_ascii=False)


def _short(text: str, start: int) -> str:
    shown = f"…{text[start + 1 :]}" if start else text
    return shown if len(shown) <= _LONGEST_VALUE else f"{shown[: _LONGEST_VALUE - 1]}…"
