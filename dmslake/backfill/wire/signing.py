"""Signature version 4 for S3, as often as copies need it: the key of a day is derived once.

Held to botocore's signer by a test.
https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from dmslake.backfill.clock import steady

EMPTY = hashlib.sha256(b"").hexdigest()
_ALGORITHM = "AWS4-HMAC-SHA256"
_FRESH_FOR = 60.0


class Credentials(Protocol):
    """The part of botocore's credentials that is used; they refresh themselves when asked."""

    def get_frozen_credentials(self) -> Any: ...


class Pair(NamedTuple):
    """What a request is signed with; `token` is empty where the credentials last."""

    access_key: str
    secret_key: str
    token: str


class KeptCredentials:
    """Credentials read anew once a minute: botocore takes longer to say them than signing takes."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._found: tuple[float, Pair] | None = None

    def get(self) -> Pair:
        """Return them; raises botocore's errors when there are none to be had."""
        now, found = steady(), self._found  # another thread may forget them meanwhile
        if found is None or now - found[0] > _FRESH_FOR:
            frozen = self._credentials.get_frozen_credentials()
            pair = Pair(frozen.access_key, frozen.secret_key, frozen.token or "")
            self._found = found = (now, pair)
        return found[1]

    def forget(self) -> None:
        """Read them anew for the next request: S3 takes these no more."""
        self._found = None


class Request(NamedTuple):
    """A request without a body: path and query as they are sent, escaped.

    The query is in the order of its names; the names of headers are in lower case, and the host is
    among them.
    """

    method: str
    path: str
    query: str
    headers: Sequence[tuple[str, str]]


class _DayKey(NamedTuple):
    pair: Pair
    day: str
    scope: str
    started: hmac.HMAC


class Signer:
    """Signs requests to S3 in one region; safe to be used by many threads."""

    def __init__(self, region: str, credentials: KeptCredentials) -> None:
        self._region = region
        self._credentials = credentials
        self._key: _DayKey | None = None

    def signed(self, request: Request, time: str) -> list[tuple[str, str]]:
        """Return all headers of a request.

        Args:
            request: what is asked for.
            time: it is asked at, UTC, as `20261123T144702Z`.

        Raises botocore's errors when there are no credentials to be had.
        """
        key = self._key_of(self._credentials.get(), time[:8])
        headers = _with_own(request.headers, time, key.pair.token)
        names = ";".join([name for name, _ in headers])
        lines = "".join([f"{name}:{value}\n" for name, value in headers])
        canonical = f"{request.method}\n{request.path}\n{request.query}\n{lines}\n{names}\n{EMPTY}"
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        signing = key.started.copy()
        signing.update(f"{_ALGORITHM}\n{time}\n{key.scope}\n{digest}".encode())
        credential = f"Credential={key.pair.access_key}/{key.scope}"
        said = f"{credential}, SignedHeaders={names}, Signature={signing.hexdigest()}"
        headers.append(("authorization", f"{_ALGORITHM} {said}"))
        return headers

    def _key_of(self, pair: Pair, day: str) -> _DayKey:
        key = self._key
        if key is None or key.day != day or key.pair is not pair:
            self._key = key = _derived(pair, day, self._region)
        return key


def written(request: Request, headers: Sequence[tuple[str, str]]) -> bytes:
    """Return a request as it goes over the wire."""
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers])
    asked = f"{request.path}?{request.query}" if request.query else request.path
    return f"{request.method} {asked} HTTP/1.1\r\n{lines}content-length: 0\r\n\r\n".encode()


def _with_own(headers: Sequence[tuple[str, str]], time: str, token: str) -> list[tuple[str, str]]:
    own = [("x-amz-content-sha256", EMPTY), ("x-amz-date", time)]
    if token:
        own.append(("x-amz-security-token", token))
    return sorted([*headers, *own])


def _derived(pair: Pair, day: str, region: str) -> _DayKey:
    scope = (day, region, "s3", "aws4_request")
    key = f"AWS4{pair.secret_key}".encode()
    for part in scope:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return _DayKey(pair, day, "/".join(scope), hmac.new(key, digestmod=hashlib.sha256))
