"""A backfill that is killed again and again, and begun again each time."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.backfill.faults.commands import Done, Shop
from tests.backfill.faults.kept import World
from tests.backfill.faults.shop import target


@dataclass
class Killing:
    """Kills the process at its n-th request to S3, as `kill -9` does."""

    world: World
    shop: Shop
    kills: int = 0
    _victim: subprocess.Popen[str] | None = field(default=None, init=False)
    _at: int = field(default=0, init=False)

    def __call__(self, moments: Iterable[int]) -> Done:
        """Begin the backfill once for each moment and once more; tells how the last one ended."""
        self.world.on_request = self._strike
        for moment in moments:
            self._at = self.world.requests + moment
            self._victim = self.shop.process()
            with self._victim:
                self._victim.communicate(timeout=600)
        self._victim = None
        return self.shop()

    def _strike(self, number: int) -> None:
        if self._victim is not None and number == self._at:
            self.kills += 1
            self._victim.kill()

    def differences(self) -> tuple[int, int]:
        """Count the objects that are missing or wrong in the lake, and those that are too many."""
        staged = self.world.staging.objects
        expected = {target(key, one.modified): one.etag for key, one in staged.items()}
        held = {key: one.etag for key, one in self.world.lake.objects.items()}
        missing = sum(held.get(key) != etag for key, etag in expected.items())
        return missing, len(held.keys() - expected.keys())
