"""A dead-letter queue and a loader, of which tests say how they behave."""

from __future__ import annotations

import base64
import io
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus

from botocore.exceptions import ClientError

from dmslake.aws.clients import Clients
from tests.aws.isolation import session
from tests.contract.samples import ACCOUNT

QUEUE = "shop-loader-failed"
Records = Sequence[Mapping[str, Any]]
SECONDS_A_POLL = 1.0


def refused(operation: str, code: str, message: str = "no") -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": message}}
    return ClientError(response, operation)


def notification(*keys: str) -> dict[str, Any]:
    """Return S3's event for objects of the staging bucket."""
    return {
        "Records": [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "eventName": "ObjectCreated:Put",
                "s3": {"bucket": {"name": "staging"}, "object": {"key": quote_plus(key)}},
            }
            for key in keys
        ]
    }


def on_failure(*keys: str, error: str = "AccessDenied: no") -> dict[str, Any]:
    """Return what Lambda sends to an on-failure destination."""
    return {
        "version": "1.0",
        "timestamp": "2026-11-23T14:47:02.163Z",
        "requestContext": {"requestId": "r-1", "condition": "RetriesExhausted"},
        "requestPayload": notification(*keys),
        "responseContext": {"statusCode": 200, "functionError": "Unhandled"},
        "responsePayload": {"errorMessage": error},
    }


@dataclass
class Message:
    """A message; `visible` is the time at which it can be received."""

    id: str
    body: str
    visible: float = 0.0
    receives: int = 0
    handle: str = ""


class FakeSqs:
    """One queue with a clock of its own: time passes where a poll finds nothing.

    Attributes:
        per_poll: how many messages a poll gives at most, as when SQS spreads them.
        stubborn: the ids of messages that cannot be deleted.
        echoes: ids of messages that are delivered again at once, once.
    """

    def __init__(self, *bodies: object) -> None:
        self.messages = {
            f"m{number}": Message(f"m{number}", one if isinstance(one, str) else json.dumps(one))
            for number, one in enumerate(bodies)
        }
        self.now = 0.0
        self.per_poll = 10
        self.stubborn: set[str] = set()
        self.echoes: set[str] = set()
        self.polls: list[dict[str, Any]] = []
        self.hidden: list[tuple[str, int]] = []
        self.empty_polls = 0
        self.exists = True
        self._lock = threading.Lock()

    def get_queue_url(self, **_: Any) -> dict[str, str]:
        if not self.exists:
            raise refused("GetQueueUrl", "AWS.SimpleQueueService.NonExistentQueue")
        return {"QueueUrl": f"https://sqs.example.com/{QUEUE}"}

    def get_queue_attributes(self, **_: Any) -> dict[str, Any]:
        waiting = sum(one.visible <= self.now for one in self.messages.values())
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        counts = (waiting, len(self.messages) - waiting)
        return {"Attributes": {name: str(n) for name, n in zip(names, counts, strict=True)}}

    def receive_message(self, **request: Any) -> dict[str, Any]:
        with self._lock:
            self.polls.append(request)
            most = min(request["MaxNumberOfMessages"], self.per_poll)
            ready = [one for one in self.messages.values() if one.visible <= self.now][:most]
            if not ready:
                self.now += SECONDS_A_POLL
                self.empty_polls += 1
            return {"Messages": [self._given(one, request["VisibilityTimeout"]) for one in ready]}

    def _given(self, one: Message, hidden_s: int) -> dict[str, Any]:
        if one.id in self.echoes:
            self.echoes.remove(one.id)
        else:
            one.visible = self.now + hidden_s
        one.receives += 1
        one.handle = f"{one.id}/{one.receives}"
        return {
            "MessageId": one.id,
            "ReceiptHandle": one.handle,
            "Body": one.body,
            "Attributes": {
                "SentTimestamp": "1795477622163",
                "ApproximateReceiveCount": str(one.receives),
            },
        }

    def delete_message_batch(self, **request: Any) -> dict[str, Any]:
        failed = []
        with self._lock:
            for entry in request["Entries"]:
                name = self._of(entry)
                if name in self.stubborn:
                    failed.append({"Id": entry["Id"], "Code": "Internal", "Message": "try again"})
                else:
                    self.messages.pop(name, None)
        return {"Failed": failed}

    def change_message_visibility_batch(self, **request: Any) -> dict[str, Any]:
        with self._lock:
            for entry in request["Entries"]:
                name, seconds = self._of(entry), entry["VisibilityTimeout"]
                self.hidden.append((name, seconds))
                if name in self.messages and self.messages[name].handle == entry["ReceiptHandle"]:
                    self.messages[name].visible = self.now + seconds
        return {}

    def _of(self, entry: Mapping[str, str]) -> str:
        return entry["ReceiptHandle"].partition("/")[0]


@dataclass
class Said:
    """What an invocation of the double answers."""

    payload: object
    log: str = ""
    error: str = ""


@dataclass
class FakeLambda:
    """A function: `answer` gets the records of each event, in the order of the invocations."""

    answer: Callable[[Records], Said]
    timeout_s: int = 60
    reserved: int | None = None
    events: list[Records] = field(default_factory=list)
    exists: bool = True
    at_once: int = 0
    most_at_once: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def tried(self) -> list[list[str]]:
        """The ids of the messages of each invocation."""
        return [[record["messageId"] for record in event] for event in self.events]

    def get_function(self, **_: Any) -> dict[str, Any]:
        if not self.exists:
            raise refused("GetFunction", "ResourceNotFoundException")
        found: dict[str, Any] = {"Configuration": {"Timeout": self.timeout_s}}
        if self.reserved is not None:
            found["Concurrency"] = {"ReservedConcurrentExecutions": self.reserved}
        return found

    def invoke(self, **request: Any) -> dict[str, Any]:
        records = json.loads(request["Payload"])["Records"]
        with self._lock:
            self.events.append(records)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            said = self.answer(records)
        finally:
            with self._lock:
                self.at_once -= 1
        found: dict[str, Any] = {
            "StatusCode": 200,
            "Payload": io.BytesIO(json.dumps(said.payload).encode()),
            "LogResult": base64.b64encode(said.log.encode()[-4096:]).decode(),
        }
        return found | ({"FunctionError": said.error} if said.error else {})


class FakeLogs:
    """A log that has these lines."""

    def __init__(self, *lines: str) -> None:
        self.lines = lines
        self.asked = 0

    def filter_log_events(self, **_: Any) -> dict[str, Any]:
        self.asked += 1
        return {"events": [{"message": line} for line in self.lines]}


_SESSION = session(ACCOUNT.region)


class Doubles(Clients):
    """Clients of which each is a double; `waited_s` is the limit that the invoker was made with."""

    def __init__(self, sqs: FakeSqs, function: FakeLambda, logs: FakeLogs | None = None) -> None:
        super().__init__(_SESSION, ACCOUNT)
        self._doubles: dict[str, Any] = {
            "sqs": sqs,
            "lambda": function,
            "logs": logs or FakeLogs(),
        }
        self.waited_s = 0.0

    def _client(self, service: str) -> Any:
        return self._doubles[service]

    def invoker(self, seconds: float) -> Any:
        self.waited_s = seconds
        return self._doubles["lambda"]


def failed_line(source: str, code: str, error: str) -> str:
    """Return the loader's own line about an object."""
    details = {"source": source, "error_code": code, "error": error}
    return json.dumps({"event": "object_failed", **details})


def answering(*failing: str, code: str = "AccessDenied") -> Callable[[Records], Said]:
    """Return a loader that works, but for objects whose keys are these."""

    def answer(records: Records) -> Said:
        log, failed = [], []
        for record in records:
            keys = [key for key in failing if quote_plus(key) in record["body"]]
            log += [failed_line(f"s3://staging/{key}", code, f"{key} is denied") for key in keys]
            failed += [{"itemIdentifier": record["messageId"]}] if keys else []
        return Said({"batchItemFailures": failed}, "\n".join(["START", *log, "END"]))

    return answer


def crash(kind: str, text: str) -> Said:
    return Said({"errorType": kind, "errorMessage": text}, error="Unhandled")
