"""A backfill that is killed and begun again copies everything, and hardly anything twice."""

from __future__ import annotations

from pathlib import Path

from tests.backfill.faults.commands import Shop
from tests.backfill.faults.kept import World
from tests.backfill.faults.killing import Killing
from tests.backfill.faults.server import serving
from tests.backfill.faults.shop import keys

OBJECTS = 3000
MOMENTS = (1, 25, 700, 40, 900)  # requests since the process began


def test_a_backfill_that_is_killed_five_times_does_everything_once(tmp_path: Path) -> None:
    world = World()
    world.stage(keys(OBJECTS))
    with serving(world) as stand:
        killing = Killing(world, Shop(stand.url, tmp_path))
        done = killing(MOMENTS)
    assert (killing.kills, done.code) == (len(MOMENTS), 0)
    assert killing.differences() == (0, 0)
    assert world.copies <= 1.02 * OBJECTS
