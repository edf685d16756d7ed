"""Pages of a bucket's listing, asked for by many threads at once.

Pages come by the thousand keys, so what asking for one costs does not matter: http.client does it.
"""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError

from dmslake.backfill.store import Answer, StoreError
from dmslake.backfill.wire.answers import refused
from dmslake.backfill.wire.server import Server
from dmslake.backfill.wire.signing import Request

_PATIENCE = 60.0
_OK = 200


class Pages:
    """The listing of one bucket; `sign` returns all headers of a request."""

    def __init__(self, server: Server, sign: Callable[[Request], list[tuple[str, str]]]) -> None:
        self._server = server
        self._sign = sign
        self._lock = threading.Lock()
        self._free: list[http.client.HTTPConnection] = []
        self._closed = False

    def body(self, request: Request) -> bytes:
        """Return the page as S3 wrote it; raises StoreError."""
        with self._connected() as connection:
            try:
                status, body = self._asked(connection, request)
            except (OSError, http.client.HTTPException, BotoCoreError) as error:
                connection.close()  # it connects anew when it is used again
                raise StoreError(Answer(0, type(error).__name__, str(error))) from error
        if status != _OK:
            raise StoreError(refused(status, body))
        return body

    def close(self) -> None:
        """Close what nobody uses now; the others are closed after their answer."""
        with self._lock:
            self._closed = True
            for connection in self._free:
                connection.close()

    def _asked(self, connection: http.client.HTTPConnection, request: Request) -> tuple[int, bytes]:
        headers = dict(self._sign(request))
        connection.request(request.method, f"{request.path}?{request.query}", headers=headers)
        with connection.getresponse() as answer:
            return answer.status, answer.read()

    @contextmanager
    def _connected(self) -> Iterator[http.client.HTTPConnection]:
        with self._lock:
            connection = self._free.pop() if self._free else self._made()
        try:
            yield connection
        finally:
            with self._lock:
                if self._closed:
                    connection.close()
                else:
                    self._free.append(connection)

    def _made(self) -> http.client.HTTPConnection:
        server = self._server
        if server.context is None:
            return http.client.HTTPConnection(server.host, server.port, timeout=_PATIENCE)
        return http.client.HTTPSConnection(
            server.host, server.port, timeout=_PATIENCE, context=server.context
        )
