"""Staging compared with the lake, in a ledger: no side is ever held in memory as a whole.

Staging is listed and routed first; then the lake's pages come by, and each of their objects is
looked up among the targets. What is left without one is missing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

from dmslake.backfill.etags import unpacked
from dmslake.backfill.ledger import Ledger, Row, State
from dmslake.backfill.listing import Listed
from dmslake.backfill.selection import Selection
from dmslake.lake.layout import LayoutError
from dmslake.lake.objects import Skipped
from dmslake.lake.routing import Router

_TABLES = """
create index if not exists by_target on objects(target);
create table if not exists findings(
    id integer primary key, finding text not null, object integer, key text not null,
    target text not null, size integer, lies integer, detail text not null,
    repaired integer not null default 0
);
create table if not exists closer(object integer primary key);
"""
_PRESENT = f"update objects set state = {State.PRESENT:d} where id = ?"  # noqa: S608 - a number


class Finding(StrEnum):
    """What is wrong with an object; the last is worth knowing, and no difference."""

    MISSING = "missing"
    SIZE = "different-size"
    CONTENT = "different-content"
    UNREACHABLE = "cannot-be-copied"
    EXTRA = "extra"
    ORPHAN = "staged-object-gone"


DIFFERENCES = tuple(one for one in Finding if one is not Finding.ORPHAN)
REPAIRABLE = (Finding.MISSING, Finding.SIZE, Finding.CONTENT)


class Found(NamedTuple):
    """A finding; sizes in bytes, that of staging and that in the lake; None: it is not there."""

    id: int
    finding: Finding
    key: str
    target: str
    size: int | None
    lies: int | None
    detail: str
    repaired: bool


class Verification:
    """The comparison over one ledger, in which staging was listed and routed.

    Args:
        ledger: with every staged object pending that belongs into the lake.
        router: decides where objects belong, and reads lake keys back.
        selection: what the comparison is about; what lies in the lake is judged by it, too.
        since: when staging was begun to be listed, in seconds since 1970: what was staged later
            is no extra object.
    """

    def __init__(self, ledger: Ledger, router: Router, selection: Selection, since: int) -> None:
        self._ledger = ledger
        self._base = ledger.base
        self._router = router
        self._selection = selection
        self._since = since
        self.alike: Counter[str] = Counter()
        """How many objects were found to be alike, by what tells it."""
        ledger.commit()
        self._base.executescript(_TABLES)

    def take(self, page: Sequence[Listed], *, content: bool) -> None:
        """Compare a page of the lake's listing; with `content`, note what needs a closer look."""
        if not page:
            return
        expected = self._expected(page)
        self._ledger.commit()  # what the listing has noted meanwhile
        self._base.execute("begin")
        try:
            alike: list[tuple[int]] = []
            for one in page:
                rows = expected.get(one.key)
                if rows is None:
                    self._unexpected(one)
                else:
                    alike += self._compared(one, rows, content=content)
            self._base.executemany(_PRESENT, alike)
        finally:
            self._base.execute("commit")

    def _expected(self, page: Sequence[Listed]) -> dict[str, list[tuple[int, int, bytes | str]]]:
        marks = ",".join("?" * len(page))
        asked = f"select target, id, size, etag from objects where target in ({marks})"  # noqa: S608 - marks alone
        found: dict[str, list[tuple[int, int, bytes | str]]] = {}
        for target, *row in self._base.execute(asked, [one.key for one in page]):
            found.setdefault(target, []).append((row[0], row[1], row[2]))
        return found

    def _compared(
        self, one: Listed, rows: list[tuple[int, int, bytes | str]], *, content: bool
    ) -> list[tuple[int]]:
        """Return the objects whose copy this may be; where targets are shared, one is enough."""
        alike = [row for row in rows if row[1] == one.size]
        if not alike:
            for number, _, _ in rows:
                self._note(Finding.SIZE, number, lies=one.size)
            return [(number,) for number, _, _ in rows]
        if any(unpacked(etag) == one.etag for _, _, etag in alike):
            self.alike["etag"] += 1
        elif content:
            self._base.execute("insert or ignore into closer values (?)", (alike[0][0],))
        else:
            self.alike["size"] += 1
        return [(number,) for number, _, _ in rows]

    def _unexpected(self, one: Listed) -> None:
        finding = self._judged(one)
        if finding is not None:
            self._base.execute(
                "insert into findings(finding, key, target, lies, detail) values (?, '', ?, ?, '')",
                (finding, one.key, one.size),
            )

    def _judged(self, one: Listed) -> Finding | None:
        """Say what an object is that nothing staged belongs to; None: nothing to tell."""
        try:
            origin = self._router.origin(one.key)
        except LayoutError:
            origin = None
        if origin is None:
            return Finding.EXTRA if self._selection.is_everything else None
        staged = self._router.stage(origin.key)
        arrived = int(origin.arrived.timestamp())
        if isinstance(staged, Skipped) or not self._selection.takes(staged, arrived):
            return None
        if not origin.key.startswith(self._router.staging_folder + self._selection.key_prefix):
            return None
        return None if arrived >= self._since else Finding.ORPHAN

    def _note(self, finding: Finding, number: int, *, lies: int | None, detail: str = "") -> None:
        self._base.execute(
            "insert into findings(finding, object, key, target, size, lies, detail) "
            "select ?, id, key, target, size, ?, ? from objects where id = ?",
            (finding, lies, detail, number),
        )

    def conclude(self) -> None:
        """Note as missing what no page had, and what no lake key can be made for."""
        self._ledger.commit()  # what the listing has noted meanwhile
        self._base.execute("begin")
        asked = (
            "insert into findings(finding, object, key, target, size, detail) "
            "select ?, o.id, o.key, o.target, o.size, coalesce(e.code, '') "
            "from objects o left join errors e on e.id = o.error where o.state = ?"
        )
        self._base.execute(asked, (Finding.MISSING, State.PENDING))
        self._base.execute(asked, (Finding.UNREACHABLE, State.FAILED))
        self._base.execute("commit")

    def closer(self, limit: int = 1000) -> Iterator[list[Row]]:
        """Yield, in batches, the objects that a closer look at their content is due for."""
        behind = 0
        while True:
            rows = [
                Row(o[0], o[1], o[2], unpacked(o[3]), o[4], o[5])
                for o in self._base.execute(
                    "select o.id, o.key, o.target, o.etag, o.size, o.modified from closer c "
                    "join objects o on o.id = c.object where c.object > ? order by 1 limit ?",
                    (behind, limit),
                )
            ]
            if not rows:
                return
            behind = rows[-1].id
            yield rows

    def altered(self, row: Row, detail: str) -> None:
        """Note that an object's copy has another content."""
        self._note(Finding.CONTENT, row.id, lies=row.size, detail=detail)

    def recent(self, since: int) -> list[Row]:
        """Return what is missing and was staged since then: it may be on its way."""
        return self._rows("f.finding = ? and o.modified >= ?", (Finding.MISSING, since))

    def arrived(self, row: Row) -> None:
        """Take back that an object is missing: it came in the meantime."""
        self._base.execute("delete from findings where object = ?", (row.id,))
        self._base.execute(_PRESENT, (row.id,))
        self.alike["size"] += 1

    def prepare_repair(self) -> int:
        """Make what can be repaired pending, and nothing else; returns how many that are."""
        marks = ",".join("?" * len(REPAIRABLE))
        self._base.execute(
            f"update objects set state = ?, error = null where id in "  # noqa: S608 - marks alone
            f"(select object from findings where finding in ({marks}))",
            (State.PENDING, *REPAIRABLE),
        )
        asked = "select count(*) from objects where state = ?"
        (count,) = self._base.execute(asked, (State.PENDING,)).fetchone()
        return int(count)

    def copied(self) -> list[Row]:
        """Return what was repaired and has to be looked at again."""
        return self._rows("o.state = ? and not f.repaired", (State.COPIED,))

    def repaired(self, row: Row) -> None:
        """Note that an object is in the lake now, as it should be."""
        self._base.execute("update findings set repaired = 1 where object = ?", (row.id,))

    def counts(self) -> dict[Finding, tuple[int, int]]:
        """Return, by finding, how many there are and how many of them were repaired."""
        found = self._base.execute(
            "select finding, count(*), sum(repaired) from findings group by finding"
        )
        return {Finding(finding): (count, repaired) for finding, count, repaired in found}

    def findings(self, finding: Finding | None = None, limit: int = -1) -> Iterator[Found]:
        """Yield what was found, all of it or of one kind; a negative limit means all."""
        for one in self._base.execute(
            "select id, finding, key, target, size, lies, detail, repaired from findings "
            "where ? is null or finding = ? order by id limit ?",
            (finding, finding, limit),
        ):
            number, kind, key, target, size, lies, detail, repaired = one
            yield Found(number, Finding(kind), key, target, size, lies, detail, bool(repaired))

    def _rows(self, condition: str, values: tuple[object, ...]) -> list[Row]:
        return [
            Row(o[0], o[1], o[2], unpacked(o[3]), o[4], o[5])
            for o in self._base.execute(
                "select distinct o.id, o.key, o.target, o.etag, o.size, o.modified "  # noqa: S608 - ours
                f"from findings f join objects o on o.id = f.object where {condition}",
                values,
            )
        ]
