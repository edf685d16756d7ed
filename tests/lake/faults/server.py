"""The stand-in for S3 on a socket, and what goes wrong there."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import cast

from tests.lake.faults.answers import Answer, Request, answer, refusal
from tests.lake.faults.kept import Shelves
from tests.lake.faults.plan import Blow, Fault, Plan

_REASONS = {200: "OK", 204: "No Content", 403: "Forbidden", 404: "Not Found",
            412: "Precondition Failed", 500: "Internal Server Error", 503: "Slow Down"}  # fmt: skip
_ERRORS = {Fault.INTERNAL: (500, "InternalError"), Fault.SLOW_DOWN: (503, "SlowDown"),
           Fault.DENIED: (403, "AccessDenied")}  # fmt: skip
_BODIES = {
    Fault.ERROR_IN_200: refusal(200, "InternalError").body,
    Fault.EMPTY: b"",
    Fault.WRONG: b"<html><body>It works!</body></html>",
}


def _nothing() -> None:
    return


class Stand:
    """A running server: its address, what it keeps, what goes wrong; `late` counts what hangs."""

    def __init__(self, shelves: Shelves, plan: Plan, late_s: float) -> None:
        self.shelves = shelves
        self.plan = plan
        self.late_s = late_s
        self.late = 0
        self.port = 0
        self.after: dict[tuple[str, str], Callable[[], None]] = {}
        self.connections: set[asyncio.Transport] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def did(self, request: Request) -> None:
        """Let happen what is to happen right after this."""
        key = request.source[0] if "x-amz-copy-source" in request.headers else request.key
        self.after.pop((request.operation, key), _nothing)()

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
        request = Request.read(head.decode(), rest)
        if len(rest) < int(request.headers.get("content-length", 0)):
            return
        self._unread = b""
        blow = self._stand.plan.blow(request)
        if blow is None:
            self._send(request, self._act(request))
        elif blow.fault is Fault.LATE:
            self._hang(request, blow)
        else:
            self._strike(request, blow)

    def _act(self, request: Request) -> Answer:
        # An answer that was sent may have come too late; who names the upload did read its name.
        upload = self._stand.shelves.uploads.get(request.query.get("uploadId", ""))
        if upload is not None:
            upload.known = True
        made = answer(self._stand.shelves, request)
        if made.status == 200:
            self._stand.did(request)
        return made

    def _hang(self, request: Request, blow: Blow) -> None:
        """Answer nothing; what is not done now is done when nobody waits for it any more."""
        if blow.done:
            self._act(request)
        self._stand.late += 1
        asyncio.get_running_loop().call_later(self._stand.late_s, self._end, request, blow)

    def _end(self, request: Request, blow: Blow) -> None:
        if not blow.done:
            self._act(request)
        self._stand.late -= 1
        self._transport.abort()

    def _strike(self, request: Request, blow: Blow) -> None:
        if request.operation == "AbortMultipartUpload" and not blow.done:
            upload = self._stand.shelves.uploads.get(request.query["uploadId"])
            if upload is not None:
                upload.abort_failed = True
        made = self._act(request) if blow.done else Answer(200, _BODIES[Fault.WRONG])
        if blow.fault in _ERRORS:
            self._send(request, refusal(*_ERRORS[blow.fault]))
        elif blow.fault is Fault.RESET:
            self._transport.abort()
        elif blow.fault is Fault.CUT:
            self._cut(request, made)
        else:
            self._send(request, Answer(200, _BODIES[blow.fault]))

    def _cut(self, request: Request, made: Answer) -> None:
        text = self._written(request, made)
        # Python's http.client takes headers that break off for headers that end; the ETag is last.
        self._transport.write(text[: text.find(b"\r\n") + 9 if request.method == "HEAD" else -9])
        self._transport.close()

    def _send(self, request: Request, made: Answer) -> None:
        self._transport.write(self._written(request, made))

    def _written(self, request: Request, made: Answer) -> bytes:
        reason = _REASONS.get(made.status, "Other")
        headers = {"Content-Length": str(len(made.body)), **(made.headers or {})}
        if made.status == 204:
            del headers["Content-Length"]
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"HTTP/1.1 {made.status} {reason}\r\nx-amz-request-id: R\r\n{lines}\r\n"
        return head.encode() + (b"" if request.method == "HEAD" else made.body)


@contextmanager
def serving(shelves: Shelves, plan: Plan, *, late_s: float) -> Iterator[Stand]:
    """Serve on a port of this machine until the block ends."""
    stand = Stand(shelves, plan, late_s)
    loop = asyncio.new_event_loop()
    start = loop.create_server(lambda: Connection(stand), "127.0.0.1", 0)
    server = loop.run_until_complete(start)
    stand.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, name="s3")
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
