"""The mistakes that were heard, of this process and of the commands that tests start."""

from __future__ import annotations

import json
import os
import sys
import threading
from dataclasses import asdict
from pathlib import Path

from tests.truth.mistake import Mistake

VARIABLE = "TRUTH_LEDGER"
"""Names the file to which a process that a test starts writes its mistakes."""
_SITE = Path(__file__).parent / "site"


class Ledger:
    """Collects mistakes until somebody takes them."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._heard: list[Mistake] = []
        self._lock = threading.Lock()
        self._read = 0

    def tell(self, found: Mistake) -> None:
        with self._lock:
            self._heard.append(found)

    def take(self) -> list[Mistake]:
        """Return what was heard since the last time, each mistake once."""
        with self._lock:
            found = [*self._heard, *self._from_others()]
            self._heard.clear()
        return list(dict.fromkeys(found))

    def _from_others(self) -> list[Mistake]:
        if not self._file.exists():
            return []
        with self._file.open(encoding="utf-8") as lines:
            lines.seek(self._read)
            found = [Mistake(**json.loads(line)) for line in lines.readlines()]
            self._read = lines.tell()
        return found

    def environment(self) -> dict[str, str]:
        """Return the variables with which a Python program that a test starts is listened to."""
        return {VARIABLE: str(self._file), "PYTHONPATH": str(_SITE)}


def write(found: Mistake) -> None:
    """Append a mistake to the file that the environment names: one line, one write."""
    line = json.dumps(asdict(found)) + "\n"
    with Path(os.environ[VARIABLE]).open("a", encoding="utf-8") as ledger:
        ledger.write(line)


def listen_in_this_process() -> None:
    """Have the requests of a started program checked; for `site/sitecustomize.py`."""
    from tests.truth.hook import listen  # noqa: PLC0415 - only where somebody listens

    listen(write)
    sys.path.remove(str(_SITE))
