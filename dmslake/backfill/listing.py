"""One page of a bucket's listing, read from S3's XML at a few microseconds per key.

S3 writes the answer of ListObjectsV2 without attributes and in one order, so that one expression
reads an object of it ten times faster than an XML parser. A page that does not look like that (no
server is forbidden to write it otherwise) goes to a real parser.
https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
"""

from __future__ import annotations

import re
from calendar import timegm
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote_plus
from xml.etree import ElementTree as ET


class Listed(NamedTuple):
    """An object of a listing: `modified` in seconds since 1970, `etag` without its quotes."""

    key: str
    modified: int
    etag: str
    size: int
    storage_class: str


class Page(NamedTuple):
    """A page: its objects, the folders that a delimiter gathered, and the token of the next."""

    objects: list[Listed]
    folders: list[str]
    more: str | None


class ListingError(ValueError):
    """An answer that is no page of a listing, such as one that broke off."""


_CONTENTS = re.compile(
    r"<Contents>\s*<Key>([^<]*)</Key>\s*<LastModified>([^<]{19})[^<]*</LastModified>\s*"
    r"<ETag>(?:&quot;|&#34;|\")?([^<&\"]*)(?:&quot;|&#34;|\")?</ETag>"
    r"(?:\s*<Checksum(?:Algorithm|Type)>[^<]*</Checksum(?:Algorithm|Type)>)*"
    r"\s*<Size>([0-9]+)</Size>(.*?)</Contents>",
    re.DOTALL,
)
_CLASS = re.compile(r"<StorageClass>([A-Z_]*)</StorageClass>")
_FOLDER = re.compile(r"<CommonPrefixes>\s*<Prefix>([^<]*)</Prefix>\s*</CommonPrefixes>")
_TOKEN = re.compile(r"<NextContinuationToken>([^<]*)</NextContinuationToken>")
_END = "</ListBucketResult>"
_STANDARD = "STANDARD"


def read_page(body: bytes) -> Page:
    """Read the answer to ListObjectsV2 with `encoding-type=url`; raises ListingError."""
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise ListingError(f"a listing that is not UTF-8: {error}") from error
    if not text.rstrip().endswith(_END):
        raise ListingError("a listing that broke off, or is none")
    decode = unquote_plus if "<EncodingType>url</EncodingType>" in text else _entities
    objects = [
        Listed(decode(key), _seconds(time), etag, int(size), _class(rest))
        for key, time, etag, size, rest in _CONTENTS.findall(text)
    ]
    if len(objects) != text.count("<Contents>"):
        return _parsed(text)
    token = _TOKEN.search(text)
    folders = [decode(folder) for folder in _FOLDER.findall(text)]
    return Page(objects, folders, _entities(token[1]) if token else None)


def _class(rest: str) -> str:
    if _STANDARD in rest and "<StorageClass>STANDARD</StorageClass>" in rest:
        return _STANDARD
    found = _CLASS.search(rest)
    return found[1] if found else _STANDARD


@lru_cache(4096)
def _seconds(time: str) -> int:
    """Read `2026-11-23T14:47:02`, UTC, as seconds since 1970."""
    numbers = (time[:4], time[5:7], time[8:10], time[11:13], time[14:16], time[17:19])
    try:
        return timegm((*map(int, numbers), 0, 0, 0))
    except ValueError as error:
        raise ListingError(f"a listing with the time {time!r}") from error


def _entities(text: str) -> str:
    if "&" not in text:
        return text
    try:
        return str(ET.fromstring(f"<t>{text}</t>").text or "")  # noqa: S314 - entities alone
    except ET.ParseError as error:
        raise ListingError(f"a listing with the text {text!r}: {error}") from error


def _parsed(text: str) -> Page:
    """Read a page that is written in some other order, with a parser."""
    try:
        root = ET.fromstring(text)  # noqa: S314 - expat expands no external entity
    except ET.ParseError as error:
        raise ListingError(f"a listing that is not XML: {error}") from error
    encoded = _text(root, "EncodingType") == "url"
    return Page(
        [_object(one, encoded=encoded) for one in _children(root, "Contents")],
        [_key(_text(one, "Prefix"), encoded=encoded) for one in _children(root, "CommonPrefixes")],
        _text(root, "NextContinuationToken") or None,
    )


def _object(one: ET.Element, *, encoded: bool) -> Listed:
    return Listed(
        _key(_text(one, "Key"), encoded=encoded),
        _seconds(_text(one, "LastModified")[:19]),
        _text(one, "ETag").strip('"'),
        _number(_text(one, "Size")),
        _text(one, "StorageClass") or _STANDARD,
    )


def _number(text: str) -> int:
    if not text.isdecimal():
        raise ListingError(f"a listing with the size {text!r}")
    return int(text)


def _key(text: str, *, encoded: bool) -> str:
    return unquote_plus(text) if encoded else text


def _children(root: ET.Element, name: str) -> Iterator[ET.Element]:
    return (one for one in root if one.tag.rpartition("}")[2] == name)


def _text(root: ET.Element, name: str) -> str:
    return next((one.text or "" for one in _children(root, name)), "")
