"""Between botocore and the network: every request is answered here, none leaves the process."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ConnectionClosedError

from dmslake.sandbox.dms.faults import Fault
from tests.aws.isolation import session
from tests.faults.script import Asked, BrokenError, Members, RefusedError

_SERVICES = {"database-migration-service": "dms"}
_JSON = ("dms", "logs", "secretsmanager", "sqs", "ecr", "kms")
_Answer = Callable[[], Members]


class Aws(Protocol):
    """What stands behind the wire."""

    def perform(self, asked: Asked, body: bytes) -> Members | None:
        """Answer a request; None leaves it to the double behind (moto). Raises to refuse."""
        ...


class Wire:
    """One boto3 session for all tests; `aws` is whatever the running test put there."""

    def __init__(self) -> None:
        self.aws: Aws | None = None
        self.session: boto3.Session = session("eu-west-1")
        events: Any = self.session.events
        events.register_first("before-send", self._answer)

    def _answer(self, request: AWSPreparedRequest, event_name: str, **_: Any) -> Any:
        hyphenated, operation = event_name.split(".")[1:3]
        service = _SERVICES.get(hyphenated, hyphenated)
        data = _bytes(request.body)
        text: str = f"{request.method} {request.url} {data.decode(errors='replace')}"
        assert self.aws is not None, f"{service}:{operation} was called by no test"
        try:
            members = self.aws.perform(Asked(f"{service}:{operation}", text), data)
        except (RefusedError, Fault) as error:
            return _refusal(request, service, error)
        except BrokenError as error:
            raise ConnectionClosedError(
                endpoint_url=request.url, request=request, error=error
            ) from error
        if members is None:
            return None
        raw = members.get("__raw__")
        return _response(request, 200, json.dumps(members) if raw is None else str(raw), {})


def _bytes(body: object) -> bytes:
    if isinstance(body, str):
        return body.encode()
    return bytes(body) if isinstance(body, (bytes, bytearray)) else b""


def _refusal(request: AWSPreparedRequest, service: str, error: RefusedError | Fault) -> AWSResponse:
    if service in _JSON:
        content = json.dumps({"__type": error.code, "message": error.message})
    elif service == "lambda":
        content = json.dumps({"Message": error.message, "Type": "User"})
    else:
        inner = f"<Error><Code>{error.code}</Code><Message>{error.message}</Message></Error>"
        content = inner if service == "s3" else f"<ErrorResponse>{inner}</ErrorResponse>"
    headers = {"x-amzn-ErrorType": error.code}
    return _response(request, error.status, "" if request.method == "HEAD" else content, headers)


def _response(
    request: AWSPreparedRequest, status: int, content: str, headers: dict[str, str]
) -> AWSResponse:
    found: Any = {"x-amzn-RequestId": "1", **headers}
    raw: Any = _Body(content.encode())
    return AWSResponse(request.url, status, found, raw)


class _Body:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self._content
