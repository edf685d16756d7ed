"""Ten thousand objects while nothing between the loader and S3 can be relied on."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import pytest

from tests.lake.faults.account import environment
from tests.lake.faults.delivery import LambdaService, Message
from tests.lake.faults.kept import Shelves
from tests.lake.faults.named import addresses
from tests.lake.faults.plan import Fault, Plan
from tests.lake.faults.server import Stand, serving
from tests.lake.faults.world import World

COUNT = 2_500
SEEDS = (1, 2, 3, 4)
ENVIRONMENTS = 2
READ_TIMEOUT_S = 0.5
# What the faults are called once boto3 and the loader have had them.
NAMES = {
    "500", "InternalError", "SlowDown", "AccessDenied", "IncompleteAnswer", "OutOfTime",
    "ConnectionClosedError", "ReadTimeoutError", "PreconditionFailed", "NoSuchUpload",
}  # fmt: skip


@dataclass
class Run:
    """One run up to the end of its events; the faults still go on."""

    world: World
    service: LambdaService
    stand: Stand

    def dead(self) -> set[str]:
        """Tell the keys that dead letters name."""
        found = (addresses(json.loads(letter.body)) for letter in self.service.letters)
        return {address.split("/", 3)[3] for some in found for address in some}

    def replay(self) -> list[str]:
        """Replay the dead letters as `dmslake redrive` does; give the names of what stays."""
        loader = environment(self.stand.url, read_timeout_s=20)
        stayed: list[str] = []
        letters = list(enumerate(self.service.letters))
        for start in range(0, len(letters), 10):
            messages = [Message(f"d-{n}", one.body) for n, one in letters[start : start + 10]]
            event = {"Records": [message.record() for message in messages]}
            invoked = self.service.invoke(loader, event, 60_000)
            stayed += invoked.returned({message.name for message in messages})
        return stayed

    def quiet(self) -> bool:
        """Wait until nothing hangs that may still be done."""
        ends = time.monotonic() + 20
        tick = threading.Event()
        while self.stand.late and time.monotonic() < ends:
            tick.wait(0.02)
        return not self.stand.late


@contextmanager
def running(seed: int, count: int = COUNT) -> Iterator[Run]:
    """Deliver every event of a world while requests go wrong by the seed."""
    world = World(seed, count, Shelves(versioned=seed % 2 == 0))
    with serving(world.shelves, Plan(seed), late_s=READ_TIMEOUT_S * 1.5) as stand:
        loaders = [
            environment(stand.url, read_timeout_s=READ_TIMEOUT_S) for _ in range(ENVIRONMENTS)
        ]
        service = LambdaService(loaders)
        for work in world.fill():
            service.add(work)
        stand.after = {when: partial(change, service) for when, change in world.after.items()}
        service.run()
        stand.after.clear()
        yield Run(world, service, stand)


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_lost_and_nothing_is_wrong(seed: int) -> None:
    with running(seed) as run:
        world, service, shelves = run.world, run.service, run.world.shelves
        assert service.crashes == []
        assert run.quiet()

        lost = {key for key, _ in world.missing()} - run.dead()
        assert lost == set()
        assert world.wrong() == []
        assert [letter for letter in service.letters if not letter.failures] == []
        codes = Counter(one["error_code"] for letter in service.letters for one in letter.failures)
        assert set(codes) <= NAMES
        left = [one for one in shelves.uploads.values() if one.known and not one.abort_failed]
        assert left == []

        run.stand.plan.calm()
        assert run.replay() == []
        assert world.missing() == []
        assert world.wrong() == []

        # It was as bad as it was meant to be.
        assert {blow.fault for _, blow in run.stand.plan.struck} == set(Fault)
        assert run.stand.plan.struck.total() > COUNT // 10
        assert len(service.letters) > COUNT // 500
        assert world.changed > 0.9 * world.changes
