"""S3 by awscrt: a copy costs a sixth of what boto3 needs for it.

Its client signs, keeps the connections and calls back. Its retries are kept short on purpose: a
request that waits for its retry holds one of the client's places, so a single slow prefix would
hold up all others. Waiting and trying again is the scheduler's business.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import lru_cache
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

from awscrt.auth import AwsCredentials, AwsCredentialsProvider
from awscrt.http import HttpHeaders, HttpRequest
from awscrt.io import ClientTlsContext, TlsConnectionOptions, TlsContextOptions
from awscrt.s3 import (
    S3Client,
    S3RequestTlsMode,
    S3RequestType,
    S3ResponseError,
    S3RetryConfig,
    create_default_s3_signing_config,
)

from dmslake.backfill.clock import steady
from dmslake.backfill.listing import ListingError, Page, read_page
from dmslake.backfill.refusals import is_about_credentials
from dmslake.backfill.store import DONE, Answer, Copy, PageAsked, Place, Store, StoreError, Terms

_GBPS_PER_CONNECTION = 0.4  # the client's own reckoning, turned round
_MEMORY = 2 * 1024**3  # a cap; copies carry no data, so nothing comes near it
_FRESH_FOR = 60.0
_LISTING_TIMEOUT = 180.0
# What awscrt calls the answers that it tried again by itself, without their status or body.
_NAMES = {
    "AWS_ERROR_S3_SLOW_DOWN": Answer(503, "SlowDown", "S3 asks for fewer requests"),
    "AWS_ERROR_S3_INTERNAL_ERROR": Answer(500, "InternalError", "S3 failed to answer"),
    "AWS_ERROR_S3_REQUEST_TIMEOUT": Answer(400, "RequestTimeout", "the request took too long"),
    "AWS_ERROR_S3_REQUEST_TIME_TOO_SKEWED": Answer(
        403, "RequestTimeTooSkewed", "this machine's clock is wrong by more than 15 minutes"
    ),
}
_UNSAFE = re.compile(r"[^A-Za-z0-9_.\-~/]+")
_CODE = re.compile(rb"<Code>([^<]*)</Code>")
_TEXT = re.compile(rb"<Message>([^<]*)</Message>")
_COPIED = re.compile(rb"<ETag>[^<]+</ETag>.*</CopyObjectResult>\s*\Z", re.DOTALL)


class Credentials(Protocol):
    """The part of botocore's credentials that is used; they refresh themselves when asked."""

    def get_frozen_credentials(self) -> Any: ...


class CrtStore(Store):
    """S3 by awscrt, with as many requests at once as `connections`."""

    def __init__(self, terms: Terms, credentials: Credentials, *, connections: int) -> None:
        self._terms = terms
        self._kept = _Kept(credentials)
        self._provider = AwsCredentialsProvider.new_delegate(self._kept.get)
        self._clients: dict[tuple[str, bool, str | None], Any] = {}
        self._making = threading.Lock()
        self._connections = connections
        self._staging = _Door(terms.staging)
        self._lake = _Door(terms.lake)
        self._head = _fixed_headers(terms, self._lake.host)
        self._source = f"/{terms.staging.name}/"

    def copy(self, one: Copy, done: Callable[[Answer], None]) -> None:
        named = [
            *self._head,
            ("x-amz-copy-source", self._source + _escaped(one.key)),
            ("x-amz-copy-source-if-match", f'"{one.etag}"'),
        ]
        if one.fresh:
            named.append(("if-none-match", "*"))
        path = self._lake.path + _escaped(one.target)
        request = HttpRequest("PUT", path, HttpHeaders(named))
        body: list[bytes] = []

        def ended(
            error: Exception | None = None,
            error_body: bytes | None = None,
            **_: object,
        ) -> None:
            done(self._failure(error, error_body) if error else _copied(b"".join(body)))

        self._client(self._lake).make_request(
            type=S3RequestType.DEFAULT,
            operation_name="CopyObject",
            request=request,
            on_body=lambda chunk, **_: body.append(bytes(chunk)),
            on_done=ended,
        )

    def page(self, asked: PageAsked) -> Page:
        door = self._staging if asked.bucket == self._terms.staging.name else self._lake
        headers = HttpHeaders(
            [("host", door.host), ("x-amz-expected-bucket-owner", self._terms.account)]
        )
        request = HttpRequest("GET", f"{door.root}?{_query(asked)}", headers)
        body: list[bytes] = []
        over: Future[Answer] = Future()

        def ended(
            error: Exception | None = None,
            error_body: bytes | None = None,
            **_: object,
        ) -> None:
            over.set_result(self._failure(error, error_body) if error else DONE)

        self._client(door).make_request(
            type=S3RequestType.DEFAULT,
            operation_name="ListObjectsV2",
            request=request,
            on_body=lambda chunk, **_: body.append(bytes(chunk)),
            on_done=ended,
        )
        answer = _in_time(over)
        if answer.code:
            raise StoreError(answer)
        try:
            return read_page(b"".join(body))
        except ListingError as error:
            raise StoreError(Answer(0, "BrokenListing", str(error))) from error

    def close(self) -> None:
        self._clients.clear()

    def _failure(self, error: Exception, body: bytes | None) -> Answer:
        answer = _failure(error, body)
        if is_about_credentials(answer):
            self._kept.forget()
        return answer

    def _client(self, door: _Door) -> Any:
        """One client serves many hosts, but signs for one region and speaks TLS or does not."""
        with self._making:
            if door.client not in self._clients:
                self._clients[door.client] = self._connect(door)
            return self._clients[door.client]

    def _connect(self, door: _Door) -> Any:
        region, tls, authorities = door.client
        return S3Client(
            region=region,
            tls_mode=S3RequestTlsMode.ENABLED if tls else S3RequestTlsMode.DISABLED,
            tls_connection_options=_trusting(authorities) if tls and authorities else None,
            signing_config=create_default_s3_signing_config(
                region=region, credential_provider=self._provider
            ),
            throughput_target_gbps=_GBPS_PER_CONNECTION * self._connections,
            memory_limit=_MEMORY,
            # 0 would mean the default of five.
            retry_config=S3RetryConfig(max_retries=1, backoff_scale_factor_ms=100),
        )


class _Door:
    """Where the requests of a bucket go: `path` is what its keys follow, `root` is the bucket."""

    def __init__(self, place: Place) -> None:
        dotted = "." in place.name  # AWS's certificates hold for one label only
        if place.endpoint is None:
            host = f"s3.{place.region}.{place.dns_suffix}"
            self.host = host if dotted else f"{place.name}.{host}"
            self.root, tls = (f"/{place.name}" if dotted else "/"), True
        else:
            split = urlsplit(place.endpoint)
            self.host, tls = split.netloc, split.scheme == "https"
            self.root = f"{split.path.rstrip('/')}/{place.name}"
        self.path = f"{self.root.rstrip('/')}/"
        self.client = (place.region, tls, place.authorities)


class _Kept:
    """Credentials read anew once a minute: awscrt asks for them with every request."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._found: tuple[float, AwsCredentials] | None = None

    def get(self) -> AwsCredentials:
        now, found = steady(), self._found  # another thread may forget them meanwhile
        if found is None or now - found[0] > _FRESH_FOR:
            frozen = self._credentials.get_frozen_credentials()
            made = AwsCredentials(frozen.access_key, frozen.secret_key, frozen.token or None)
            self._found = found = (now, made)
        return found[1]

    def forget(self) -> None:
        """Read them anew for the next request: S3 takes these no more."""
        self._found = None


def _trusting(authorities: str) -> TlsConnectionOptions:
    options = TlsContextOptions()
    options.override_default_trust_store_from_path(None, authorities)
    return ClientTlsContext(options).new_connection_options()


def _fixed_headers(terms: Terms, host: str) -> list[tuple[str, str]]:
    found = [
        ("host", host),
        ("content-length", "0"),
        ("x-amz-expected-bucket-owner", terms.account),
        ("x-amz-source-expected-bucket-owner", terms.account),
    ]
    if terms.kms_key:
        found += [
            ("x-amz-server-side-encryption", "aws:kms"),
            ("x-amz-server-side-encryption-aws-kms-key-id", terms.kms_key),
            ("x-amz-server-side-encryption-bucket-key-enabled", "true"),
        ]
    if terms.storage_class:
        found.append(("x-amz-storage-class", terms.storage_class))
    return found


def _query(asked: PageAsked) -> str:
    given: Sequence[tuple[str, str]] = (
        ("list-type", "2"),
        ("encoding-type", "url"),
        ("max-keys", str(asked.limit)),
        ("prefix", asked.prefix),
        ("delimiter", asked.delimiter),
        ("continuation-token", asked.token),
        ("start-after", asked.after),
    )
    # In the order in which they are signed, and the empty ones left out.
    return "&".join(f"{name}={quote(value, safe='~')}" for name, value in sorted(given) if value)


def _escaped(key: str) -> str:
    """Write a key as S3 signs it; `quote` takes ten times as long for a key with an equals sign."""
    return _UNSAFE.sub(_quoted, key)


def _quoted(unsafe: re.Match[str]) -> str:
    return _quote(unsafe[0])


@lru_cache(4096)
def _quote(unsafe: str) -> str:
    return quote(unsafe, safe="")


def _in_time(over: Future[Answer]) -> Answer:
    try:
        return over.result(_LISTING_TIMEOUT)
    except TimeoutError:
        return Answer(0, "NoAnswer", f"no answer within {_LISTING_TIMEOUT:.0f} seconds")


def _copied(body: bytes) -> Answer:
    """Judge a 200: awscrt takes an empty or a broken-off body for success, S3 does not."""
    if _COPIED.search(body):
        return DONE
    found = _CODE.search(body)
    if found:
        return Answer(200, found[1].decode(errors="replace"), _text(body))
    return Answer(0, "BrokenAnswer", "S3 answered 200, but not that the object was copied")


def _failure(error: Exception, body: bytes | None) -> Answer:
    if isinstance(error, S3ResponseError):
        found = _CODE.search(body or b"")
        code = found[1].decode(errors="replace") if found else str(error.status_code)
        return Answer(error.status_code, code, _text(body or b""))
    name = str(getattr(error, "name", type(error).__name__))
    return _NAMES.get(name) or Answer(0, name, str(getattr(error, "message", error)))


def _text(body: bytes) -> str:
    found = _TEXT.search(body)
    return found[1].decode(errors="replace") if found else ""
