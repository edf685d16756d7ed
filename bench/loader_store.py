"""A store that keeps nothing: it answers HEAD and copies at once, or after a given latency.

Run as `python loader_store.py <milliseconds>`; it prints its port and serves until its input ends.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

COPIED = (
    b'<?xml version="1.0" encoding="UTF-8"?><CopyObjectResult>'
    b"<LastModified>2026-11-23T14:47:02.000Z</LastModified>"
    b'<ETag>"d41d8cd98f00b204e9800998ecf8427e"</ETag></CopyObjectResult>'
)


class Store(BaseHTTPRequestHandler):
    """Answers every HEAD and every copy alike."""

    protocol_version = "HTTP/1.1"
    latency_s: ClassVar[float] = 0.0

    def do_HEAD(self) -> None:
        self.answer(1024)

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.answer(len(COPIED), COPIED)

    def answer(self, length: int, body: bytes = b"") -> None:
        time.sleep(self.latency_s)
        head = (
            "HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nx-amz-request-id: 1\r\n"
            'ETag: "d41d8cd98f00b204e9800998ecf8427e"\r\n'
            "Last-Modified: Mon, 23 Nov 2026 14:47:02 GMT\r\n"
            f"Content-Length: {length}\r\n\r\n"
        )
        self.wfile.write(head.encode() + body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def store(latency_ms: int) -> Iterator[str]:
    """Run one in a process of its own; yields its URL."""
    process = subprocess.Popen(
        [sys.executable, __file__, str(latency_ms)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:
        if process.stdin is None or process.stdout is None:
            raise SystemExit("no pipes")
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        process.stdin.close()


def main() -> None:
    Store.latency_s = int(sys.argv[1]) / 1000
    with ThreadingHTTPServer(("127.0.0.1", 0), Store) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        print(server.server_port, flush=True)
        sys.stdin.read()
        server.shutdown()


if __name__ == "__main__" and len(sys.argv) > 1:
    main()
