"""A function is called once, and waited for as long as it may take."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from dmslake.aws.clients import Account, Clients
from tests.aws.isolation import give_credentials, session

SECONDS = 0.3


class Busy(BaseHTTPRequestHandler):
    """A Lambda that is throttled, or that never answers."""

    calls: list[str]
    answers: bool
    over: threading.Event

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.calls.append(self.path)
        if not self.answers:
            self.over.wait(timeout=60)
            self.close_connection = True
            return
        body = b'{"Type": "User", "message": "Rate Exceeded."}'
        self.send_response(429)
        self.send_header("x-amzn-errortype", "TooManyRequestsException")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Say nothing."""


@contextmanager
def serving(monkeypatch: pytest.MonkeyPatch, *, answers: bool) -> Iterator[list[str]]:
    Busy.calls, Busy.answers, Busy.over = [], answers, threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Busy)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    give_credentials(monkeypatch)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    try:
        yield Busy.calls
    finally:
        Busy.over.set()
        server.shutdown()
        thread.join(timeout=10)
        server.server_close()


def invoke(seconds: float) -> None:
    account = Account(id="123456789012", region="eu-west-1")
    clients = Clients(session(account.region), account)
    clients.invoker(seconds).invoke(FunctionName="shop-loader", Payload=b"{}")


def test_a_refusal_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(monkeypatch, answers=True) as calls:
        with pytest.raises(ClientError, match="TooManyRequestsException"):
            invoke(60)
        assert len(calls) == 1


def test_an_invocation_that_takes_too_long_is_not_begun_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serving(monkeypatch, answers=False) as calls:
        with pytest.raises(ReadTimeoutError):
            invoke(SECONDS)
        assert len(calls) == 1
