"""Runs jobs: each through its states, its tasks by several threads, the report at its end."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime

from dmslake.sandbox.cloud.batch.model import Job, JobState, Result, Shelf, Task
from dmslake.sandbox.cloud.batch.report import report_files
from dmslake.sandbox.cloud.batch.role import TEMPORARY, JobError, JobRole

_log = logging.getLogger(__name__)
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-job-status.html
_FEWEST_TASKS = 1000
_MOST_FAILED = 0.5
_ATTEMPTS = 3  # AWS does not say how often
_KEPT_EVERY = 100


class Runner:
    """The jobs at work.

    `step_seconds` is how long a state lasts that is only passed through; `sees` tells whether
    services see a role already.
    """

    def __init__(
        self, shelf: Shelf, *, threads: int, step_seconds: float, sees: Callable[[str], bool]
    ) -> None:
        self._shelf = shelf
        self._threads = threads
        self._step_seconds = step_seconds
        self._sees = sees
        self._closed = threading.Event()
        self._running: list[threading.Thread] = []

    def begin(self, job: Job) -> None:
        """Start a job, or continue it."""
        thread = threading.Thread(target=self._run, args=(job,), name=f"job-{job.id}", daemon=True)
        self._running.append(thread)
        thread.start()

    def close(self, seconds: float) -> None:
        """Begin no task any more; jobs that are not over continue when the cloud is back."""
        self._closed.set()
        for thread in self._running:
            thread.join(seconds)

    def _run(self, job: Job) -> None:
        role = JobRole(job, self._sees)
        try:
            if not self._reach(job, JobState.PREPARING):
                self._cancelled(job)
                return
            role.check()
            tasks = role.tasks()
            job.total = len(tasks)
            if job.request.get("ConfirmationRequired") == "true" and not job.reason:
                self._enter(job, JobState.SUSPENDED)
                return
            self._work(job, role, tasks)
        except JobError as error:
            self._end(job, JobState.FAILING, JobState.FAILED, error)
        except (OSError, LookupError, TypeError, ValueError):
            _log.exception("job %s broke off", job.id)
            broken = JobError("InternalError", "the sandbox's own mistake: its log tells more")
            self._end(job, JobState.FAILING, JobState.FAILED, broken)

    def _work(self, job: Job, role: JobRole, tasks: list[Task]) -> None:
        if not (self._reach(job, JobState.READY) and self._reach(job, JobState.ACTIVE)):
            self._cancelled(job)
            return
        turn = _Turn(self._shelf, job, role, tasks, self._closed)
        turn.run(self._threads)
        if self._closed.is_set() and turn.unfinished:
            return
        with self._shelf.lock:
            if job.state is JobState.ACTIVE:
                self._enter(job, JobState.FAILING if turn.has_failed else JobState.COMPLETING)
        if turn.results and job.request["Report"].get("Enabled") == "true":
            bucket = job.request["Report"]["Bucket"].rpartition(":")[2]
            for key, content in report_files(job, tasks, turn.results, _now()):
                role.put(bucket, key, content)
        self._close(job)

    def _close(self, job: Job) -> None:
        if job.state is JobState.FAILING:
            error = JobError("JobFailed", "more than half of the tasks that were run have failed")
            self._end(job, JobState.FAILING, JobState.FAILED, error)
        elif job.state is JobState.CANCELLING:
            self._cancelled(job)
        else:
            self._end(job, JobState.COMPLETING, JobState.COMPLETE)

    def _cancelled(self, job: Job) -> None:
        if job.state is JobState.CANCELLING:
            self._end(job, JobState.CANCELLING, JobState.CANCELLED)

    def _reach(self, job: Job, state: JobState) -> bool:
        """Enter a state for a while; False when the job is cancelled or the cloud stops."""
        with self._shelf.lock:
            if job.state is JobState.CANCELLING:
                return False
            self._enter(job, state)
        stopped = self._closed.wait(self._step_seconds)
        return not stopped and job.state is state

    def _enter(self, job: Job, state: JobState) -> None:
        with self._shelf.lock:
            job.state = state
            self._shelf.keep(job)

    def _end(self, job: Job, by: JobState, state: JobState, error: JobError | None = None) -> None:
        if error is not None:
            job.failures = [{"FailureCode": error.code, "FailureReason": str(error)}]
        self._enter(job, by)
        self._closed.wait(self._step_seconds)
        job.ended = _now()
        self._enter(job, state)


class _Turn:
    """The tasks of a job while they are run."""

    def __init__(
        self, shelf: Shelf, job: Job, role: JobRole, tasks: list[Task], closed: threading.Event
    ) -> None:
        self._shelf = shelf
        self._job = job
        self._role = role
        self._closed = closed
        self._lock = threading.Lock()
        self.results = shelf.results(job)
        self._left = deque((task, 1) for task in tasks if task.number not in self.results)
        self._begun = datetime.now(UTC)
        self._before = job.active_seconds
        self._under_way = 0
        self.has_failed = False
        job.succeeded = sum(one.succeeded for one in self.results.values())
        job.failed = len(self.results) - job.succeeded

    @property
    def unfinished(self) -> bool:
        return len(self.results) < self._job.total and self._job.state is JobState.ACTIVE

    def run(self, threads: int) -> None:
        working = [threading.Thread(target=self._take_all, daemon=True) for _ in range(threads)]
        for thread in working:
            thread.start()
        for thread in working:
            thread.join()
        self._shelf.keep(self._job)

    def _take_all(self) -> None:
        while self._goes_on():
            with self._lock:
                task, attempt = self._left.popleft() if self._left else (None, 0)
            if task is None:
                return
            result = self._role.invoke(task)
            if result.code == TEMPORARY and attempt < _ATTEMPTS:
                with self._lock:
                    self._left.append((task, attempt + 1))
            else:
                self._count(task, result)

    def _goes_on(self) -> bool:
        is_active = self._job.state is JobState.ACTIVE
        return is_active and not (self._closed.is_set() or self.has_failed)

    def _count(self, task: Task, result: Result) -> None:
        job = self._job
        with self._lock:
            self._shelf.add(job, task.number, result)
            self.results[task.number] = result
            job.succeeded += result.succeeded
            job.failed += not result.succeeded
            done = len(self.results)
            if done >= _FEWEST_TASKS and job.failed > _MOST_FAILED * done:
                self.has_failed = True
            job.active_seconds = self._before + int(
                (datetime.now(UTC) - self._begun).total_seconds()
            )
            if done % _KEPT_EVERY == 0:
                self._shelf.keep(job)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
