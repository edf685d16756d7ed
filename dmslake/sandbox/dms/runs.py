"""The runs of tasks that are in progress in this process, one thread each."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from dmslake.sandbox.dms.plane import Run
from dmslake.sandbox.dms.replication.model import Outcome, Progress, TableStatistics


@dataclass
class _Running:
    """A run, made in its own thread: preparing it may already need the network."""

    run: Run | None = None
    stop_asked: bool = False
    to_reload: list[tuple[str, str]] = field(default_factory=list)
    future: Future[Outcome] | None = None


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A run that is over: its outcome or the error that ended it, and its last counts."""

    future: Future[Outcome]
    statistics: Sequence[TableStatistics]
    progress: Progress | None


class Runs:
    """At most one run per task. The caller serialises access."""

    def __init__(self, pool: ThreadPoolExecutor, wake: Callable[[], None]) -> None:
        self._pool = pool
        self._wake = wake
        self._running: dict[str, _Running] = {}

    def __contains__(self, task_arn: str) -> bool:
        return task_arn in self._running

    def task_arns(self) -> list[str]:
        """Return the tasks that have a run here."""
        return list(self._running)

    def launch(self, task_arn: str, make: Callable[[], Run]) -> None:
        """Make a run and run it in a thread."""
        running = _Running()
        self._running[task_arn] = running
        future = self._pool.submit(_run, running, make)
        running.future = future
        future.add_done_callback(lambda _: self._wake())

    def stop(self, task_arn: str) -> None:
        """Ask a run to stop; asking again, or without a run, is fine."""
        running = self._running.get(task_arn)
        if running is None:
            return
        running.stop_asked = True
        if running.run is not None:
            running.run.stop()

    def reload(self, task_arn: str, tables: Sequence[tuple[str, str]]) -> None:
        """Have a run load tables again, once it is made."""
        running = self._running.get(task_arn)
        if running is not None and running.run is not None:
            running.run.reload_tables(tables)
        elif running is not None:
            running.to_reload += tables
            # It may have been made meanwhile; a table that waits for its load is left alone.
            if running.run is not None:
                running.run.reload_tables(tables)

    def take_ended(self, task_arn: str) -> Ended | None:
        """Return a run that is over, once."""
        running = self._running.get(task_arn)
        if running is None or running.future is None or not running.future.done():
            return None
        del self._running[task_arn]
        run = running.run
        return Ended(
            future=running.future,
            statistics=run.statistics() if run is not None else (),
            progress=run.progress() if run is not None else None,
        )

    def statistics(self, task_arn: str) -> Sequence[TableStatistics] | None:
        """Return the tables of a task's run, or None without one."""
        running = self._running.get(task_arn)
        return running.run.statistics() if running is not None and running.run else None

    def progress(self, task_arn: str) -> Progress | None:
        """Return the load's counts of a task's run, or None without one."""
        running = self._running.get(task_arn)
        return running.run.progress() if running is not None and running.run else None

    def stop_all(self, timeout: float) -> bool:
        """Stop every run; return whether all ended within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        for task_arn in self.task_arns():
            self.stop(task_arn)
        futures = [one.future for one in self._running.values() if one.future is not None]
        _, unfinished = wait(futures, timeout=max(0.0, deadline - time.monotonic()))
        return not unfinished


def _run(running: _Running, make: Callable[[], Run]) -> Outcome:
    run = make()
    running.run = run
    # stop() may have been called before there was anything to stop.
    if running.stop_asked:
        run.stop()
    run.reload_tables(running.to_reload)
    return run.run()
