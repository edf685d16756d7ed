"""A plan for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from rich.text import Text

from dmslake.cli.session import Session
from dmslake.cli.terminal import Terminal
from dmslake.engine.diff import ABSENT, Change
from dmslake.engine.plan import Action, Plan, Step
from dmslake.engine.resource import Interrupt

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
_SECRET = "password_fingerprint"  # noqa: S105 - an attribute's name


def show_plan(terminal: Terminal, plan: Plan, session: Session) -> None:
    """Print the plan: where, each step with its changes, and the totals."""
    account = session.clients.account
    terminal.data(f"pipeline {session.spec.name} in account {account.id}, {account.region}")
    terminal.data()
    for step in plan.steps:
        if step.action is not Action.NOTHING:
            for line in _step(step):
                terminal.data(line)
    if plan.empty:
        terminal.data("  nothing to change")
    terminal.data()
    terminal.data(summary(plan))


def show_kept(terminal: Terminal, plan: Plan) -> None:
    """Print what a removal leaves, and why."""
    for step in plan.kept:
        terminal.data(f"  kept: {step.resource.describe()}: {step.reason}")


def summary(plan: Plan) -> str:
    """Return the totals in one line."""
    parts = [f"{plan.totals[a]} {word}" for a, word in _WORDS.items() if plan.totals[a]]
    unchanged = plan.totals[Action.NOTHING]
    return ", ".join([*parts, f"{unchanged} unchanged"] if parts else ["no changes"])


def _step(step: Step) -> Iterator[Text]:
    line = Text(f"  {step.action.value} {step.resource.describe()}", style=STYLES[step.action])
    if step.reason:
        line.append(f": {step.reason}", style="default")
    yield line
    if step.action is not Action.CONFLICT:
        yield from (Text(f"      {_change(change)}") for change in step.changes)
    if step.interrupt is not Interrupt.NOTHING:
        yield Text(f"      {step.interrupt.value}", style="yellow")


def _change(change: Change) -> str:
    if change.attribute == _SECRET:
        return "password: changed"
    old, new = _text(change.old), _text(change.new)
    pairs = enumerate(zip(old, new, strict=False))
    same = next((place for place, (a, b) in pairs if a != b), min(len(old), len(new)))
    # Two long values are shown from where they begin to differ, or they would look the same.
    start = max(0, same - _LONGEST_VALUE // 2) if max(len(old), len(new)) > _LONGEST_VALUE else 0
    return f"{change.attribute}: {_short(old, start)} -> {_short(new, start)}"


def _text(value: object) -> str:
    if value is ABSENT or value is None:
        return "(not set)"
    return json.dumps(_plain(value), ensure_ascii=False, default=str)


def _short(text: str, start: int) -> str:
    shown = f"…{text[start + 1 :]}" if start else text
    return shown if len(shown) <= _LONGEST_VALUE else f"{shown[: _LONGEST_VALUE - 1]}…"


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (tuple, list, frozenset)):
        return [_plain(inner) for inner in value]
    return None if value is ABSENT else value


def plan_data(plan: Plan, session: Session) -> dict[str, object]:
    """Return the plan for JSON. Secrets are not in it: the engine never sees their values."""
    account = session.clients.account
    return {
        "pipeline": session.spec.name,
        "account": account.id,
        "region": account.region,
        "changes": len(plan.pending),
        "totals": {a.name.lower(): count for a, count in sorted(plan.totals.items(), key=str)},
        "steps": [_step_data(step) for step in plan.steps],
    }


def _step_data(step: Step) -> dict[str, object]:
    return {
        "address": str(step.address),
        "action": step.action.name.lower(),
        "reason": step.reason,
        "task": step.interrupt.name.lower(),
        "changes": [
            {"attribute": c.attribute, "old": _plain(c.old), "new": _plain(c.new)}
            for c in step.changes
        ],
    }
