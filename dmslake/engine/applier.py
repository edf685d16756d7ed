"""Carry out a plan: everything at the same time that the graph allows.

A job whose prerequisite failed is skipped, so that only root causes are reported; running the same
command again continues where this run ended. What ran before and was stopped for a change that
failed or was interrupted is started again; where that cannot be, the user is told how it is.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import Any

from dmslake.engine.assessment import resource_changes
from dmslake.engine.clock import Clock, SystemClock
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
from dmslake.engine.resuming import obstacle_to_resuming
from dmslake.engine.waiter import Guard, Waiter
from dmslake.errors import DmslakeError, StoppedError, WaitError
from dmslake.pausing import stopped_by

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
    """Carries out one plan, once.

    Attributes:
        workers: how many jobs run at the same time.
        superseded: whether somebody else goes on with the plan's resources by now: then nothing is
            put back.
    """

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
        self.superseded: Callable[[], bool] = lambda: False
        self._plan = plan
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
        self._stopped: set[Address] = set()
        self._outcome = Outcome()

    def run(self) -> Outcome:
        """Carry out the plan and say what became of every step.

        Once `stop` is set, the calls in flight finish, waiting ends, nothing new starts but what
        was stopped for a change, and the outcome says `interrupted`.
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
        self._stopped.add(step.address)
        resource.delete(self._aws)
        try:
            self._waiter.until_gone(resource, self._reporter(step))
        except WaitError as error:
            if resource.insists:
                raise
            self._tell(Noted(text=f"{error.what}; going on without", **self._facts(step)))

    def _resume_what_was_stopped(self) -> None:
        """Start again what was stopped for a change that was not made; tell how it is then."""
        for address, why in list(self._outcome.skipped.items()):
            step = self._steps[address]
            if step.action is Action.RESTART and address in self._stopped:
                with stopped_by(self._stop):
                    text = self._resume(step, why)
                self._tell(Noted(text=text, **self._facts(step)))

    def _resume(self, step: Step, why: str) -> str:
        """Start something again if that can be; return how it is now.

        The call is made even once `stop` is set, which ends nothing but the waiting.
        """
        if self.superseded():
            return "it is stopped: whoever took over goes on with it"
        obstacle = obstacle_to_resuming(step, self._plan, self._outcome.done)
        if obstacle:
            return f"it is stopped until the change is made: {obstacle}"
        try:
            with self._guard(step.address):
                step.resource.create(self._aws)
        except StoppedError:
            return (
                "it is stopped, or about to be: it cannot be started while the service works on it"
            )
        except DmslakeError as error:
            return f"it is stopped, and could not be started again: {error}"
        return self._resumed(step, "this was interrupted" if self._stop.is_set() else why)

    def _resumed(self, step: Step, why: str) -> str:
        try:
            self._waiter.until_ready(step.resource, self._reporter(step))
        except StoppedError:
            return f"it was started again, and not waited for: {why}"
        except DmslakeError as error:
            return f"it was started again, and does not run: {error}"
        if any(base in self._outcome.done for base in step.resource.lives_on):
            return f"it runs again; the change is not complete, because {why}"
        return f"it runs again as it was: the change was not made, because {why}"

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
