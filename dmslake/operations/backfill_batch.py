"""The backfill for what outgrows one machine: S3 Batch Operations calls the deployed loader.

The ledger says what is to be moved, as for the local engine. A small job goes first; whatever fails
for a time is tried again in a job of its own; what the reports call done is compared with the lake.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from dmslake.aws.clients import Clients
from dmslake.aws.errors import translating
from dmslake.backfill.batch.checking import check, forget_lake
from dmslake.backfill.batch.following import COMPLETE, Sight, follow, look
from dmslake.backfill.batch.jobs import JobNote, JobNotes
from dmslake.backfill.batch.manifest import pending, write_manifest
from dmslake.backfill.batch.report import read_report
from dmslake.backfill.batch.request import Terms, begin_job
from dmslake.backfill.batch.settling import take_report, take_whole_report
from dmslake.backfill.clock import steady
from dmslake.backfill.connecting import connect_store, terms_of
from dmslake.backfill.ledger import Ledger, State, Tally
from dmslake.backfill.ledgers import finish, here, open_ledger
from dmslake.backfill.mender import S3Mender
from dmslake.backfill.run import Progress, Run
from dmslake.backfill.store import StoreError
from dmslake.blueprint.loader_config import loader_config
from dmslake.blueprint.names import Names
from dmslake.errors import CloudError
from dmslake.operations.backfill import Summary, Wish, about_run
from dmslake.operations.backfill_batch_manifest import chosen_of, whole_note
from dmslake.operations.backfill_batch_options import FOLLOWING, BatchOptions, BatchProgress
from dmslake.operations.backfill_batch_parts import (
    ensure_role,
    folder_of,
    pinned_function,
    remove_parts,
)
from dmslake.spec import Spec

ENGINE = "s3-batch"
NOT_COMPARED = (
    "S3 made the manifest: only what the report calls failed is known by name, and the lake was "
    "not compared with it; dmslake verify does that"
)
_ROLE_TRIES = 3
_MOST_FAILED = 0.5


def backfill_by_batch(
    spec: Spec,
    clients: Clients,
    wish: Wish,
    *,
    options: BatchOptions | None = None,
    on_progress: Callable[[BatchProgress], None],
    stop: threading.Event,
) -> Summary:
    """Have S3 Batch Operations copy what the lake lacks, or go on with a run that was left.

    Setting `stop` leaves a job running, to which the next run reattaches. Raises LedgerError,
    UsageError, and CloudError when a job fails as a whole.
    """
    options = options or BatchOptions()
    config = loader_config(spec, Names(spec.name, clients.account))
    folder = here(clients.account.id, clients.account.region, spec.name)
    about = about_run(config, wish, ENGINE)
    if options.manifest:
        about["manifest"] = options.manifest
    ledger, continued = open_ledger(folder, about, restart=wish.restart)
    try:
        with translating("looking at the buckets"):
            terms = terms_of(config, clients)
        store, _ = connect_store(terms, clients, wish.options.connections)
        started = steady()

        def listing(progress: Progress) -> None:
            seconds = steady() - started
            on_progress(BatchProgress(step="listing", seconds=seconds, listed=progress.listed))

        run = Run(
            ledger=ledger, store=store, mender=S3Mender.of(clients, terms, config),
            router=config.router(), terms=terms, selection=wish.selection, options=wish.options,
            on_progress=listing, stop=stop,
        )  # fmt: skip
        work = _Work(spec, clients, run, options, on_progress=on_progress, started=started)
        if continued and work.notes.open() is None:
            ledger.again()
        finished = work.carry_out()
        return work.summary(continued=continued, finished=finished)
    finally:
        ledger.close()


class _Work:
    """A run by jobs while it is carried out."""

    def __init__(
        self,
        spec: Spec,
        clients: Clients,
        run: Run,
        options: BatchOptions,
        *,
        on_progress: Callable[[BatchProgress], None],
        started: float,
    ) -> None:
        self._spec = spec
        self._clients = clients
        self._run = run
        self._options = options
        self._on_progress = on_progress
        self._started = started
        self._ledger: Ledger = run.ledger
        self.notes = JobNotes(run.ledger)
        self._tries = 0
        self._retried = 0

    def carry_out(self) -> bool:
        """Do everything that is left; tells whether it came to the end. Raises CloudError."""
        try:
            self._list()
            if self._run.stop.is_set() or not self._move():
                return False
            if not self._options.manifest:
                forget_lake(self._ledger)
                self._tell("comparing with the lake")
                self._run.list_lake()
        except StoreError as error:
            raise CloudError(
                "a bucket cannot be listed",
                why=str(error),
                fix="run it again when the cause is removed: it continues where it ended",
                service_code=error.answer.code,
                operation="ListObjectsV2",
            ) from error
        finally:
            self._run.store.close()
        if self._run.stop.is_set():
            return False
        if not self._options.manifest:
            check(self._ledger, self._run.mender.mend)
        remove_parts(self._clients, self._spec, self._ledger)
        finish(self._ledger)
        return True

    def summary(self, *, continued: bool, finished: bool) -> Summary:
        """Return what the run came to."""
        return Summary(
            tallies=self._tallies(),
            failures=tuple(self._ledger.failures()),
            ledger=self._ledger.path,
            engine=ENGINE,
            continued=continued,
            finished=finished,
            seconds=steady() - self._started,
            retries=self._retried,
            notes=(NOT_COMPARED,) if self._options.manifest else (),
        )

    def _tallies(self) -> dict[State, Tally]:
        """Count the objects by what became of them; S3 does not tell the size of what it found."""
        found = self._ledger.tallies()
        for note in self.notes.all():
            if note.is_whole and note.state == COMPLETE:
                copied = found.get(State.COPIED, Tally(0, 0))
                found[State.COPIED] = copied._replace(objects=copied.objects + note.succeeded)
        return found

    def _list(self) -> None:
        if "staging_listed" in self._ledger.about():
            return
        if self._options.manifest:
            self._run.list_first(self._options.canary)
        else:
            self._run.list_lake()
            self._run.list_staging()
        if not self._run.stop.is_set():
            self._ledger.note("staging_listed", "yes")
            self._ledger.commit()

    def _move(self) -> bool:
        """Make one job after another; tells whether all is moved or failed."""
        while (note := self._present()) is not None:
            seen = self._follow(note)
            if not seen.is_over:
                return False
            self._take(note, seen)
            # A role that was just made is not seen everywhere at once: such a job read nothing.
            is_early = seen.state == "Failed" and not seen.total and self._tries > 0
            if seen.state != COMPLETE and not is_early:
                self._refuse(note, seen)
            self._tries -= is_early
            if is_early and self._run.stop.wait(self._options.role_seconds):
                return False
        return True

    def _present(self) -> JobNote | None:
        """Return the job that runs, or begin the next one; None when nothing is left to move."""
        while (note := self.notes.open()) or self._is_pending() or self._whole_is_due():
            if note is not None and note.job:
                return note
            terms = self._terms()
            note = note or self._next()
            if note is not None:
                note = note._replace(job=begin_job(self._clients, terms, note))
                self.notes.keep(note)
                return note
        return None

    def _is_pending(self) -> bool:
        return any(True for _ in pending(self._ledger, 1))

    def _whole_is_due(self) -> bool:
        """Tell whether the job of a manifest that is not ours is still to come."""
        done = any(note.is_whole and note.state == COMPLETE for note in self.notes.all())
        return bool(self._options.manifest) and not done

    def _terms(self) -> Terms:
        spec, clients = self._spec, self._clients
        names = Names(spec.name, clients.account)
        config = loader_config(spec, names)
        function = pinned_function(clients, names, config, self._ledger)
        role, is_new = ensure_role(clients, spec, names, function, self._options.manifest)
        self._tries = _ROLE_TRIES if is_new else self._tries
        return Terms(
            pipeline=spec.name,
            run=self._ledger.path.stem,
            bucket=names.bucket_arn(spec.staging.bucket),
            reports=f"{folder_of(self._ledger)}/reports",
            function=function,
            role=role,
            chosen=chosen_of(config, self._run.selection),
        )

    def _next(self) -> JobNote | None:
        """Write and upload the manifest of the next job; None when no key fits one."""
        number = len(self.notes.all()) + 1
        if not self._is_pending():
            note = whole_note(self._clients, self._options.manifest, number)
            self.notes.keep(note)
            return note
        canary = None if self._is_proven() else self._options.canary
        path = self._ledger.path.with_suffix(f".manifest-{number}.csv")
        self._tell("writing the manifest", number)
        try:
            made = write_manifest(self._ledger, self._spec.staging.bucket, path, canary)
            if not made.lines:
                return None
            key = f"{folder_of(self._ledger)}/manifest-{number}.csv"
            etag = self._upload(str(path), key)
        finally:
            path.unlink(missing_ok=True)
        is_canary = canary is not None and (
            self._whole_is_due()
            or any(row.id > made.upto for row in pending(self._ledger, made.lines + 1))
        )
        note = JobNote(number, key, etag, made.lines, made.upto, is_canary)
        self._retried += made.again
        self.notes.keep(note)
        return note

    def _is_proven(self) -> bool:
        """Tell whether a job of this run went well."""
        return any(
            note.state == COMPLETE and note.failed <= _MOST_FAILED * note.tasks
            for note in self.notes.all()
        )

    def _upload(self, path: str, key: str) -> str:
        owner, bucket = self._clients.account.id, self._spec.staging.bucket
        with translating("uploading the manifest"):
            # A job reads no CSV manifest that is encrypted with a key of KMS.
            extra = {"ServerSideEncryption": "AES256", "ExpectedBucketOwner": owner}
            self._clients.s3.upload_file(path, bucket, key, ExtraArgs=extra)
            head = self._clients.s3.head_object(Bucket=bucket, Key=key, ExpectedBucketOwner=owner)
        return head["ETag"].strip('"')

    def _follow(self, note: JobNote) -> Sight:
        def on_sight(seen: Sight) -> None:
            self.notes.keep(
                note._replace(state=seen.state, succeeded=seen.succeeded, failed=seen.failed)
            )
            self._tell(FOLLOWING, note.number, seen)

        return follow(
            lambda: look(self._clients, note.job), on_sight, self._run.stop, self._options.pauses
        )

    def _take(self, note: JobNote, seen: Sight) -> None:
        self._tell("reading the report", note.number, seen)
        bucket, prefix = self._spec.staging.bucket, f"{folder_of(self._ledger)}/reports"
        reported = read_report(self._clients, bucket, prefix, note.job)
        if note.is_whole:
            take_whole_report(self._ledger, reported)
        else:
            take_report(self._ledger, note, reported, complete=seen.state == COMPLETE)
        self.notes.keep(
            note._replace(
                state=seen.state, succeeded=seen.succeeded, failed=seen.failed, taken=True
            )
        )
        if note.canary and seen.failed > _MOST_FAILED * seen.total:
            self._refuse(note, seen)

    def _refuse(self, note: JobNote, seen: Sight) -> None:
        """End the run: a job failed, or was cancelled. Raises CloudError."""
        remove_parts(self._clients, self._spec, self._ledger)
        failures = "; ".join(
            f"{code}: {text}" if text else code
            for code, text, _, _ in self._ledger.failures(limit=3)
        )
        ended = "the first job" if note.canary else f"job {note.number}"
        words = "failed for more than half of its objects" if seen.state == COMPLETE else (
            f"ended as {seen.state}"
        )  # fmt: skip
        raise CloudError(
            f"{ended} of S3 Batch Operations, {note.job}, {words}",
            why="; ".join(one for one in (seen.why, failures) if one) or "S3 gives no reason",
            fix="remove the cause, then run it again: it moves what is left",
            service_code=seen.state,
            operation="DescribeJob",
        )

    def _tell(self, step: str, number: int = 0, sight: Sight | None = None) -> None:
        self._on_progress(
            BatchProgress(
                step=step, seconds=steady() - self._started, number=number, sight=sight,
                listed=self._run.progress.listed,
            )
        )  # fmt: skip
