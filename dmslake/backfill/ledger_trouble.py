"""What SQLite says of a ledger that cannot be used, in words that help.

https://www.sqlite.org/rescode.html
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dmslake.errors import LedgerError

_PRIMARY = 0xFF  # the codes above are finer words for the one in these bits
_IN_USE = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_UNWRITABLE = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM})


class LedgerInUseError(LedgerError):
    """Another run works with the ledger right now."""


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Raise LedgerError for whatever SQLite refuses in the block."""
    try:
        yield
    except sqlite3.Error as error:
        raise _meant(path, error) from error


@contextmanager
def making(path: Path) -> Iterator[None]:
    """Raise LedgerError when the file system does not let the ledger be made in the block."""
    try:
        with told(path):
            yield
    except OSError as error:
        raise _unwritable(path, str(error)) from error


def _meant(path: Path, error: sqlite3.Error) -> LedgerError:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & _PRIMARY
    if code in _IN_USE:
        return LedgerInUseError(
            f"the ledger {path} is in use",
            why="another backfill of this pipeline is at work with it",
            fix="wait until it has ended; dmslake backfill then does what is left",
        )
    if code == sqlite3.SQLITE_FULL:
        return LedgerError(
            f"the disk has no room left for the ledger {path}",
            why=str(error),
            fix="make room, then run it again: it continues where it ended",
        )
    if code in _UNWRITABLE:
        return _unwritable(path, str(error))
    return LedgerError(
        f"the ledger {path} cannot be read or written",
        why=str(error),
        fix="run it again; if it stays so, forget the ledger with --restart: nothing is lost by it",
    )


def _unwritable(path: Path, why: str) -> LedgerError:
    return LedgerError(
        f"the ledger {path} cannot be written",
        why=why,
        fix="let this user write there, or point XDG_STATE_HOME to where they may",
    )
