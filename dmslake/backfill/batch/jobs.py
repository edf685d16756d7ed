"""A run's jobs in its ledger: noted before they are made, so that none is made twice."""

from __future__ import annotations

from typing import NamedTuple

from dmslake.backfill.ledger import Ledger

_TABLE = """
create table if not exists batch_jobs(
    number integer primary key, manifest text not null, etag text not null, tasks integer not null,
    upto integer not null, canary integer not null, job text not null default '',
    state text not null default '', succeeded integer not null default 0,
    failed integer not null default 0, taken integer not null default 0
)
"""
_ALL = "select * from batch_jobs order by number"


GENERATED = "generated"
"""Stands for a manifest that S3 makes."""


class JobNote(NamedTuple):
    """A job of a run.

    `manifest` is a key, or GENERATED, or the ARN of an inventory's; `upto` the ledger's last row in
    it, `job` the id that S3 gave (empty until
    it did), `state` as S3 last told it, `taken` whether its report was read.
    """

    number: int
    manifest: str
    etag: str
    tasks: int
    upto: int
    canary: bool
    job: str = ""
    state: str = ""
    succeeded: int = 0
    failed: int = 0
    taken: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether the manifest is S3's own: then the ledger does not know its objects."""
        return self.manifest == GENERATED or self.manifest.startswith("arn:")


class JobNotes:
    """The jobs of a ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        ledger.base.execute(_TABLE)

    def all(self) -> list[JobNote]:
        """Return all jobs, in the order in which they were begun."""
        found = self._ledger.base.execute(_ALL)
        return [JobNote._make(one) for one in found]

    def open(self) -> JobNote | None:
        """Return the job whose report was not read yet."""
        return next((note for note in self.all() if not note.taken), None)

    def keep(self, note: JobNote) -> None:
        """Write what is known of a job, at once."""
        marks = ",".join("?" * len(note))
        self._ledger.base.execute(
            f"insert or replace into batch_jobs values ({marks})",  # noqa: S608 - marks alone
            note,
        )
        self._ledger.commit()


def describe(ledger: Ledger) -> list[JobNote]:
    """Return what a ledger remembers of its jobs; none for a run of another engine."""
    return JobNotes(ledger).all()
