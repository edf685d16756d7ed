"""The stand-in for S3 on a socket, and what goes wrong there."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import cast

from tests.backfill.faults.answers import Answer, Request, answer, refusal
from tests.backfill.faults.kept import World
from tests.backfill.faults.plan import Fault, Plan

_REASONS = {200: "OK", 400: "Bad Request", 403: "Forbidden", 404: "Not Found",
            412: "Precondition Failed", 500: "Internal Server Error", 501: "Not Implemented",
            503: "Slow Down"}  # fmt: skip
_ERRORS = {
    Fault.INTERNAL: refusal(500, "InternalError", "We encountered an internal error."),
    Fault.SLOW_DOWN: refusal(503, "SlowDown", "Please reduce your request rate."),
    Fault.ERROR_IN_200: refusal(200, "InternalError", "We encountered an internal error."),
    Fault.EMPTY: Answer(200),
    Fault.WRONG: Answer(200, b"<html><body>It works!</body></html>"),
}
_HEADLESS = (Fault.INTERNAL, Fault.SLOW_DOWN, Fault.RESET)
_LOST = 30  # bytes that are missing at the end of an answer


@dataclass
class Stand:
    """A running server: its port, what it keeps, what goes wrong, and what came as to a proxy."""

    world: World
    plan: Plan = field(default_factory=Plan)
    port: int = 0
    proxied: int = 0
    connections: set[asyncio.Transport] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def hang_up(self) -> None:
        for connection in list(self.connections):
            connection.abort()


class Connection(asyncio.Protocol):
    """One connection; requests come one after the other."""

    def __init__(self, stand: Stand) -> None:
        self._stand = stand
        self._unread = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._stand.connections.add(self._transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's name
        self._stand.connections.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        self._unread += data
        head, ends, rest = self._unread.partition(b"\r\n\r\n")
        if not ends:
            return
        request = Request.read(head.decode())
        if len(rest) < int(request.headers.get("content-length", 0)):
            return
        self._unread = b""
        self._stand.proxied += request.proxied
        blow = self._blow(request)
        if blow is None:
            self._send(request, answer(self._stand.world, request))
        else:
            self._strike(request, *blow)

    def _blow(self, request: Request) -> tuple[Fault, bool] | None:
        operation = request.operation
        if operation in {"GetCallerIdentity", "HeadBucket"}:
            return None
        place = request.query.get("start-after", "") + request.query.get("prefix", "")
        found = self._stand.plan.blow(operation, f"{request.bucket}/{request.key}?{place}")
        if found is not None and request.method == "HEAD" and found[0] not in _HEADLESS:
            return _HEADLESS[len(request.key) % len(_HEADLESS)], False
        return found

    def _strike(self, request: Request, fault: Fault, done: bool) -> None:
        made = answer(self._stand.world, request) if done else Answer(200, b"<?xml version=" * 9)
        if fault in _ERRORS:
            self._send(request, _ERRORS[fault])
        elif fault is Fault.RESET:
            self._transport.abort()
        elif fault is Fault.SHORT:
            self._send(request, made._replace(body=made.body[:-_LOST]))
        else:
            self._transport.write(_written(request, made)[:-_LOST])
            self._transport.close()

    def _send(self, request: Request, made: Answer) -> None:
        self._transport.write(_written(request, made))


def _written(request: Request, made: Answer) -> bytes:
    headers = {"Content-Length": str(len(made.body)), **(made.headers or {})}
    if made.body:
        headers["Content-Type"] = "application/xml"
    reason = _REASONS.get(made.status, "Other")
    lines = [f"HTTP/1.1 {made.status} {reason}", *(f"{n}: {v}" for n, v in headers.items())]
    head = ("\r\n".join(lines) + "\r\n\r\n").encode()
    return head if request.method == "HEAD" else head + made.body


@contextmanager
def serving(world: World, plan: Plan | None = None) -> Iterator[Stand]:
    """Serve on a port of this machine, in a thread of its own, for as long as the block runs."""
    stand = Stand(world, plan or Plan())
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(
        loop.create_server(lambda: Connection(stand), "127.0.0.1", 0, backlog=1000)
    )
    stand.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, name="S3")
    thread.start()
    try:
        yield stand
    finally:
        loop.call_soon_threadsafe(stand.hang_up)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        # The transports that were told to end do so in the next turns of the loop.
        loop.run_until_complete(asyncio.sleep(0))
        loop.run_until_complete(server.wait_closed())
        loop.close()
