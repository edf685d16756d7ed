"""What stands before MiniStack: its beginning, its end, and the requests it never gets to see."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Protocol, TypeAlias

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Message, Receive, Send], Awaitable[None]]

ABOUT = "/_sandbox/about"
# MiniStack's own controls ask for no credentials: they reset the account, read queues, change
# settings. Downloading a function's code is the link that GetFunction hands out.
_CONTROLS = ("/_ministack/", "/_localstack/", "/_aws/", "/_sandbox/")
_DOWNLOADS = ("/_ministack/lambda-code/", "/_ministack/lambda-layers/")
_POLL_SECONDS = 0.02


class Life(Protocol):
    """The account behind MiniStack's requests."""

    def begin(self) -> None:
        """Do what has to be done when MiniStack has restored its state, before any request."""
        ...

    def about(self) -> Mapping[str, object]:
        """Return what everybody on this machine may know of the account, as JSON."""
        ...


class Front:
    """An ASGI application around MiniStack's."""

    def __init__(self, inner: Application, life: Life) -> None:
        self._inner = inner
        self._life = life
        self._requests = 0
        self._closed = False

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(scope, receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
        elif self._closed:
            await _answer(send, 503, {"error": "the sandbox is being stopped"})
        elif scope["path"] == ABOUT:
            await _answer(send, 200, self._life.about())
        elif scope["path"].startswith(_CONTROLS) and not scope["path"].startswith(_DOWNLOADS):
            await _answer(send, 403, {"error": "this is not open in the sandbox"})
        else:
            await self._pass_on(scope, receive, send)

    async def close(self, seconds: float) -> None:
        """Take no more requests, and wait that long for those that are under way."""
        self._closed = True
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while self._requests and loop.time() < deadline:
            await asyncio.sleep(_POLL_SECONDS)

    async def _pass_on(self, scope: Message, receive: Receive, send: Send) -> None:
        self._requests += 1
        try:
            await self._inner(scope, receive, send)
        finally:
            self._requests -= 1

    async def _live(self, scope: Message, receive: Receive, send: Send) -> None:
        async def sent(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                self._life.begin()
            await send(message)

        await self._inner(scope, receive, sent)


async def _answer(send: Send, status: int, body: Any) -> None:
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})
