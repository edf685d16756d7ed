"""A DMS that answers from a script, inside botocore: real requests, and any misbehaviour."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3

from dmslake.aws.clients import Account, Clients
from tests.contract.recording import Calls, listen
from tests.engine.toy import Clock

ACCOUNT = Account(id="123456789012", region="eu-west-1")
OWNER = "shop"


@dataclass(frozen=True)
class Fault:
    """An answer that says no."""

    code: str
    message: str = ""


Answer = Mapping[str, Any] | Fault
Script = Answer | Callable[[dict[str, Any]], Answer]

ABSENT = Fault("ResourceNotFoundFault", "not found")
BUSY = Fault("InvalidResourceStateFault", "it is busy")


def arn(kind: str, name: str) -> str:
    return ACCOUNT.arn("dms", f"{kind}:{name}")


@dataclass
class _Http:
    status_code: int = 200


@dataclass
class FakeDms:
    """What is answered by operation, one after the other; the last answer is given for ever."""

    scripts: dict[str, list[Script]] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    clock: Clock = field(default_factory=Clock)
    heard: Calls = field(default_factory=Calls)
    made: Clients | None = None

    def on(self, operation: str, *answers: Script) -> None:
        self.scripts[operation] = list(answers)

    def sent(self, operation: str) -> list[dict[str, Any]]:
        return [request for name, request in self.requests if name == operation]

    @property
    def writes(self) -> list[str]:
        return [n for n, _ in self.requests if not n.startswith(("Describe", "List"))]

    def clients(self) -> Clients:
        if self.made is None:
            self.made = self._connect()
        return self.made

    def _connect(self) -> Clients:
        session = boto3.Session(
            aws_access_key_id="test", aws_secret_access_key="test", region_name=ACCOUNT.region
        )
        self.heard = listen(session)
        events: Any = session.events
        events.register("before-call.*.*", self._answer)
        return Clients(session, ACCOUNT)

    def _answer(self, model: Any, params: dict[str, Any], **_: Any) -> tuple[Any, dict[str, Any]]:
        body = params["body"]
        # What S3 is given is a stream of bytes, everybody else gets JSON.
        request: dict[str, Any] = json.loads(body.read() if hasattr(body, "read") else body)
        self.requests.append((model.name, request))
        script = self.scripts.get(model.name, [{}])
        answer = script.pop(0) if len(script) > 1 else script[0]
        if callable(answer):
            answer = answer(request)
        if isinstance(answer, Fault):
            return _Http(400), {"Error": {"Code": answer.code, "Message": answer.message}}
        return _Http(), {**answer, "ResponseMetadata": {}}

    def owned_by(self, owner: str | None = OWNER, **tags: str) -> None:
        """Let every resource carry these tags."""
        found = {**tags, **({"dmslake:pipeline": owner} if owner else {})}
        listed = [{"Key": key, "Value": value} for key, value in found.items()]
        self.on("ListTagsForResource", {"TagList": listed})


def tags_in(request: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in request["Tags"]}
