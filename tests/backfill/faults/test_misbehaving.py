"""Both stores, on real sockets, against an S3 that misbehaves at random: nothing lost or wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from dmslake.backfill.ledger import State
from tests.backfill.faults.kept import World
from tests.backfill.faults.plan import Fault, Plan
from tests.backfill.faults.server import serving
from tests.backfill.faults.shop import Backfill, Connect, keys, target, threads, wire

COUNT = 1500


def staged(count: int = COUNT) -> World:
    world = World()
    world.stage(keys(count))
    return world


def expected(world: World) -> dict[str, str]:
    return {target(key): one.etag for key, one in world.staging.objects.items()}


def held(world: World) -> dict[str, str]:
    return {key: one.etag for key, one in world.lake.objects.items()}


@pytest.mark.parametrize(("connect", "seed"), [(wire, 1), (wire, 2), (threads, 3)])
def test_an_s3_that_fails_at_random_loses_nothing(
    tmp_path: Path, connect: Connect, seed: int
) -> None:
    world, plan = staged(), Plan(seed, 0.15)
    with serving(world, plan) as stand:
        done = Backfill(stand.url, tmp_path / "run.ledger", connect)()
    assert held(world) == expected(world)
    assert done.get(State.COPIED, 0) + done.get(State.PRESENT, 0) == COUNT
    assert done.keys() <= {State.COPIED, State.PRESENT}
    assert set(world.written.values()) == {1}
    assert {fault for operation, fault, _ in plan.struck if operation == "CopyObject"} == {*Fault}
    assert any(operation == "ListObjectsV2" for operation, _, _ in plan.struck)


@pytest.mark.parametrize("connect", [wire, threads])
@pytest.mark.parametrize("fault", [Fault.EMPTY, Fault.CUT, Fault.SHORT, Fault.WRONG])
def test_an_answer_that_is_none_is_not_taken_for_success(
    tmp_path: Path, connect: Connect, fault: Fault
) -> None:
    world = staged(100)
    with serving(world, Plan(3, 0.3, faults=(fault,))) as stand:
        Backfill(stand.url, tmp_path / "run.ledger", connect)()
    assert held(world) == expected(world)


def test_the_rate_recovers_when_the_refusals_end(tmp_path: Path) -> None:
    world, plan = staged(4000), Plan(storm=(300, 1.5))
    limits: list[float | None] = []
    with serving(world, plan) as stand:
        Backfill(stand.url, tmp_path / "run.ledger")(on_progress=lambda p: limits.append(p.rate))
    assert held(world) == expected(world)
    assert set(world.written.values()) == {1}
    lowest = min(limit for limit in limits if limit is not None)
    assert lowest < 500
    assert limits[-1] is None or limits[-1] > 4 * lowest
