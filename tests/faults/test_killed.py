"""`kill -9` at sixty moments of `up` and `down`: the next run converges every time.

Two pipelines go through the same circle at the same time: `up` is killed, `up` again makes it what
the spec says, `down` is killed, `down` again leaves nothing. The moments are drawn once, by a seed.
"""

from __future__ import annotations

import random
import re
import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import pytest

from dmslake.operations import provision, remove
from dmslake.sandbox.environment import spec_variables
from dmslake.sandbox.model import Sandbox
from dmslake.spec import Spec, load_spec
from tests.cli.running import Result
from tests.faults import kill
from tests.faults.forked import ForkedPipeline
from tests.faults.sandboxed import SandboxClients
from tests.pipeline.conftest import make
from tests.sandbox.calls import Calls

CIRCLES, PARTS = 30, 15
SEED = 20_260_101
_CALL = re.compile(r"^aws: (\S+) (\S+)$", re.MULTILINE)

Moment = tuple[int, str]


@dataclass(frozen=True)
class Lane:
    """A pipeline that is killed again and again."""

    pipeline: ForkedPipeline
    aws: SandboxClients

    def __call__(self, command: str, *options: str, **environment: str) -> Result:
        data = ("--delete-data", "--confirm", self.pipeline.name) if command == "down" else ()
        known = {**self.pipeline.environment, **environment}
        return replace(self.pipeline, environment=known)(command, "--yes", *data, *options)

    def killed(self, command: str, moment: Moment) -> None:
        done = self(command, **kill.environment(*moment))
        assert done.code == -signal.SIGKILL, (command, moment, done)

    def is_as_planned(self) -> None:
        left = provision.plan(self._spec(), self.aws)
        assert left.empty, [(str(s.address), s.action, s.changes) for s in left.pending]

    def is_gone(self) -> None:
        left = remove.plan_removal(self._spec(), self.aws, purge=True)
        assert not left.pending, [str(step.address) for step in left.pending]

    def _spec(self) -> Spec:
        sandbox = self.pipeline.sandbox
        return load_spec(self.pipeline.file, environ=spec_variables(sandbox))

    def writes(self, command: str) -> int:
        """Return how many calls change something when nothing disturbs it."""
        done = self(command, "-v")
        assert done.code == 0, done
        return len([c for c in _CALL.findall(done.err) if not c[1].startswith(kill.READS)])


@pytest.fixture(scope="module")
def lanes(
    sandbox: Sandbox, calls: Calls, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Lane, Lane]:
    folder = tmp_path_factory.mktemp("killed")
    aws = SandboxClients(calls)

    def lane(name: str) -> Lane:
        made = make(sandbox, folder, name, "things")
        return Lane(ForkedPipeline(made.name, sandbox, folder), aws)

    return lane("killedone"), lane("killedtwo")


@pytest.fixture(scope="module")
def moments(lanes: tuple[Lane, Lane]) -> dict[str, list[Moment]]:
    """Return thirty moments of each command, each a different one."""
    # The first pipeline of an account makes roles for all: the second is what is counted.
    assert lanes[1]("up").code == 0
    writes = {command: lanes[0].writes(command) for command in ("up", "down")}
    assert lanes[1]("down").code == 0
    drawn = random.Random(SEED)  # noqa: S311 - it has to be the same every time
    return {command: drawn.sample(_every(number), CIRCLES) for command, number in writes.items()}


def _every(writes: int) -> list[Moment]:
    return [(number, when) for number in range(1, writes + 1) for when in ("before", "after")]


def circle(lane: Lane, up: Moment, down: Moment) -> None:
    lane.killed("up", up)
    assert lane("up").code == 0
    lane.is_as_planned()
    lane.killed("down", down)
    assert lane("down").code == 0
    lane.is_gone()


@pytest.mark.parametrize("part", range(PARTS))
def test_after_a_kill_at_any_moment_the_next_run_converges(
    lanes: tuple[Lane, Lane], moments: dict[str, list[Moment]], part: int
) -> None:
    mine = list(zip(moments["up"], moments["down"], strict=True))[part::PARTS]

    def run(number: int) -> None:
        for up, down in mine[number :: len(lanes)]:
            circle(lanes[number], up, down)

    with ThreadPoolExecutor(len(lanes)) as pool:
        list(pool.map(run, range(len(lanes))))
