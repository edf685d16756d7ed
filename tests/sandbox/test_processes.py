"""Processes are spawned apart, known by more than their number, and ended with all they left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import pytest

from dmslake.errors import SandboxError
from dmslake.sandbox import processes
from dmslake.sandbox.processes import Process, spawn, terminate, wait_until

Python: TypeAlias = Callable[..., Process]
SLEEP = "import time; time.sleep(600)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"  # noqa: E501 - a program
PARENT = "import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', sys.argv[1]]).pid, flush=True); import time; time.sleep(600)"  # noqa: E501 - a program


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "server.log"


@pytest.fixture
def python(log: Path) -> Iterator[Python]:
    """Spawn a Python that runs a text; all of them end with the test."""
    spawned: list[Process] = []

    def start(*arguments: str) -> Process:
        command = [sys.executable, "-c", *arguments]
        spawned.append(spawn(command, log=log, environment={"MARK": "1"}))
        return spawned[-1]

    yield start
    for process in spawned:
        terminate(process, stop=signal.SIGKILL, seconds=5)


@pytest.fixture
def spawned(python: Python) -> Process:
    return python(SLEEP)


def test_a_process_lives_until_it_is_terminated(python: Python) -> None:
    process = python(SLEEP)
    assert processes.is_alive(process)
    assert terminate(process, seconds=5)
    assert not processes.is_alive(process)


def test_a_process_has_a_session_and_an_environment_of_its_own(log: Path, python: Python) -> None:
    process = python(f"import os; print(os.getsid(0), dict(os.environ), flush=True); {SLEEP}")
    assert wait_until(lambda: bool(log.read_text()), 10)
    terminate(process, seconds=5)
    session, _, environment = log.read_text().partition(" ")
    assert int(session) == process.pid
    assert "MARK" in environment
    assert "PATH" not in environment


def test_a_process_that_ended_by_itself_is_dead_though_nobody_asked_for_its_code(
    python: Python,
) -> None:
    process = python("pass")
    assert wait_until(lambda: not processes.is_alive(process), 10)


def test_a_recycled_number_is_not_taken_for_ours(spawned: Process) -> None:
    stranger = replace(spawned, started="at another time")
    assert not processes.is_alive(stranger)
    assert terminate(stranger, seconds=1)
    assert processes.is_alive(spawned)


def test_a_process_that_does_not_want_to_end_is_killed(log: Path, python: Python) -> None:
    process = python(STUBBORN)
    assert wait_until(lambda: "up" in log.read_text(), 10)
    assert not terminate(process, seconds=0.2)
    assert not processes.is_alive(process)


def test_a_stopped_process_ends_by_itself_too(spawned: Process) -> None:
    os.kill(spawned.pid, signal.SIGSTOP)
    assert terminate(spawned, seconds=5)


THREADED = """
import ctypes, socket, threading
port = socket.create_server(("127.0.0.1", 0))
print(port.getsockname()[1], flush=True)
threading.Thread(target=threading.Event().wait).start()
ctypes.CDLL(None).pthread_exit(None)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the first thread stays")
def test_a_process_lives_as_long_as_any_of_its_threads(log: Path, python: Python) -> None:
    process = python(THREADED)
    stat = Path(f"/proc/{process.pid}/stat")
    assert wait_until(lambda: ") Z " in stat.read_text(), 10)
    assert log.read_text()
    assert processes.is_alive(process)
    terminate(process, stop=signal.SIGKILL, seconds=5)
    assert not processes.is_alive(process)


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGKILL])
def test_what_a_process_has_started_ends_with_it(log: Path, python: Python, stop: int) -> None:
    process = python(PARENT, STUBBORN)
    assert wait_until(lambda: "up" in log.read_text(), 10)
    child = int(log.read_text().split()[0])
    terminate(process, stop=stop, seconds=5)
    assert wait_until(lambda: processes.started_at(child) is None, 5)


def test_what_a_killed_process_left_is_cleared_later(log: Path, python: Python) -> None:
    process = python(PARENT, STUBBORN)
    assert wait_until(lambda: "up" in log.read_text(), 10)
    child = int(log.read_text().split()[0])
    os.kill(process.pid, signal.SIGKILL)
    assert wait_until(lambda: not processes.is_alive(process), 5)
    terminate(process, seconds=5)
    assert wait_until(lambda: processes.started_at(child) is None, 5)


def test_a_program_that_does_not_exist_is_named(log: Path) -> None:
    with pytest.raises(SandboxError, match="/no/such/program could not be started") as caught:
        spawn(["/no/such/program"], log=log, environment={})
    assert "No such file" in caught.value.why


def test_the_log_goes_on_and_a_large_one_is_put_aside(log: Path, python: Python) -> None:
    log.write_text("before\n")
    first = python("print('after')")
    assert wait_until(lambda: not processes.is_alive(first), 10)
    assert log.read_text() == "before\nafter\n"
    with log.open("ab") as opened:
        opened.truncate(20_000_000)
    second = python("print('new')")
    assert wait_until(lambda: not processes.is_alive(second), 10)
    assert log.read_text() == "new\n"
    assert log.with_name("server.log.previous").stat().st_size == 20_000_000


def test_the_log_is_private(log: Path, spawned: Process) -> None:
    assert processes.is_alive(spawned)
    assert log.stat().st_mode & 0o777 == 0o600


def test_processes_are_found_by_neighbouring_arguments(log: Path, python: Python) -> None:
    process = python(SLEEP, "-D", f"{log.parent}/some where/data")
    # The system shows the arguments of a new program a moment after it began.
    assert wait_until(
        lambda: processes.with_arguments(["-D", f"{log.parent}/some where/data"]) == [process], 10
    )
    assert processes.with_arguments(["-D", f"{log.parent}/some where"]) == []
    assert processes.with_arguments([SLEEP, f"{log.parent}/some where/data"]) == []
    terminate(process, seconds=5)
    assert processes.with_arguments(["-D", f"{log.parent}/some where/data"]) == []


def test_processes_are_found_by_their_working_directory(log: Path, spawned: Process) -> None:
    assert processes.working_in(log.parent) == [spawned]
    assert processes.working_in(log.parent.parent) == []


def test_ps_tells_the_same_where_there_is_no_proc(log: Path, python: Python) -> None:
    process = python(SLEEP, "-D", f"{log.parent}/some where/data")
    first = processes.posix_start(process.pid)
    assert first
    assert processes.posix_start(process.pid) == first
    assert wait_until(
        lambda: processes.posix_search(f"\0-D\0{log.parent}/some where/data\0") == [process.pid], 10
    )
    assert processes.posix_search(f"\0-D\0{log.parent}/some where/dat\0") == []
    terminate(process, seconds=5)
    assert processes.posix_start(process.pid) is None
    assert processes.posix_search(f"\0-D\0{log.parent}/some where/data\0") == []


def test_ps_takes_a_process_without_a_parent_that_asks_for_dead() -> None:
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    assert wait_until(lambda: processes.posix_start(child.pid) is None, 10)
    assert processes.started_at(child.pid) is None
    child.wait()


def test_the_last_lines_of_a_log(log: Path) -> None:
    assert processes.last_lines(log) == ""
    log.write_text("".join(f"line {number}\n" for number in range(5000)))
    assert processes.last_lines(log, 2) == "line 4998\nline 4999"


def test_ctrl_c_waits_while_something_is_put_in_order() -> None:
    with processes.undisturbed():
        os.kill(os.getpid(), signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_putting_in_order_works_in_any_thread() -> None:
    done: list[bool] = []

    def work() -> None:
        with processes.undisturbed():
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [True]
