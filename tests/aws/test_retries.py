"""What is tried again: throttling in every spelling, broken lines, and two faults of DMS."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError, ConnectionClosedError

from dmslake.aws.clients import Account, Clients
from tests.aws.isolation import session

ACCOUNT = Account(id="123456789012", region="eu-west-1")
Answer = Callable[[str], AWSResponse]


class _Body:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, *_: Any, **__: Any) -> Any:
        yield self._content


def answer(url: str, status: int, content: object) -> AWSResponse:
    headers: Any = {}
    return AWSResponse(url, status, headers, _Body(json.dumps(content).encode()))


def refused(code: str) -> Answer:
    return lambda url: answer(url, 400, {"__type": code, "message": "not now"})


def broken(url: str) -> AWSResponse:
    raise ConnectionClosedError(endpoint_url=url)


def failing(url: str) -> AWSResponse:
    return answer(url, 503, {})


class Service:
    """Answers with each of these in turn, then with an empty account."""

    def __init__(self, *first: Answer) -> None:
        self.left = list(first)
        self.calls = 0
        self.clients = Clients(session(), ACCOUNT)
        events: Any = self.clients.dms.meta.events
        events.register("before-send", self._answer)

    def _answer(self, request: Any, **_: Any) -> AWSResponse:
        self.calls += 1
        if self.left:
            return self.left.pop(0)(request.url)
        return answer(request.url, 200, {"Endpoints": []})

    def ask(self) -> int:
        return len(self.clients.dms.describe_endpoints()["Endpoints"])


@pytest.mark.parametrize(
    "first",
    [
        refused("ThrottlingException"), refused("Throttling"), refused("RequestLimitExceeded"),
        refused("KMSThrottlingFault"), refused("FailedDependencyFault"), broken, failing,
    ],
    ids=["ThrottlingException", "Throttling", "RequestLimitExceeded", "KMS", "dependency",
         "broken line", "503"],
)  # fmt: skip
def test_what_passes_is_tried_again(first: Answer) -> None:
    service = Service(first)
    assert service.ask() == 0
    assert service.calls == 2


def test_a_real_refusal_is_told_at_once() -> None:
    service = Service(refused("AccessDeniedFault"))
    with pytest.raises(ClientError, match="AccessDeniedFault"):
        service.ask()
    assert service.calls == 1
