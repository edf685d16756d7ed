"""A plan while it is carried out: a live tree on a terminal, plain lines everywhere else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from dmslake.cli.plan_view import STYLES, shown_action
from dmslake.cli.terminal import Terminal
from dmslake.engine.events import (
    Event,
    Failed,
    Finished,
    Listener,
    Noted,
    Skipped,
    Started,
    Waiting,
)
from dmslake.engine.plan import Action, Plan
from dmslake.engine.resource import Address

_HEARTBEAT = 30.0
_DOING = {
    Action.CREATE: "creating",
    Action.UPDATE: "changing",
    Action.REPLACE: "replacing",
    Action.RESTART: "restarting",
    Action.WAIT: "waiting for",
    Action.DELETE: "removing",
}


@contextmanager
def progress(terminal: Terminal, plan: Plan) -> Iterator[Listener]:
    """Yield a listener that shows the events of the applier."""
    if not terminal.animated:
        yield PlainProgress(terminal, plan)
        return
    tree = LiveProgress(plan)
    with Live(tree.render(), console=terminal.err, refresh_per_second=10) as live:

        def listener(event: Event) -> None:
            if isinstance(event, Noted):  # it stays above what is drawn anew
                live.console.print(Text(tree.note(event)))
            tree(event)
            live.update(tree.render())

        yield listener


class PlainProgress:
    """One line per change of state, and a heartbeat while nothing changes."""

    def __init__(self, terminal: Terminal, plan: Plan) -> None:
        self._terminal = terminal
        self._names = {step.address: step.resource.describe() for step in plan.pending}
        self._actions = {step.address: shown_action(step) for step in plan.pending}
        self._last: dict[Address, tuple[str, float]] = {}

    def __call__(self, event: Event) -> None:
        name = self._names[event.address]
        match event:
            case Started():
                self._say(event, f"{_DOING[self._actions[event.address]]} {name}")
            case Waiting(what=what, elapsed=elapsed, usual=usual):
                self._wait(event, _waiting(name, what), elapsed, usual)
            case Finished(elapsed=elapsed):
                self._say(event, f"{name}: done ({elapsed:.1f} s)")
            case Failed(error=error):
                self._say(event, f"{name}: failed: {error}")
            case Skipped(why=why):
                self._say(event, f"{name}: skipped: {why}")
            case Noted(text=text):
                self._say(event, f"{name}: {text}")

    def _wait(self, event: Event, text: str, elapsed: float, usual: float) -> None:
        told, when = self._last.get(event.address, ("", 0.0))
        if text != told:
            self._last[event.address] = (text, elapsed)
            self._say(event, text)
        elif elapsed - when >= _HEARTBEAT:
            self._last[event.address] = (text, elapsed)
            self._say(event, f"{text} ({elapsed:.0f} s so far; usually {usual:.0f} s)")

    def _say(self, event: Event, text: str) -> None:
        self._terminal.talk(f"{self._actions[event.address].value} {text}")


def _waiting(name: str, what: str) -> str:
    """Join a name and a state: a service's own word makes a sentence, more words stand alone."""
    return f"{name}: {what}" if " " in what else f"{name} is {what}"


class LiveProgress:
    """The pending resources in the order of the plan, each with its state."""

    def __init__(self, plan: Plan) -> None:
        self._rows = {
            step.address: (step.resource.describe(), shown_action(step)) for step in plan.pending
        }
        self._events: dict[Address, Event] = {}
        self._spinner = Spinner("dots", style="cyan")

    def __call__(self, event: Event) -> None:
        if not isinstance(event, Noted):  # a note is no state
            self._events[event.address] = event

    def note(self, event: Noted) -> str:
        """Return the line that keeps a note in sight."""
        name, _ = self._rows[event.address]
        return f"! {name}: {event.text}"

    def render(self) -> Table:
        table = Table.grid(padding=(0, 1))
        for address, (name, action) in self._rows.items():
            event = self._events.get(address)
            sign = Text(action.value, style=STYLES[action])
            table.add_row("", self._mark(event), sign, name, _state(event, action))
        return table

    def _mark(self, event: Event | None) -> Spinner | Text:
        match event:
            case Started() | Waiting():
                return self._spinner
            case Finished():
                return Text("✓", style="green")
            case Failed():
                return Text("✗", style="bold red")
            case Skipped():
                return Text("-", style="dim")
            case _:
                return Text("·", style="dim")


def _state(event: Event | None, action: Action) -> Text:
    match event:
        case Started():
            return Text(_DOING[action], style="cyan")
        case Waiting(what=what, elapsed=elapsed, usual=usual):
            return Text(f"{what} {elapsed:.0f} s (usually {usual:.0f} s)", style="cyan")
        case Finished(elapsed=elapsed):
            return Text(f"{elapsed:.1f} s", style="dim")
        case Failed(error=error):
            return Text(f"failed: {error}", style="red")
        case Skipped(why=why):
            return Text(f"skipped: {why}", style="dim")
        case _:
            return Text("")
