"""The front lets requests through to MiniStack, but not to its controls, nor at the end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest

from dmslake.sandbox.cloud.front import ABOUT, Front, Message, Receive, Send


class Account:
    """Counts how often it was told to begin."""

    def __init__(self) -> None:
        self.begun = 0

    def begin(self) -> None:
        self.begun += 1

    def about(self) -> Mapping[str, object]:
        return {"subnets": ["subnet-a"]}


async def inner(scope: Message, receive: Receive, send: Send) -> None:
    """Stand in for MiniStack: every request is fine, and slow if its path says so."""
    if scope["type"] == "lifespan":
        assert (await receive())["type"] == "lifespan.startup"
        await send({"type": "lifespan.startup.complete"})
        return
    if scope["path"] == "/slow":
        await asyncio.sleep(0.2)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"inner"})


async def ask(front: Front, path: str, kind: str = "http") -> list[Any]:
    """Return what the front answers."""
    sent: list[Any] = []

    async def receive() -> Message:
        return {"type": "lifespan.startup"}

    async def send(message: Message) -> None:
        sent.append(message)

    await front({"type": kind, "path": path}, receive, send)
    return sent


def test_requests_pass() -> None:
    answer = asyncio.run(ask(Front(inner, Account()), "/bucket/key"))
    assert (answer[0]["status"], answer[1]["body"]) == (200, b"inner")


def test_the_account_is_described() -> None:
    answer = asyncio.run(ask(Front(inner, Account()), ABOUT))
    assert json.loads(answer[1]["body"]) == {"subnets": ["subnet-a"]}


@pytest.mark.parametrize("path", ["/_ministack/reset", "/_localstack/x", "/_aws/x", "/_sandbox/x"])
def test_controls_are_closed(path: str) -> None:
    answer = asyncio.run(ask(Front(inner, Account()), path))
    assert answer[0]["status"] == 403


def test_the_code_of_a_function_can_be_downloaded() -> None:
    path = "/_ministack/lambda-code/123456789012/eu-west-1/loader"
    answer = asyncio.run(ask(Front(inner, Account()), path))
    assert answer[0]["status"] == 200


def test_web_sockets_are_refused() -> None:
    answer = asyncio.run(ask(Front(inner, Account()), "/", "websocket"))
    assert [message["type"] for message in answer] == ["websocket.close"]


def test_the_account_begins_before_the_first_request() -> None:
    account = Account()
    answer = asyncio.run(ask(Front(inner, account), "", "lifespan"))
    assert account.begun == 1
    assert answer[0]["type"] == "lifespan.startup.complete"


def test_at_the_end_requests_are_finished_and_new_ones_refused() -> None:
    async def scenario() -> tuple[bool, list[Any], list[Any]]:
        front = Front(inner, Account())
        slow = asyncio.create_task(ask(front, "/slow"))
        await asyncio.sleep(0)
        closing = asyncio.create_task(front.close(10))
        await asyncio.sleep(0)
        refused = await ask(front, "/bucket/key")
        await closing
        return slow.done(), await slow, refused

    was_done, answer, refused = asyncio.run(scenario())
    assert was_done
    assert answer[0]["status"] == 200
    assert refused[0]["status"] == 503


def test_the_end_does_not_wait_for_ever() -> None:
    async def scenario() -> bool:
        front = Front(inner, Account())
        slow = asyncio.create_task(ask(front, "/slow"))
        await asyncio.sleep(0)
        await front.close(0.01)
        was_done = slow.done()
        await slow
        return was_done

    assert not asyncio.run(scenario())
