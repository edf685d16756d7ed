"""`up` and `down` in an AWS that behaves: the measure for what follows."""

from __future__ import annotations

from tests.faults.world import World, spec


def test_up_then_nothing_to_do_then_down(world: World) -> None:
    world.up(spec())
    assert world.script.writes().count("StartReplicationTask") == 1
    world.down(spec())
