"""Keys in manifests of S3 Batch Operations, with what their author saw of the objects.

A manifest has no column for LastModified, but S3 hands its keys through as they are written, up to
1,024 characters (S3 User Guide, "Specifying a manifest", on keys that are JSON). So a key may be
written as `{"k": key, "t": LastModified in epoch seconds, "e": ETag, "s": size}`, with `"v"` for a
version; the function is spared the HEAD. Anything else is a plain key. Both are URL-encoded.
"""

import json
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import quote, unquote_plus

from dmslake.lake.seen import Seen

MAX_CHARACTERS = 1024
"""Longest text that stands for a key, counted as it is written."""

_SEEN = ("t", "e", "s")
_END_OF_TIME = int(datetime(9999, 1, 1, tzinfo=UTC).timestamp())


class ManifestKey(NamedTuple):
    """What the key column of a manifest says of an object."""

    key: str
    version_id: str | None = None
    seen: Seen | None = None


def write(named: ManifestKey) -> str:
    """Write an object for the key column: URL-encoded, alike for both ways to decode.

    What was seen is left out where the text would be too long. Raises ValueError for a key that is
    no Unicode text, and for one that cannot be written so that `read` gives it back.
    """
    plain = quote(named.key, safe="/")
    whole, bare = _described(named), _described(named._replace(seen=None))
    is_plain = named.version_id is None and read(plain).key == named.key
    if named.seen and len(whole) <= MAX_CHARACTERS and read(whole).seen:
        return whole
    if is_plain:
        return plain
    if len(bare) > MAX_CHARACTERS:
        raise ValueError(f"key {named.key!r} does not fit a manifest")
    return bare


def read(text: object) -> ManifestKey:
    """Read the key column: the inverse of `write`; raises ValueError for what is no UTF-8 text.

    A space may be written `+`, as inventories do.
    """
    if not isinstance(text, str):
        raise ValueError("its key is not text")  # noqa: TRY004 - the manifest is wrong, not a type
    key = unquote_plus(text, errors="strict")
    described = _parse(key) if key.startswith("{") else None
    return described or ManifestKey(key)


def _described(named: ManifestKey) -> str:
    key, version, seen = named
    members: dict[str, object] = {"k": key}
    if seen:
        arrived = int(seen.last_modified.timestamp())
        members |= {"t": arrived, "e": seen.etag.strip('"'), "s": seen.size}
    if version:
        members["v"] = version
    return quote(json.dumps(members, ensure_ascii=False, separators=(",", ":")), safe="/")


def _parse(text: str) -> ManifestKey | None:
    try:
        members = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(members, dict) or not members.keys() <= {"k", "v", *_SEEN}:
        return None
    key, version = members.get("k"), members.get("v")
    if not (isinstance(key, str) and key and isinstance(version, str | None)):
        return None
    if not any(name in members for name in _SEEN):
        return ManifestKey(key, version)
    seen = _seen(*(members.get(name) for name in _SEEN))
    return ManifestKey(key, version, seen) if seen else None


def _seen(arrived: Any, etag: Any, size: Any) -> Seen | None:
    if not (isinstance(etag, str) and etag and _is_count(arrived) and _is_count(size)):
        return None
    if arrived >= _END_OF_TIME:
        return None
    # With its quotes again, as HEAD and listings tell it.
    return Seen(f'"{etag}"', size, datetime.fromtimestamp(arrived, UTC))


def _is_count(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and number >= 0
