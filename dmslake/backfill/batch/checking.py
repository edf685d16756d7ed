"""What a report calls done, compared with what lies in the lake: by a listing, sizes included."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from dmslake.backfill.copier import Mended
from dmslake.backfill.etags import unpacked
from dmslake.backfill.ledger import Ledger, Result, Row, Side, State, hash_of

NOT_IN_LAKE = "NotInLake"
_WINDOW = 4096
_DONE = """
select o.id, o.key, o.target, o.etag, o.size, o.modified, o.attempts from objects o
where o.id > ? and o.state = 1 and not exists (
    select 1 from lake l where l.hash = lake_hash(o.target) and l.size = o.size
) order by o.id limit ?
"""


def forget_lake(ledger: Ledger) -> None:
    """Let the lake be listed anew."""
    ledger.commit()
    ledger.base.execute("delete from lake")
    ledger.base.execute("delete from shards where side = ?", (Side.LAKE,))
    ledger.base.execute("delete from about where name = 'lake_listed'")


def check(ledger: Ledger, mend: Callable[[Row], Mended]) -> None:
    """Have a closer look at each object that is said to be in the lake, and is not seen there.

    `mend` takes that look, as when a copy is not settled by one request: an object may have been
    written again after it was listed, and then lies elsewhere.
    """
    ledger.base.create_function("lake_hash", 1, hash_of, deterministic=True)
    for rows in _unseen(ledger):
        ledger.settle([_looked(ledger, row, mend) for row in rows])
    ledger.commit()


def _looked(ledger: Ledger, row: Row, mend: Callable[[Row], Mended]) -> Result:
    found = mend(row)
    again = found.again
    if again is not None and again != row:
        ledger.moved(
            row.id,
            etag=again.etag,
            size=again.size,
            modified=again.modified,
            target=again.target,
        )
        found = mend(again)
    if found.state is State.PENDING:
        return _missing(row)
    state = State.COPIED if found.state is State.PRESENT else found.state
    return Result(row.id, state, row.attempts, found.code, found.text)


def _unseen(ledger: Ledger) -> Iterator[list[Row]]:
    behind = 0
    while found := ledger.base.execute(_DONE, (behind, _WINDOW)).fetchall():
        behind = found[-1][0]
        yield [Row._make((*o[:3], unpacked(o[3]), *o[4:])) for o in found]


def _missing(row: Row) -> Result:
    text = "the job's report tells of a copy, and the lake does not have it"
    return Result(row.id, State.FAILED, row.attempts, NOT_IN_LAKE, text)
