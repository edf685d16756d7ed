"""Two who work on one pipeline at once: one works, the other is told who does and since when."""

from __future__ import annotations

import getpass
import platform
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from tests.pipeline.conftest import Make
from tests.pipeline.pipelines import Pipeline, read_until


@contextmanager
def at_work(pipeline: Pipeline) -> Iterator[subprocess.Popen[str]]:
    """Start `up` and hold it still in the middle of its work; let it end its work afterwards."""
    with pipeline.started("up", "--yes") as process:
        read_until(process, "creating replication instance")
        process.send_signal(signal.SIGSTOP)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGCONT)
            process.communicate(timeout=60)


def is_refused(pipeline: Pipeline, *arguments: str) -> None:
    done = pipeline(*arguments)
    assert done.code == 1, done
    who = re.escape(f"{getpass.getuser()}@{platform.node()}")
    said = (
        rf"^error: pipeline {pipeline.name} is being worked on by {who}: `dmslake up[^`]*`, "
        r"since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$"
    )
    assert re.search(said, done.err, re.MULTILINE), done.err
    assert "add --force-unlock" in done.err


def test_the_second_is_refused_and_the_first_ends_its_work(pipeline: Make) -> None:
    both = pipeline("twice")
    with at_work(both) as first:
        is_refused(both, "up", "--yes")
        is_refused(both, "down", "--yes")
        planned = both("plan", "--exit-code")
        assert planned.code == 3, "looking is allowed"
    assert first.returncode == 0
    assert both.is_as_planned()
    both.up()


def test_two_that_start_at_once_do_no_harm(pipeline: Make) -> None:
    racing = pipeline("racing")
    with racing.started("up", "--yes") as one, racing.started("up", "--yes") as other:
        said = [process.communicate(timeout=100)[1] for process in (one, other)]
    codes = [one.returncode, other.returncode]
    assert 0 in codes, said
    for code, text in zip(codes, said, strict=True):
        assert code in (0, 1)
        assert "Traceback" not in text
        assert code == 0 or "error: pipeline racing is being worked on by " in text, text
    racing.up()
    assert racing.is_as_planned()


def test_a_claim_can_be_taken_over_by_force(pipeline: Make) -> None:
    forced = pipeline("forced")
    with forced.started("up", "--yes") as first:
        read_until(first, "creating replication instance")
        first.send_signal(signal.SIGSTOP)
        try:
            done = forced("up", "--yes", "--force-unlock")
            assert done.code == 0, done
        finally:
            first.kill()
    assert forced.is_as_planned()
