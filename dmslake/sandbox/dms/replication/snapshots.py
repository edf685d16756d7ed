"""Which changes a table's load already shows.

A load reads one snapshot of the database. A transaction belongs to the load if the snapshot sees
it, and to the change files if not; the log position alone cannot tell, because a transaction is in
the log a moment before others can see it.
"""

from __future__ import annotations

from dataclasses import dataclass

_HALF_EPOCH = 2**31
_EPOCH = 2**32
# The snapshot and a position that no transaction it sees can have committed behind.
QUERY = "SELECT pg_current_snapshot()::text, (pg_current_wal_insert_lsn() - '0/0')::int8"


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A `pg_snapshot`: it sees every transaction below `xmax` that is not in `running`."""

    xmin: int
    xmax: int
    running: frozenset[int]
    lsn: int

    def shows(self, xid: int, commit_lsn: int) -> bool:
        """Tell whether a committed transaction, by its 32-bit id, is part of the snapshot."""
        if commit_lsn >= self.lsn:
            return False
        full = self._full_xid(xid)
        return full < self.xmin or (full < self.xmax and full not in self.running)

    def __str__(self) -> str:
        return f"{self.xmin}:{self.xmax}:{','.join(map(str, sorted(self.running)))}"

    def _full_xid(self, xid: int) -> int:
        # The stream has the low half only; the right epoch puts it closest to the snapshot.
        full = self.xmax - self.xmax % _EPOCH + xid
        if full > self.xmax + _HALF_EPOCH:
            return full - _EPOCH
        return full + _EPOCH if full < self.xmax - _HALF_EPOCH else full


def read_snapshot(text: str, lsn: int) -> Snapshot:
    """Read the text of a `pg_snapshot` (`xmin:xmax:xip,...`); `str` of the result is the inverse.

    Raises:
        ValueError: the text is not a snapshot.
    """
    xmin, xmax, running = text.split(":")
    return Snapshot(
        xmin=int(xmin),
        xmax=int(xmax),
        running=frozenset(int(xid) for xid in running.split(",") if xid),
        lsn=lsn,
    )
