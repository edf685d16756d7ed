"""Ctrl-C: the first lets the calls in flight finish, the second ends at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from dmslake.cli.interrupt import interruptible, stoppable
from tests.aws.isolation import give_credentials

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_is_a_wish(number: signal.Signals) -> None:
    said: list[str] = []
    with stoppable(said.append) as stop:
        assert not stop.is_set()
        os.kill(os.getpid(), number)
        assert stop.wait(timeout=10)
    assert len(said) == 1
    assert "Ctrl-C again ends at once" in said[0]


def press_ctrl_c() -> None:
    os.kill(os.getpid(), signal.SIGINT)
    threading.Event().wait(timeout=0.05)  # where Python notices


def test_the_second_interrupts() -> None:
    with stoppable(lambda _: None):
        press_ctrl_c()
        with pytest.raises(KeyboardInterrupt):
            press_ctrl_c()


def test_afterwards_everything_is_as_it_was() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    with pytest.raises(ValueError, match="x"), stoppable(lambda _: None):
        raise ValueError("x")
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_what_runs_is_unwound_first() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    interruptible()
    with pytest.raises(KeyboardInterrupt):
        press_ctrl_c()


def test_who_ignores_ctrl_c_goes_on_ignoring_it() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    interruptible()
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run Python; whatever becomes of the test, the process does not outlive it."""
    with subprocess.Popen(
        [sys.executable, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


# A call that hangs for ever, in a thread that Python would wait for.
HANGING = """
import signal, threading
from dmslake.cli.interrupt import interruptible, leave, stoppable
signal.signal(signal.SIGINT, signal.default_int_handler)
threading.Thread(target=threading.Event().wait).start()
with {context}:
    try:
        print("ready", flush=True)
        while True:
            threading.Event().wait(0.05)
    except KeyboardInterrupt:
        print("unwinding", flush=True)
        while True:
            threading.Event().wait(0.05)
"""


@pytest.mark.parametrize(
    "context",
    ["stoppable(lambda text: print('told', flush=True), again=leave)", "interrupted()"],
    ids=["while a plan is carried out", "while something is read"],
)
def test_the_second_ends_even_what_hangs(context: str) -> None:
    code = HANGING.format(context=context)
    if "interrupted" in context:
        code = code.replace("with interrupted():", "interruptible()\nif True:")
    with started("-c", code) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() in ("told\n", "unwinding\n")
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 130


WRITING = """
import io, sys, threading
from dmslake.cli.interrupt import leave

class Terminal(io.RawIOBase):
    def writable(self):
        return True

    def write(self, data):
        leave()  # as a signal does that comes now

threading.Thread(target=threading.Event().wait).start()
sys.stdout = io.TextIOWrapper(io.BufferedWriter(Terminal()), write_through=True)
print("something", flush=True)
"""


def test_the_second_ends_even_what_is_just_writing() -> None:
    with started("-c", WRITING) as process:
        assert process.wait(timeout=20) == 130


IDENTITY = b"""<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:root</Arn><UserId>x</UserId>
<Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"""


class HangingAws(BaseHTTPRequestHandler):
    """Says who one is, and nothing else for as long as anybody waits."""

    protocol_version = "HTTP/1.1"
    asked: threading.Event
    over: threading.Event

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if b"GetCallerIdentity" not in body:
            self.hang()
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(IDENTITY)))
        self.end_headers()
        self.wfile.write(IDENTITY)

    def hang(self) -> None:
        self.asked.set()
        self.over.wait(timeout=60)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Say nothing."""


# A job in the background ignores Ctrl-C, and these tests may be one.
LISTENING = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from dmslake.cli.main import main
main()
"""

HangingAws.do_GET = HangingAws.do_HEAD = HangingAws.hang  # type: ignore[attr-defined]


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], bool]]:
    """An AWS that hangs; the function waits until it is asked for something."""
    HangingAws.asked, HangingAws.over = threading.Event(), threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), HangingAws)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    give_credentials(monkeypatch)
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    yield lambda: HangingAws.asked.wait(timeout=30)
    HangingAws.over.set()
    server.shutdown()
    serving.join(timeout=10)
    server.server_close()


@pytest.mark.parametrize("command", ["plan", "status"])
def test_reading_an_aws_that_hangs_can_be_ended(hanging: Callable[[], bool], command: str) -> None:
    with started("-c", LISTENING, command) as process:
        assert hanging()
        code = None
        for _ in range(2):  # the second is for readers that are waited for
            process.send_signal(signal.SIGINT)
            try:
                code = process.wait(timeout=3)
                break
            except subprocess.TimeoutExpired:
                continue
        assert code == 130 or process.wait(timeout=20) == 130
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()
