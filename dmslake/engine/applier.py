"""Carry out a plan: everything at the same time that the graph allows.

A job whose prerequisite failed is skipped, so that only root causes are reported; running the same
command again continues where this run ended. What ran before and was stopped for a change that
failed is started again as it was.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import Any

from dmslake.engine.assessment import resource_changes
from dmslake.engine.clock import Clock, SystemClock, stopped_by
from dmslake.engine.events import (
    Event,
    Failed,
    Finished,
    Listener,
    Noted,
    Skipped,
    Started,
    Waiting,
    ignore,
)
from dmslake.engine.jobs import Job, Phase, jobs_of
from dmslake.engine.plan import Action, Plan, Step
from dmslake.engine.resource import Address, Attributes
from dmslake.engine.waiter import Guard, Waiter
from dmslake.errors import DmslakeError, StoppedError, WaitError

_WORKERS = 16


@dataclass
class Outcome:
    """What became of every step of a plan; `seconds` is how long the whole took."""

    done: list[Address] = field(default_factory=list)
    failed: dict[Address, DmslakeError] = field(default_factory=dict)
    skipped: dict[Address, str] = field(default_factory=dict)
    interrupted: bool = False
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        return not self.failed and not self.skipped and not self.interrupted


class Applier:
    """Carries out one plan, once, with `workers` jobs at the same time."""

    def __init__(
        self,
        plan: Plan,
        aws: object,
        guard: Guard,
        *,
        on_event: Listener = ignore,
        clock: Clock | None = None,
        stop: threading.Event | None = None,
    ) -> None:
        self.workers = _WORKERS
        self._steps = {step.address: step for step in plan.pending}
        self._jobs = jobs_of(plan)
        self._aws = aws
        self._guard = guard
        self._on_event = on_event
        self._stop = stop or threading.Event()
        self._clock = clock or SystemClock(self._stop)
        self._waiter = Waiter(aws=aws, clock=self._clock, guard=guard, stop=self._stop)
        self._lock = threading.Lock()
        self._began: dict[Address, float] = {}
        self._lost: set[Job] = set()
        self._outcome = Outcome()

    def run(self) -> Outcome:
        """Carry out the plan and say what became of every step.

        Once `stop` is set, the calls in flight finish, nothing new starts, and the outcome says
        `interrupted`.
        """
        began = self._clock.now()
        sorter = TopologicalSorter(self._jobs)
        sorter.prepare()
        with ThreadPoolExecutor(self.workers, thread_name_prefix="apply") as pool:
            running: dict[Future[None], Job] = {}
            while sorter.is_active():
                for job in sorter.get_ready():
                    running[pool.submit(self._attempt, job)] = job
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    future.result()
                    sorter.done(running.pop(future))
        self._resume_what_was_stopped()
        self._outcome.interrupted = self._stop.is_set()
        self._outcome.seconds = self._clock.now() - began
        return self._outcome

    def _attempt(self, job: Job) -> None:
        step = self._steps[job.address]
        obstacle = self._obstacle(job)
        if obstacle is not None:
            self._skip(job, step, obstacle)
            return
        self._begin(step)
        try:
            with stopped_by(self._stop), self._guard(job.address):
                self._carry_out(job, step)
        except StoppedError:
            self._skip(job, step, "interrupted while it was waited for")
        except DmslakeError as error:
            self._fail(job, step, error)
        else:
            self._complete(job, step)

    def _obstacle(self, job: Job) -> str | None:
        if self._stop.is_set():
            return "interrupted"
        for before in sorted(self._jobs[job] & self._lost, key=lambda lost: lost.address):
            if before.phase is Phase.MAKE:
                return f"it needs {before.address}"
            return f"{before.address} could not be removed"
        return None

    def _begin(self, step: Step) -> None:
        if step.address not in self._began:
            self._began[step.address] = self._clock.now()
            self._tell(Started(**self._facts(step)))

    def _skip(self, job: Job, step: Step, why: str) -> None:
        self._lost.add(job)
        outcome = self._outcome
        if step.address not in outcome.failed and step.address not in outcome.skipped:
            outcome.skipped[step.address] = why
            self._tell(Skipped(why=why, **self._facts(step)))

    def _fail(self, job: Job, step: Step, error: DmslakeError) -> None:
        self._lost.add(job)
        self._outcome.failed[step.address] = error
        self._tell(Failed(error=error, **self._facts(step)))

    def _complete(self, job: Job, step: Step) -> None:
        if job.phase is Phase.MAKE or not step.action.makes:
            self._outcome.done.append(step.address)
            self._tell(Finished(**self._facts(step)))

    def _carry_out(self, job: Job, step: Step) -> None:
        if job.phase is Phase.REMOVE:
            self._remove(step)
            return
        changed = self._make(step)
        if changed:
            step.resource.update(self._aws, changed)
        self._waiter.until_ready(step.resource, self._reporter(step))

    def _remove(self, step: Step) -> None:
        resource = step.resource
        note = resource.parting(self._aws)
        if note:
            self._tell(Noted(text=note, **self._facts(step)))
        resource.delete(self._aws)
        try:
            self._waiter.until_gone(resource, self._reporter(step))
        except WaitError as error:
            if resource.insists:
                raise
            self._tell(Noted(text=f"{error.what}; going on without", **self._facts(step)))

    def _resume_what_was_stopped(self) -> None:
        """Start again what was stopped for a change that failed, unless its base is gone."""
        if self._stop.is_set():
            return
        for address, why in list(self._outcome.skipped.items()):
            step = self._steps[address]
            removed, made = Job(address, Phase.REMOVE), Job(address, Phase.MAKE)
            stopped = step.action is Action.RESTART and step.resource.removable
            if stopped and made in self._lost and removed not in self._lost:
                self._resume(step, why)

    def _resume(self, step: Step, why: str) -> None:
        if any(self._is_replaced(base) for base in step.resource.lives_on):
            return
        try:
            with self._guard(step.address):
                step.resource.create(self._aws)
                self._waiter.until_ready(step.resource, self._reporter(step))
        except DmslakeError as error:
            text = f"it is stopped, and could not be started again: {error}"
        else:
            text = f"it runs again as it was: the change was not made, because {why}"
        self._tell(Noted(text=text, **self._facts(step)))

    def _is_replaced(self, address: Address) -> bool:
        step = self._steps.get(address)
        return step is not None and step.action is Action.REPLACE

    def _make(self, step: Step) -> Attributes:
        """Create, or find out what has to change: returns what is left to update."""
        resource = step.resource
        if step.action is Action.UPDATE:
            names = {change.top for change in step.changes}
        elif step.action is Action.WAIT:
            live = self._waiter.until_settled(resource, self._reporter(step))
            if live is None:  # it was on its way out
                resource.create(self._aws)
                return {}
            names = {change.top for change in resource_changes(resource, live)}
        else:
            resource.create(self._aws)
            return {}
        return {name: value for name, value in resource.desired().items() if name in names}

    def _reporter(self, step: Step) -> Callable[[str], None]:
        usual = step.resource.patience.usual

        def report(what: str) -> None:
            self._tell(Waiting(what=what, usual=usual, **self._facts(step)))

        return report

    def _facts(self, step: Step) -> dict[str, Any]:
        began = self._began.get(step.address)
        elapsed = 0.0 if began is None else self._clock.now() - began
        return {"address": step.address, "action": step.action, "elapsed": elapsed}

    def _tell(self, event: Event) -> None:
        with self._lock:
            self._on_event(event)
