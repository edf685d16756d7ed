"""What is known of runs: which are at work, which are unfinished, and how fast they were."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dmslake.backfill.ledger import Ledger, NewObject, Side, State
from dmslake.backfill.ledgers import finish, give_up, open_ledger
from dmslake.backfill.presence import Running, present, running, stop
from dmslake.backfill.runs import (
    RunState,
    describe,
    find_run,
    known_runs,
    measured_speed,
    note_speed,
)
from dmslake.errors import NotFoundError
from tests.backfill.fake_store import ARRIVED

ABOUT = {"layout": "default", "engine": "local"}


def made(folder: Path, name: str) -> Ledger:
    ledger = Ledger.create(folder / f"{name}.ledger", ABOUT)
    ledger.add_shards(Side.STAGING, [("dms/", "", None)])
    ledger.staged(
        [NewObject("dms/a/b/c.csv", "raw/x", "e", 5, ARRIVED, State.PENDING)], 1, "", done=True
    )
    ledger.commit()
    return ledger


FIRST, SECOND = "20261123T144702000000Z", "20261124T000000000000Z"


def test_a_run_is_running_unfinished_finished_or_given_up(tmp_path: Path) -> None:
    ledger = made(tmp_path, FIRST)
    with present(ledger.path):
        assert describe(ledger.path).state is RunState.RUNNING
        process = describe(ledger.path).process
        assert process is not None
        assert process.pid == os.getpid()
    ledger.close()
    found = describe(ledger.path)
    assert (found.state, found.objects[State.PENDING]) == (RunState.UNFINISHED, (1, 5))
    assert found.begun is not None
    assert found.begun.isoformat() == "2026-11-23T14:47:02+00:00"
    other = made(tmp_path, SECOND)
    finish(other)
    other.close()
    assert describe(other.path).state is RunState.FINISHED
    assert [one.name for one in known_runs(tmp_path)] == [SECOND, FIRST]


def test_the_run_after_one_that_was_given_up_begins_anew(tmp_path: Path) -> None:
    ledger = made(tmp_path, FIRST)
    ledger.close()
    again, continued = open_ledger(tmp_path, ABOUT, restart=False)
    assert continued
    give_up(again)
    again.close()
    assert describe(again.path).state is RunState.GIVEN_UP
    anew, continued = open_ledger(tmp_path, ABOUT, restart=False)
    assert not continued
    anew.close()


def test_a_ledger_that_cannot_be_read_is_told_so(tmp_path: Path) -> None:
    (tmp_path / f"{FIRST}.ledger").write_text("this is no ledger, whatever its name says" * 100)
    (found,) = known_runs(tmp_path)
    assert found.state is RunState.UNREADABLE
    assert found.why


def test_a_run_is_found_by_the_beginning_of_its_name(tmp_path: Path) -> None:
    for name in (FIRST, SECOND):
        made(tmp_path, name).close()
    assert find_run(tmp_path, "20261123").stem == FIRST
    assert find_run(tmp_path, "last").stem == SECOND
    with pytest.raises(NotFoundError, match="more than one"):
        find_run(tmp_path, "2026")
    with pytest.raises(NotFoundError, match="there is no backfill 1999"):
        find_run(tmp_path, "1999")


def test_the_speed_is_that_of_the_last_finished_run_that_copied_enough(tmp_path: Path) -> None:
    for name, copied, over in (("1", 2000, True), ("2", 10, True), ("3", 9000, False)):
        ledger = made(tmp_path, name)
        note_speed(ledger, copied, 4.0)
        ledger.commit()
        if over:
            finish(ledger)
        ledger.close()
    assert measured_speed(tmp_path, at_least=1000) == (500.0, "1")
    assert measured_speed(tmp_path, at_least=5000) is None


def test_only_the_process_that_wrote_it_counts(tmp_path: Path) -> None:
    ledger = tmp_path / "run.ledger"
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        with present(ledger):
            file = Path(f"{ledger}.run")
            known = json.loads(file.read_text())
            file.write_text(json.dumps({**known, "pid": other.pid}))
            assert running(ledger) is None
        assert not stop(Running(other.pid, "long ago"))
        assert other.poll() is None
        other.kill()
    assert running(ledger) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": "x"}', '{"pid": 1, "began": ""}'])
def test_a_damaged_note_counts_for_nothing(tmp_path: Path, text: str) -> None:
    Path(f"{tmp_path / 'run.ledger'}.run").write_text(text)
    assert running(tmp_path / "run.ledger") is None


def test_a_run_is_told_to_stop_as_by_ctrl_c(tmp_path: Path) -> None:
    ledger = tmp_path / "run.ledger"
    told: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: told.append(number))
    try:
        with present(ledger):
            found = running(ledger)
            assert found is not None
            assert stop(found)
    finally:
        signal.signal(signal.SIGINT, before)
    assert told == [signal.SIGINT]
