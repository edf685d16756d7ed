"""Follows the change stream until it is told to stop, and never confirms what is not in S3.

One thread reads, renders and collects; loads and uploads run beside it and wake it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import psycopg2

from dmslake.sandbox.dms.replication.applying import Applier, ApplyRules
from dmslake.sandbox.dms.replication.connections import is_lost_connection, reason
from dmslake.sandbox.dms.replication.failures import ConnectionFailure, RunStoppedError, TaskError
from dmslake.sandbox.dms.replication.loads import Loads
from dmslake.sandbox.dms.replication.model import StopReason
from dmslake.sandbox.dms.replication.pgoutput import Begin
from dmslake.sandbox.dms.replication.publications import Publications, find_slot
from dmslake.sandbox.dms.replication.retrying import Patience
from dmslake.sandbox.dms.replication.routing import Router
from dmslake.sandbox.dms.replication.run_context import RunContext
from dmslake.sandbox.dms.replication.stream import ChangeStream, lsn_text
from dmslake.sandbox.dms.replication.uploads import Uploads
from dmslake.sandbox.dms.replication.watching import CatalogWatch, Finding, current_position

_logger = logging.getLogger(__name__)
_READ_AT_ONCE = 1000
# The catalog is looked at, and the checkpoint saved, every second; less often where there are so
# many tables that this would take more than a tenth of the time.
_OFTEN_SECONDS = 1.0
_SELDOM_SECONDS = 10.0
_PART_OF_TIME = 10
_LONGEST_WAIT_SECONDS = 0.5
_UNSTORED_BYTES = 256 * 1024 * 1024
_COMPLETE_TRANSACTION_SECONDS = 10.0


class Capture:
    """The changes of a task, from its slot to its files.

    `save` is called with the confirmed position whenever a later run would start elsewhere.
    """

    def __init__(self, context: RunContext, loads: Loads, save: Callable[[int], None]) -> None:
        self._context = context
        self._loads = loads
        self._save = save
        self._uploads = Uploads(
            context.staging, context.task.recoverable_errors, context.waker.wake
        )
        self.router = Router(context, loads, self._uploads)
        self._stream = ChangeStream(context.source, context.names, context.slot)
        self._applier = Applier(
            ApplyRules(
                session=context.session,
                target=context.target,
                task=context.task,
                output_of=self.router.output_of,
            )
        )
        self._watch = CatalogWatch(context.tables, context.selection)
        self._findings: list[Finding] = []
        self._next_look = self._next_save = 0.0
        self._confirmed = (0, 0)
        self._loads_ended_at: int | None = None
        self._patience = Patience(context.task.recoverable_errors, context.stopping)

    @property
    def confirmed(self) -> int:
        """The position before which everything is in S3."""
        return self._confirmed[0]

    def run(self) -> StopReason:
        """Follow the stream to its end: a stop that was asked for, or one the settings ask for.

        Raises:
            TaskError: it cannot go on. What is not in S3 was not confirmed.
        """
        try:
            stop_reason = self._follow_through_losses()
            self._finish(stop_reason)
        finally:
            self._uploads.abandon()
            self.router.discard_all()
            self._stream.close()
        return stop_reason

    def _follow_through_losses(self) -> StopReason:
        while True:
            try:
                self._stream.open()
                # The server does not know yet what it was told over another connection.
                self._confirmed = (self.confirmed, 0)
                return self._follow()
            except (ConnectionFailure, psycopg2.Error) as error:
                if isinstance(error, psycopg2.Error) and not (
                    is_recoverable(error) or self._context.stopping.is_set()
                ):
                    raise _refusal(error) from error
                self._stream.close()
                self._context.session.close()
                try:
                    self._patience.pause(error)
                except RunStoppedError:
                    return StopReason.NORMAL

    def _follow(self) -> StopReason:
        give_up = 0.0
        while True:
            if self._context.stopping.is_set():
                give_up = give_up or time.monotonic() + _COMPLETE_TRANSACTION_SECONDS
                # A transaction that is cut in the middle would come again as a whole.
                if not self._stream.in_transaction or time.monotonic() > give_up:
                    return StopReason.NORMAL
            self._keep_house()
            if (ended := self._ended_by_settings()) is not None:
                return ended
            self._read_some()

    def _read_some(self) -> None:
        for count in range(_READ_AT_ONCE):
            message = self._stream.read()
            if message is None:
                if not count:
                    self._stream.wait(self._pause(), self._context.waker)
                    self._context.waker.clear()
                return
            self._patience.reset()
            if isinstance(message, Begin):
                self._take_effect(message.commit_lsn)
            self._applier.apply(message)
            self._stream.accept(message)

    def _pause(self) -> float:
        due = self.router.next_due()
        if due is None:
            return _LONGEST_WAIT_SECONDS
        left = (due - self._context.clock()).total_seconds()
        return min(_LONGEST_WAIT_SECONDS, max(0.001, left))

    def _keep_house(self) -> None:
        self._uploads.check()
        for result in self._loads.results():
            self.router.load_ended(result)
            self._save_checkpoint()
        while not self._context.reloads.empty():
            self.router.reload(self._context.reloads.get())
        self._take_effect(self._stream.end)
        self.router.begin_loads()
        self.router.close_due()
        self._look_at_catalog()
        self._confirm()
        while self._uploads.waiting_bytes > _UNSTORED_BYTES and not self._context.stopping.wait(
            _LONGEST_WAIT_SECONDS
        ):
            self._uploads.check()

    def _take_effect(self, position: int) -> None:
        while self._findings and self._findings[0].lsn <= position:
            self.router.take_effect(self._findings.pop(0))

    def _look_at_catalog(self) -> None:
        began = time.monotonic()
        if began < self._next_look:
            return
        session = self._context.session()
        publications = Publications(session, self._context.names)
        self._findings += self._watch.look(session, publications)
        self._next_look = _next_time(began)

    def _confirm(self) -> None:
        pending = self.router.pending_lsn()
        written = self._stream.end if pending is None else min(pending, self._stream.end)
        if not written or (written, self._stream.end) == self._confirmed:
            return
        self._stream.confirm(written)
        self._confirmed = (written, self._stream.end)
        if time.monotonic() >= self._next_save:
            self._save_checkpoint()

    def _save_checkpoint(self) -> None:
        began = time.monotonic()
        self._save(self.confirmed)
        self._next_save = _next_time(began)

    def _ended_by_settings(self) -> StopReason | None:
        task = self._context.task
        if not (task.stop_before_cached_changes or task.stop_after_cached_changes):
            return None
        if any(table.waits_for_load for table in self._context.tables.all()):
            return None
        if task.stop_before_cached_changes:
            return StopReason.STOPPED_AFTER_FULL_LOAD
        if self._loads_ended_at is None:
            self._loads_ended_at = current_position(self._context.session())
        if self._stream.end >= self._loads_ended_at:
            return StopReason.STOPPED_AFTER_CACHED_EVENTS
        return None

    def _finish(self, stop_reason: StopReason) -> None:
        """Store what is pending, confirm it, and make the server remember."""
        if stop_reason is not StopReason.STOPPED_AFTER_FULL_LOAD:
            self.router.close_all()
        self._uploads.finish(self._context.seconds_to_store)
        try:
            self._confirm()
            self._stream.close()
            self._await_server()
        except (psycopg2.Error, ConnectionFailure) as error:
            # Everything is in S3; the server will merely send some of it again.
            _logger.warning("the position could not be confirmed: %s", error)

    def _await_server(self) -> None:
        connection = self._context.session()
        slot = find_slot(connection, self._context.slot)
        if slot is not None and slot.active_pid is None and slot.confirmed < self.confirmed:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_replication_slot_advance(%s, %s)",
                    (self._context.slot, lsn_text(self.confirmed)),
                )


def _refusal(error: psycopg2.Error) -> TaskError:
    return TaskError(
        "changes cannot be captured any more",
        why=reason(error),
        fix="put that right and resume the task; reload it if its replication slot is lost",
    )


def _next_time(began: float) -> float:
    now = time.monotonic()
    return now + min(max(_OFTEN_SECONDS, _PART_OF_TIME * (now - began)), _SELDOM_SECONDS)


def is_recoverable(error: psycopg2.Error) -> bool:
    """Tell whether opening the stream again may help: the session broke, or its slot is in use."""
    return is_lost_connection(error) or error.pgcode == "55006"
