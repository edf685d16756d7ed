"""One command at a time."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest

from dmslake.errors import SandboxError
from dmslake.sandbox.events import Event, Waiting, ignore
from dmslake.sandbox.lock import locked


class Steps:
    """A clock that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


def test_a_second_command_gives_up_after_its_patience(tmp_path: Path) -> None:
    heard: list[Event] = []
    with (
        locked(tmp_path, ignore),
        pytest.raises(SandboxError, match="is busy") as caught,
        locked(tmp_path, heard.append, seconds=30, clock=Steps()),
    ):
        pytest.fail("two commands hold the lock")
    assert "for 30 s" in caught.value.why
    assert [type(event) for event in heard] == [Waiting]


def test_a_second_command_goes_on_when_the_first_has_ended(tmp_path: Path) -> None:
    entered, leave = threading.Event(), threading.Event()

    def first() -> None:
        with locked(tmp_path, ignore):
            entered.set()
            leave.wait(10)

    thread = threading.Thread(target=first)
    thread.start()
    assert entered.wait(10)

    def leaving(event: Event) -> None:
        assert isinstance(event, Waiting)
        leave.set()

    with locked(tmp_path, leaving, seconds=10):
        assert leave.is_set()
    thread.join()


def test_the_lock_can_be_taken_again(tmp_path: Path) -> None:
    for _ in range(2):
        with locked(tmp_path, ignore, seconds=0):
            assert (tmp_path / "lock").exists()


def test_a_folder_that_was_removed_meanwhile_is_locked_anew(tmp_path: Path) -> None:
    folder = tmp_path / "state"

    def removing(event: Event) -> None:
        assert isinstance(event, Waiting)
        shutil.rmtree(folder)

    with (
        locked(folder, ignore),
        locked(folder, removing, seconds=10),
        pytest.raises(SandboxError),
        locked(folder, ignore, seconds=0),
    ):
        pytest.fail("the new lock guards nothing")


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(SandboxError, match="cannot use") as caught,
        locked(tmp_path / "file" / "state", ignore),
    ):
        pytest.fail("a file cannot hold a folder")
    assert "another folder" in caught.value.fix
