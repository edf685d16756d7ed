"""Where the ledgers of a pipeline's runs lie, and which of them a new run continues."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from dmslake.backfill.clock import utc_now
from dmslake.backfill.ledger import Ledger
from dmslake.backfill.ledger_trouble import LedgerInUseError
from dmslake.errors import LedgerError

FINISHED = "finished"
GIVEN_UP = "given up"
"""Notes of a ledger that no run continues; their value is when, in S3's form."""


def ledger_folder(account: str, region: str, pipeline: str, environ: Mapping[str, str]) -> Path:
    """Return the folder of a pipeline's ledgers, below the user's state (XDG_STATE_HOME)."""
    given = Path(environ.get("XDG_STATE_HOME", ""))
    # The XDG specification says to ignore a path that is not absolute.
    base = given if given.is_absolute() else Path.home() / ".local" / "state"
    return base / "dmslake" / "backfill" / f"{account}-{region}" / pipeline


def open_ledger(folder: Path, about: Mapping[str, str], *, restart: bool) -> tuple[Ledger, bool]:
    """Open the ledger of an unfinished run, or make a new one; tells whether it continues one.

    Raises LedgerError when an unfinished run was about something else, or is still running.
    """
    if restart:
        _forget_unfinished(folder)
    left = _unfinished(folder)
    if left is None:
        return Ledger.create(folder / f"{utc_now():%Y%m%dT%H%M%S%fZ}.ledger", about), False
    known = left.about()
    different = [name for name, value in about.items() if known.get(name) != value]
    if not different:
        return left, True
    left.close()
    raise LedgerError(
        "there is an unfinished backfill of something else",
        why="; ".join(
            f"{name} was {known.get(name) or 'nothing'}, now it is {about[name] or 'nothing'}"
            for name in different
        ),
        fix="finish it as it was begun, or give it up: dmslake backfill cancel last",
    )


def finish(ledger: Ledger) -> None:
    """Mark a run as finished: the next one begins anew."""
    ledger.note(FINISHED, f"{utc_now():%Y-%m-%dT%H:%M:%SZ}")
    ledger.commit()


def give_up(ledger: Ledger) -> None:
    """Mark a run as given up: what it copied stays, and the next one begins anew."""
    ledger.note(GIVEN_UP, f"{utc_now():%Y-%m-%dT%H:%M:%SZ}")
    ledger.commit()


def _forget_unfinished(folder: Path) -> None:
    try:
        left = _unfinished(folder)
    except LedgerInUseError:
        raise
    except LedgerError:  # damaged, or of another version: the very thing to be forgotten
        _forget(max(folder.glob("*.ledger")))
        return
    if left is not None:
        left.close()
        _forget(left.path)


def _unfinished(folder: Path) -> Ledger | None:
    newest = max(folder.glob("*.ledger"), default=None)
    if newest is None:
        return None
    ledger = Ledger.resume(newest)
    if not {FINISHED, GIVEN_UP} & ledger.about().keys():
        return ledger
    ledger.close()
    return None


def _forget(path: Path) -> None:
    for name in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        name.unlink(missing_ok=True)


def here(account: str, region: str, pipeline: str) -> Path:
    """Return the folder of a pipeline's ledgers on this machine."""
    return ledger_folder(account, region, pipeline, os.environ)
