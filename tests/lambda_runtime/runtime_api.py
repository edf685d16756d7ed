"""Lambda's runtime API on this machine: what the service says to the process of a function.

Paths and headers: Lambda Developer Guide, "Using the Lambda runtime API for custom runtimes".
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue
from typing import Any

FUNCTION_ARN = "arn:aws:lambda:eu-west-1:123456789012:function:shop-loader"
_VERSION = "/2018-06-01/runtime"
_END = None


@dataclass(frozen=True)
class Invocation:
    """What the process is given; `deadline_ms` is a moment, in milliseconds since 1970."""

    request_id: str
    event: Any
    deadline_ms: int


@dataclass(frozen=True)
class Answer:
    """What the process made of it. `error_type` is empty for a response."""

    about: str
    body: Any
    error_type: str = ""


@dataclass
class RuntimeApi:
    """One function's end of the service; `invoke` is what the event source does."""

    address: str
    _waiting: Queue[Invocation | None] = field(default_factory=Queue)
    _answers: Queue[Answer] = field(default_factory=Queue)
    _count: int = 0

    def invoke(self, event: Any, *, seconds: float = 60.0) -> Answer:
        """Give the process one event, with that long to handle it; wait for what it answers."""
        self._count += 1
        deadline_ms = int((time.time() + seconds) * 1000)
        invocation = Invocation(f"request-{self._count}", event, deadline_ms)
        self._waiting.put(invocation)
        try:
            answer = self._answers.get(timeout=max(seconds, 20.0))
        except Empty:
            raise AssertionError(f"the process never answered {invocation}") from None
        assert answer.about == invocation.request_id, answer
        return answer

    def next(self) -> Invocation | None:
        """Give the process its next event, once there is one; nothing at the end."""
        return self._waiting.get()

    def take(self, answer: Answer) -> None:
        self._answers.put(answer)

    def end(self) -> None:
        self._waiting.put(_END)


@contextmanager
def runtime_api() -> Iterator[RuntimeApi]:
    """Serve the runtime API on a port of this machine."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        api = server.api
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield api
        finally:
            api.end()
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    def server_activate(self) -> None:
        super().server_activate()
        self.api = RuntimeApi(f"127.0.0.1:{self.server_port}")

    def handle_error(self, request: Any, client_address: Any) -> None:
        # The process is ended while it waits for its next event: its connection breaks.
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        assert self.path == f"{_VERSION}/invocation/next", self.path
        invocation = self._api.next()
        if invocation is None:
            self.close_connection = True
            return
        headers = {
            "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
            "Lambda-Runtime-Deadline-Ms": str(invocation.deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": FUNCTION_ARN,
            "Lambda-Runtime-Trace-Id": "Root=1-00000000-000000000000000000000000;Sampled=0",
        }
        self._reply(200, json.dumps(invocation.event).encode(), headers)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        where = self.path.removeprefix(f"{_VERSION}/")
        about, _, what = where.removeprefix("invocation/").partition("/")
        assert (about, what) == ("init", "error") or what in ("response", "error"), self.path
        self._api.take(Answer(about, body, body["errorType"] if what == "error" else ""))
        self._reply(202, b'{"status": "OK"}', {})

    @property
    def _api(self) -> RuntimeApi:
        assert isinstance(self.server, _Server)
        return self.server.api

    def _reply(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass
