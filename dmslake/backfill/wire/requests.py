"""The two requests of a backfill, as S3 wants them written: where they go, and their headers.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html and
https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import quote, urlsplit

from dmslake.backfill.store import Copy, PageAsked, Place, Terms
from dmslake.backfill.wire.signing import Request

_UNSAFE = re.compile(r"[^A-Za-z0-9_.\-~/]+")
_HTTPS, _HTTP = 443, 80


class Door:
    """Where the requests of a bucket go.

    Attributes:
        name: host and, where it is not the usual one, port: the Host header.
        host: to connect to.
        port: to connect to.
        tls: whether by TLS.
        root: the path of the bucket.
        path: what its keys follow.
    """

    def __init__(self, place: Place) -> None:
        dotted = "." in place.name  # AWS's certificates hold for one label only
        if place.endpoint is None:
            host = f"s3.{place.region}.{place.dns_suffix}"
            self.name = self.host = host if dotted else f"{place.name}.{host}"
            self.port, self.tls = _HTTPS, True
            self.root = f"/{place.name}" if dotted else "/"
        else:
            split = urlsplit(place.endpoint)
            self.tls = split.scheme == "https"
            self.host, self.name = split.hostname or "", split.netloc.rpartition("@")[2]
            self.port = split.port or (_HTTPS if self.tls else _HTTP)
            self.root = f"{split.path.rstrip('/')}/{place.name}"
        self.path = f"{self.root.rstrip('/')}/"

    @property
    def url(self) -> str:
        return f"http{'s' if self.tls else ''}://{self.name}/"


class Copies:
    """Writes the copies of a run: all but the two keys is the same each time."""

    def __init__(self, terms: Terms, lake: Door) -> None:
        fixed = _fixed_headers(terms, lake.name)
        self._always = fixed
        self._fresh = [*fixed, ("if-none-match", "*")]
        self._path = lake.path
        self._source = f"/{terms.staging.name}/"

    def request(self, one: Copy) -> Request:
        fixed = self._fresh if one.fresh else self._always
        # No listing may write headers of its own. What S3 did not say, it does not find either.
        etag = one.etag if one.etag.isprintable() else ""
        own = [
            ("x-amz-copy-source", self._source + escaped(one.key)),
            ("x-amz-copy-source-if-match", f'"{etag}"'),
        ]
        return Request("PUT", self._path + escaped(one.target), "", [*fixed, *own])


def page_request(asked: PageAsked, door: Door, account: str) -> Request:
    """Write the request for a page of a listing."""
    headers = [("host", door.name), ("x-amz-expected-bucket-owner", account)]
    return Request("GET", door.root, _query(asked), headers)


def _fixed_headers(terms: Terms, host: str) -> list[tuple[str, str]]:
    found = [
        ("host", host),
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


def escaped(key: str) -> str:
    """Write a key as S3 signs it; `quote` takes ten times as long for a key with an equals sign."""
    return _UNSAFE.sub(_quoted, key)


def _quoted(unsafe: re.Match[str]) -> str:
    return _quote(unsafe[0])


@lru_cache(4096)
def _quote(unsafe: str) -> str:
    return quote(unsafe, safe="")
