"""A start that is interrupted, killed, or made twice at once leaves order behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dmslake.sandbox import launcher, processes
from dmslake.sandbox.processes import wait_until
from tests.sandbox.leftovers import processes_of

ROOT = Path(__file__).parents[2]
# Tells of each event on a line of its own, and waits after the one that is named.
START = """
import sys, time
from pathlib import Path
from dmslake.sandbox import launcher

def listen(event):
    print(type(event).__name__, event.server, flush=True)
    if f"{type(event).__name__} {event.server}" == sys.argv[2]:
        time.sleep(60)

sandbox = launcher.start(Path(sys.argv[1]), on_event=listen)
print("was running" if sandbox.was_running else "was started", flush=True)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "state"
    yield path
    launcher.destroy(path)
    assert processes_of(path) == []


def starting(folder: Path, until: str = "") -> subprocess.Popen[str]:
    """Start a sandbox in another process, which goes no further than an event."""
    child = subprocess.Popen(
        [sys.executable, "-c", START, str(folder), until],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    if until:
        assert child.stdout is not None
        assert any(line.strip() == until for line in child.stdout)
    return child


@pytest.mark.parametrize("moment", ["Starting cloud", "Starting postgres", "Ready cloud"])
def test_ctrl_c_leaves_nothing_running(folder: Path, moment: str) -> None:
    child = starting(folder, moment)
    assert processes_of(folder)
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=60)
    assert child.returncode not in {0, None}
    assert processes_of(folder) == []
    launcher.start(folder)
    assert launcher.status(folder).is_running


def test_ctrl_c_leaves_alone_what_ran_before(folder: Path) -> None:
    launcher.start(folder)
    before = {one.name: one.pid for one in launcher.status(folder).servers}
    os.kill(before["dms"] or 0, signal.SIGKILL)
    child = starting(folder, "Starting dms")
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=60)
    after = {one.name: one.pid for one in launcher.status(folder).servers}
    assert after == {**before, "dms": None}


@pytest.mark.parametrize("moment", ["Starting cloud", "Starting postgres", "Ready cloud"])
def test_a_start_that_is_killed_is_taken_up(folder: Path, moment: str) -> None:
    child = starting(folder, moment)
    child.kill()
    child.communicate(timeout=60)
    launcher.start(folder)
    assert launcher.status(folder).is_running


def test_two_starts_at_once_make_one_sandbox(folder: Path) -> None:
    children = [starting(folder) for _ in range(3)]
    said = [child.communicate(timeout=120)[0].splitlines() for child in children]
    assert [child.returncode for child in children] == [0, 0, 0]
    assert sorted(lines[-1] for lines in said) == ["was running", "was running", "was started"]
    assert sum("Waiting sandbox" in lines for lines in said) >= 1
    alive = [one.pid for one in launcher.status(folder).servers]
    assert all(alive)


def test_the_servers_outlive_the_command_that_started_them(folder: Path) -> None:
    child = starting(folder)
    said, _ = child.communicate(timeout=60)
    assert said.splitlines()[-1] == "was started"
    # The pipe was closed, though the servers run: none of them holds it open.
    assert launcher.status(folder).is_running


@pytest.mark.skipif(os.geteuid() != 0, reason="all other tests are an ordinary user's already")
def test_an_ordinary_user_starts_one_too(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, 65534, 65534)
    script = START + "import os; print(os.geteuid()); print(launcher.stop(Path(sys.argv[1])))"
    # The tests' own interpreter and folder may stand where only root may look.
    done = subprocess.run(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
         "--inh-caps=+dac_override", "--ambient-caps=+dac_override",
         sys.executable, "-c", script, str(home / "state"), ""],
        cwd=ROOT, env={"HOME": str(home), "PATH": os.environ["PATH"]},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    assert done.stdout.splitlines()[-3:] == ["was started", "65534", "True"]
    assert {path.stat().st_uid for path in (home / "state").rglob("*")} == {65534}
    assert wait_until(lambda: processes_of(home) == [], 5)
    assert processes.working_in(home / "state/postgres/data") == []
