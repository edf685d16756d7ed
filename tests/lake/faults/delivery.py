"""Events as Lambda delivers them: in any order, again after a failure, and some day no more."""

from __future__ import annotations

import io
import itertools
import json
import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from dmslake.lake.envelopes.base import DeliveryError
from dmslake.lake.handler import Loader
from tests.lake.faults.named import addresses

ASYNCHRONOUS_TRIES = 3  # Lambda's own: once, and two retries
DELIVERIES = 5  # the queue's redrive policy
_QUEUE_ARN = "arn:aws:sqs:eu-west-1:123456789012:dmslake-shop"


@dataclass(frozen=True)
class Letter:
    """What was given up: the message's body, and the failures that its last invocation logged."""

    body: str
    failures: tuple[dict[str, Any], ...]


class Work(Protocol):
    """Something that waits its turn."""

    def run(self, service: LambdaService, loader: Loader) -> None: ...


MakeChange = Callable[["LambdaService"], None]


@dataclass(frozen=True)
class Change:
    """Something that happens to the staging bucket meanwhile."""

    make: MakeChange

    def run(self, service: LambdaService, loader: Loader) -> None:  # noqa: ARG002 - as all work
        self.make(service)


@dataclass(frozen=True)
class Event:
    """An event that Lambda keeps for the function; `left_ms` is the time limit."""

    payload: dict[str, Any]
    left_ms: float = 60_000
    tried: int = 0

    def run(self, service: LambdaService, loader: Loader) -> None:
        invoked = service.invoke(loader, self.payload, self.left_ms)
        if invoked.error is None:
            return
        tried = self.tried + 1
        if tried < ASYNCHRONOUS_TRIES:
            service.add(Event(self.payload, tried=tried))
            return
        record = {
            "version": "1.0",
            "requestContext": {
                "requestId": invoked.request_id,
                "condition": "RetriesExhausted",
                "approximateInvokeCount": tried,
            },
            "requestPayload": self.payload,
            "responseContext": {"statusCode": 200, "functionError": "Unhandled"},
            "responsePayload": {"errorMessage": str(invoked.error)},
        }
        service.letters.append(Letter(json.dumps(record), invoked.failures()))


@dataclass(frozen=True)
class Message:
    """A message in the queue."""

    name: str
    body: str
    received: int = 0

    def record(self) -> dict[str, Any]:
        return {
            "messageId": self.name,
            "receiptHandle": f"receipt-{self.name}",
            "body": self.body,
            "attributes": {"ApproximateReceiveCount": str(self.received + 1)},
            "eventSource": "aws:sqs",
            "eventSourceARN": _QUEUE_ARN,
            "awsRegion": "eu-west-1",
        }


@dataclass(frozen=True)
class Batch:
    """Messages that a poller took together."""

    messages: Sequence[Message]
    left_ms: float = 60_000

    def run(self, service: LambdaService, loader: Loader) -> None:
        event = {"Records": [message.record() for message in self.messages]}
        invoked = service.invoke(loader, event, self.left_ms)
        returned = invoked.returned({message.name for message in self.messages})
        again = []
        for message in self.messages:
            if message.name not in returned:
                continue
            received = message.received + 1
            if received < DELIVERIES:
                again.append(Message(message.name, message.body, received))
            else:
                service.letters.append(Letter(message.body, invoked.failures(message.body)))
        if again:
            service.add(Batch(again))


@dataclass(frozen=True)
class Invoked:
    """What became of one invocation."""

    request_id: str
    answer: dict[str, Any] | None
    error: DeliveryError | None
    log: str

    def returned(self, sent: set[str]) -> set[str]:
        if self.answer is None:
            return sent
        named = {item["itemIdentifier"] for item in self.answer["batchItemFailures"]}
        assert named <= sent
        return named

    def failures(self, body: str | None = None) -> tuple[dict[str, Any], ...]:
        """Read the lines of objects that failed; with a body, of those that it is about."""
        lines = (json.loads(line) for line in self.log.splitlines() if "object_failed" in line)
        return tuple(line for line in lines if body is None or _is_about(line["source"], body))


def _is_about(source: str, body: str) -> bool:
    return source in addresses(json.loads(body))


class LambdaService:
    """Queues, retries and dead letters around a few environments of the function."""

    def __init__(self, environments: Iterable[Loader]) -> None:
        self._environments = list(environments)
        self._waiting: queue.Queue[Work | None] = queue.Queue()
        self._numbers = itertools.count(1)
        self.letters: list[Letter] = []
        self.crashes: list[Exception] = []

    def add(self, work: Work) -> None:
        self._waiting.put(work)

    def invoke(self, loader: Loader, event: dict[str, Any], left_ms: float) -> Invoked:
        name = f"request-{next(self._numbers)}"
        stream = io.StringIO()
        ends = time.monotonic() + left_ms / 1000
        answer, failed = None, None
        try:
            answer = loader.load(
                json.loads(json.dumps(event)),
                request_id=name,
                stream=stream,
                deadline=lambda: (ends - time.monotonic()) * 1000,
            )
        except DeliveryError as error:
            failed = error
        return Invoked(name, answer, failed, stream.getvalue())

    def run(self) -> None:
        """Deliver until nothing waits any more."""
        threads = [
            threading.Thread(target=self._deliver, args=(loader,)) for loader in self._environments
        ]
        for thread in threads:
            thread.start()
        self._waiting.join()
        for _ in threads:
            self._waiting.put(None)
        for thread in threads:
            thread.join()

    def _deliver(self, loader: Loader) -> None:
        while (work := self._waiting.get()) is not None:
            try:
                work.run(self, loader)
            except Exception as error:  # noqa: BLE001 - told by the test, which else would hang
                self.crashes.append(error)
            finally:
                self._waiting.task_done()
