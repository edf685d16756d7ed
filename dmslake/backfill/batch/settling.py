"""A report, read into the ledger: what was moved, what failed for good, what is tried again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dmslake.backfill.batch.jobs import JobNote
from dmslake.backfill.batch.report import Reported
from dmslake.backfill.ledger import Ledger, Result, State

MOST_ATTEMPTS = 3
NOT_REPORTED = "NotReported"
_WINDOW = 4096
_TABLE = """
create temp table if not exists reported(
    key text primary key, succeeded integer, status integer, code text, text text
) without rowid
"""
# In this order: there is an index on what was reported, and none on the keys of all objects.
_MATCHED = """
select o.id, o.attempts, r.key, r.succeeded, r.status, r.code, r.text
from objects o cross join reported r on r.key = o.key
where o.id > ? and o.id <= ? and o.state = 0 order by o.id limit ?
"""
_MISSED = """
select o.id, o.attempts from objects o
where o.id > ? and o.id <= ? and o.state = 0 and not exists (
    select 1 from reported r where r.key = o.key
) order by o.id limit ?
"""
_REPORTED = "select * from reported where key > ? order by key limit ?"


def take_report(
    ledger: Ledger, note: JobNote, reported: Iterable[Reported], *, complete: bool
) -> None:
    """Settle the objects of a job by its report.

    What failed for a time stays pending, until it was tried often enough. With `complete`, the job
    was to report every task: one that it did not counts as a failure for a time, too.
    """
    base = ledger.base
    base.execute(_TABLE)
    base.execute("delete from reported")
    base.executemany("insert or replace into reported values (?, ?, ?, ?, ?)", reported)
    behind = 0
    while found := base.execute(_MATCHED, (behind, note.upto, _WINDOW)).fetchall():
        ledger.settle(list(_results(found)))
        behind = found[-1][0]
    behind = 0
    while complete and (missed := base.execute(_MISSED, (behind, note.upto, _WINDOW)).fetchall()):
        words = "the report of the job does not tell of it"
        ledger.settle([_again(row, attempts, NOT_REPORTED, words) for row, attempts in missed])
        behind = missed[-1][0]
    base.execute("delete from reported")
    ledger.commit()


def take_whole_report(ledger: Ledger, reported: Iterable[Reported]) -> None:
    """Take over what failed in a job whose objects the ledger did not know.

    What failed for a time becomes an object to be moved, what failed for good one that failed. What
    went well is not written down: there may be billions of it. Done twice, it is the same as once.
    """
    base = ledger.base
    base.execute(_TABLE)
    base.execute("delete from reported")
    failed = (one for one in reported if not one.succeeded)
    base.executemany("insert or replace into reported values (?, ?, ?, ?, ?)", failed)
    base.execute("delete from reported where key in (select key from objects)")
    behind = ""
    while found := base.execute(_REPORTED, (behind, _WINDOW)).fetchall():
        for key, _, status, code, text in found:
            _add(ledger, Reported(key, succeeded=False, status=status, code=code, text=text))
        behind = found[-1][0]
    base.execute("delete from reported")
    ledger.commit()


def _add(ledger: Ledger, one: Reported) -> None:
    state = State.PENDING
    code = text = ""
    if not one.is_temporary:
        _, state, _, code, text = _final(0, 1, one)
    ledger.reported(one.key, state, code, text)


def _results(found: Iterable[tuple[int, int, str, int, int, str, str]]) -> Iterator[Result]:
    for row, attempts, key, succeeded, status, code, text in found:
        one = Reported(key, bool(succeeded), status, code, text)
        yield (
            _again(row, attempts, *_cause(one))
            if one.is_temporary
            else _final(row, attempts + 1, one)
        )


def _again(row: int, attempts: int, code: str, text: str) -> Result:
    over = attempts + 1 >= MOST_ATTEMPTS
    return Result(row, State.FAILED if over else State.PENDING, attempts + 1, code, text)


def _final(row: int, attempts: int, one: Reported) -> Result:
    """Tell what became of an object: the loader's own word leads the text."""
    word = one.text.partition(":")[0]
    if one.succeeded:
        skipped = word == "skipped"
        return Result(row, State.SKIPPED if skipped else State.COPIED, attempts)
    if word == "vanished":
        return Result(row, State.VANISHED, attempts)
    return Result(row, State.FAILED, attempts, *_cause(one))


def _cause(one: Reported) -> tuple[str, str]:
    """Return code and text of a failure: the loader's, or else S3's."""
    word, _, rest = one.text.partition(": ")
    if word != "failed" or not rest:
        return one.code or str(one.status), one.text
    code, _, text = rest.partition(": ")
    return code, text
