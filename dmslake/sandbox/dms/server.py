"""The service over HTTP: AWS JSON 1.1 on the loopback interface.

Signatures are read for their region and not verified; whoever reaches the port is the caller.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from dmslake.sandbox.dms.faults import Fault
from dmslake.sandbox.dms.model import TARGET_PREFIX
from dmslake.sandbox.dms.operations import answer
from dmslake.sandbox.dms.parameters import Json
from dmslake.sandbox.dms.service import Service

_log = logging.getLogger(__name__)
_SCOPE = re.compile(r"Credential=[^/,\s]+/\d{8}/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request")
MOST_BYTES = 8 * 1024 * 1024
CONTENT_TYPE = "application/x-amz-json-1.1"
IDLE_SECONDS = 75.0


class DmsServer(ThreadingHTTPServer):
    """One service behind one port of the loopback interface; port 0 takes a free one."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, service: Service, host: str, port: int) -> None:
        self.service = service
        super().__init__((host, port), _Handler)

    @property
    def url(self) -> str:
        """The endpoint URL to give to a client."""
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}"

    def serve_in_thread(self) -> threading.Thread:
        """Serve from a thread of the server's own."""
        thread = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.05}, name="dms-http", daemon=True
        )
        thread.start()
        return thread

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - overrides
        """Log what broke; a client that went away is not worth a traceback."""
        error = sys.exception()
        if isinstance(error, ConnectionError | TimeoutError):
            _log.debug("%s went away", client_address)
        else:
            _log.error("a request from %s broke", client_address, exc_info=error)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "dmslake"
    sys_version = ""
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True
    wbufsize = -1
    server: DmsServer

    def do_GET(self) -> None:
        """Answer the health check."""
        found = self.path == "/health"
        self._send(200 if found else 404, {"status": "ok"} if found else {}, None)

    def do_POST(self) -> None:
        """Answer one operation, and with InternalFailure when the service itself breaks."""
        status, code = 500, "InternalFailure"
        members: Json = {"__type": code, "message": "the sandbox's DMS broke; its log says how"}
        try:
            body = self._body()
            members = answer(self.server.service, self._region(), self._operation(), body)
            status, code = 200, ""
        except Fault as fault:
            status, code = fault.status, fault.code
            members = {"__type": fault.code, "message": fault.message, **fault.members}
        finally:
            self._send(status, members, code)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Log a request line; bodies and headers, which hold secrets, never."""
        _log.debug(format, *args)

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit():
            self.close_connection = True
            raise Fault("SerializationException", "Content-Length is required", status=411)
        if int(length) > MOST_BYTES:
            self.close_connection = True
            raise Fault("RequestEntityTooLargeException", "the request is too large", status=413)
        return self.rfile.read(int(length))

    def _region(self) -> str:
        authorization = self.headers.get("Authorization")
        if authorization is None:
            raise Fault(
                "MissingAuthenticationTokenException", "Missing Authentication Token", status=403
            )
        scope = _SCOPE.search(authorization)
        if scope is None or scope[2] != "dms":
            raise Fault(
                "IncompleteSignatureException",
                "Credential must be scoped to <date>/<region>/dms/aws4_request",
            )
        return scope[1]

    def _operation(self) -> str:
        prefix, _, operation = self.headers.get("X-Amz-Target", "").partition(".")
        if prefix != TARGET_PREFIX or not operation:
            raise Fault(
                "UnknownOperationException", f"X-Amz-Target must be {TARGET_PREFIX}.<Operation>"
            )
        return operation

    def _send(self, status: int, members: Json, code: str | None) -> None:
        content = json.dumps(members).encode()
        self.send_response(status)
        self.send_header("Content-Type", CONTENT_TYPE)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("x-amzn-RequestId", str(uuid.uuid4()))
        if code:
            self.send_header("x-amzn-ErrorType", code)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)
