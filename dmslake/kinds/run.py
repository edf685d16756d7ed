"""What runs have in common, of a task on an instance and of DMS Serverless.

A run is started, resumed or loaded again, and stopped. DMS answers late here, too: a task that was
just started has still failed, and one that was just stopped may look as if it ran once more.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from dmslake.aws.clients import Clients
from dmslake.aws.errors import tolerating
from dmslake.aws.eventually import Refusal, eventually
from dmslake.engine.clock import Clock, SystemClock
from dmslake.engine.resource import (
    Attributes,
    Broken,
    Live,
    Pending,
    Ready,
    Resource,
    Settled,
)
from dmslake.errors import NotFoundError
from dmslake.kinds.dms_search import ABSENT
from dmslake.kinds.recent import Recent

StartType = Literal["start-replication", "resume-processing", "reload-target"]

_PREFIX = "Stop Reason "
# A run that ended where its settings say it ends. The others are interruptions.
_ENDS = frozenset(
    {
        "FULL_LOAD_ONLY_FINISHED", "STOPPED_AFTER_FULL_LOAD", "STOPPED_AFTER_CACHED_EVENTS",
        "STOPPED_AT_SERVER_TIME", "STOPPED_AT_COMMIT_TIME",
    }
)  # fmt: skip
# Stopped by somebody or for a moment; any other reason in the middle of a load is a failure.
_HARMLESS = frozenset({"", "NORMAL", "RECYCLE_TASK", "RECONFIGURATION_RESTART", *_ENDS})
_STARTED_BEFORE = "running for the first time"
_START_WITHIN = 300  # seconds: about ten tests of a connection, and what is on its way before it
_STOP_WITHIN = 1200  # seconds: what is starting cannot be stopped before it runs


@dataclass(frozen=True, kw_only=True)
class Course:
    """How a run stands, as DMS describes it.

    Attributes:
        started: whether it ever ran.
        load_over: whether its full load came to its end, with at least one table.
        checkpoint: where it continues in the source.
        moment: what tells this stop or failure from an earlier one.
    """

    arn: str
    status: str
    failure: str = ""
    stop_reason: str = ""
    migration_type: str = ""
    started: bool = False
    load_over: bool = False
    checkpoint: str = ""
    moment: object = None

    @property
    def reason(self) -> str:
        return self.stop_reason.removeprefix(_PREFIX)

    @property
    def loads(self) -> bool:
        return self.migration_type != "cdc"

    @property
    def ended(self) -> bool:
        """Whether it stopped because it was done."""
        return self.status == "stopped" and self.reason in _ENDS


@dataclass
class _Stop:
    """That a run was asked to stop, and how often it has been seen idle since."""

    looks: int = 0
    idle: int = 0

    def expect(self, looks: int) -> None:
        self.looks, self.idle = looks, 0

    def is_over(self, *, under_way: bool) -> bool:
        self.idle = 0 if under_way else self.idle + 1
        return self.idle >= self.looks


@dataclass(frozen=True, kw_only=True)
class Run(Resource[Clients]):
    """The run of the task or the replication `name`: exists while it runs, or once it is done."""

    restarts: ClassVar[bool] = True
    under_way: ClassVar[frozenset[str]] = frozenset({"starting", "running", "stopping"})
    passing: ClassVar[tuple[Refusal, ...]] = ()

    clock: Clock = field(default_factory=SystemClock, repr=False, compare=False)
    recent: Recent[Course] = field(default_factory=Recent, init=False, repr=False, compare=False)
    stop: _Stop = field(default_factory=_Stop, init=False, repr=False, compare=False)

    @abstractmethod
    def course(self, aws: Clients) -> Course | None:
        """Return how the run stands, or None when there is nothing to run."""

    @abstractmethod
    def request_start(self, aws: Clients, course: Course, start: StartType) -> None:
        """Call DMS to start it."""

    @abstractmethod
    def request_stop(self, aws: Clients, course: Course) -> None:
        """Call DMS to stop it."""

    def desired(self) -> Attributes:
        return {}

    def read(self, aws: Clients) -> Live | None:
        course = self.course(aws)
        if course is None:
            return None
        under_way = course.status in self.under_way
        if self.stop.looks:
            if self.stop.is_over(under_way=under_way):
                return None
            return Live(state=course.status if under_way else "stopping")
        if self.recent.is_old(course):
            return Live(state="starting")
        if under_way or course.status == "failed" or course.ended:
            return Live(state=course.status, reason=course.failure)
        return None

    def settle(self, live: Live) -> Settled:
        if live.state == "failed":
            return Broken(
                live.reason or "DMS gives no reason",
                fix="`dmslake status` shows the tables; `dmslake up` starts it again",
            )
        return Ready() if live.state in ("running", "stopped") else Pending(live.state)

    def create(self, aws: Clients) -> None:
        self.stop.expect(0)
        eventually(
            lambda: self._start(aws),
            *self.passing,
            within=_START_WITHIN,
            sleep=self.clock.sleep,
        )

    def update(self, aws: Clients, changed: Attributes) -> None:
        """Change nothing: a run has no attributes."""

    def delete(self, aws: Clients) -> None:
        with tolerating(ABSENT):
            eventually(
                lambda: self._stop(aws),
                Refusal("InvalidResourceStateFault"),
                within=_STOP_WITHIN,
                sleep=self.clock.sleep,
            )

    def outlook(self, aws: Clients) -> str:
        course = self.course(aws)
        if course is None:
            return "starts for the first time"
        return _foretold(course)

    def _start(self, aws: Clients) -> None:
        course = self.course(aws)
        if course is None:
            raise NotFoundError(f"{self.describe()}: there is nothing to run")
        if course.status in self.under_way and course.status != "stopping":
            return
        self.recent.expect(lambda later: later == course)
        begun = False
        with tolerating("InvalidParameterCombinationException", saying=_STARTED_BEFORE):
            self.request_start(aws, course, start_type(course))
            begun = True
        if not begun:  # it ran, although nothing of that is left in its description
            self.request_start(aws, course, again_type(course))

    def _stop(self, aws: Clients) -> None:
        """Ask it to stop; what "is not running" is either idle by now or about to run."""
        course = self.course(aws)
        if course is None or course.status not in self.under_way:
            self.stop.expect(1)
            return
        if course.status != "stopping":
            self.request_stop(aws, course)
        self.stop.expect(2)


def start_type(course: Course) -> StartType:
    """Return how something that does not run has to be started to lose nothing."""
    return again_type(course) if course.started else "start-replication"


def again_type(course: Course) -> StartType:
    """Return how something that ran before has to be started.

    A failed full load is loaded again: resuming it can skip to the changes with tables half empty.
    """
    failed = course.status == "failed" or course.reason not in _HARMLESS
    if course.loads and failed and not course.load_over:
        return "reload-target"
    return "resume-processing"


def _foretold(course: Course) -> str:
    match start_type(course):
        case "start-replication":
            first = "loads every table" if course.loads else "captures changes"
            return f"starts for the first time: {first}"
        case "reload-target":
            return "reloads every table: its full load did not come to its end"
        case _ if course.migration_type == "full-load":
            return "resumes: loads the tables that are not loaded yet"
        case _:
            # What a running task says of its checkpoint is not where it will have been stopped.
            if course.status not in ("stopped", "failed"):
                return "resumes where it is stopped"
            return f"resumes from {course.checkpoint or 'where it stopped'}"
