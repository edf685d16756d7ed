"""S3 Control puts the account before the host, which an endpoint that is an address cannot have."""

from __future__ import annotations

import re
from typing import Any, Protocol
from urllib.parse import urlsplit

_PREFIXED = re.compile(r"\d{12}\.((?:\d+\.){3}\d+|localhost)")


class _Request(Protocol):
    url: str


def use_bare_addresses(client: Any) -> Any:
    """Let a client of S3 Control send to ``127.0.0.1``, not to ``<account>.127.0.0.1``.

    botocore's endpoint rules prefix every endpoint that is given to them, a proxy on this machine
    too; the account stands in the header `x-amz-account-id` as well. Returns the client.
    """
    client.meta.events.register("before-sign.s3-control", _unprefixed)
    return client


def _unprefixed(request: _Request, **_: Any) -> None:
    parts = urlsplit(request.url)
    found = _PREFIXED.fullmatch(parts.hostname or "")
    if found:
        port = f":{parts.port}" if parts.port else ""
        request.url = parts._replace(netloc=f"{found[1]}{port}").geturl()
