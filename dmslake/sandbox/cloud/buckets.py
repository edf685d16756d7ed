"""Buckets: notifications that would overlap, their filters, and keys that XML cannot hold."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote_plus, unquote_plus
from xml.sax.saxutils import unescape

from dmslake.sandbox.cloud.upstream import part, replace

_S3 = "services.s3"
_ENCODED = re.compile(rb"<(Key|Prefix|Delimiter|KeyMarker|NextKeyMarker)>(.*?)</\1>", re.DOTALL)
_AFTER_ROOT = re.compile(rb"(<ListVersionsResult[^>]*>)")


def install() -> None:
    """Correct MiniStack's S3."""
    # Two configurations that want the same events of the same objects were both taken.
    replace(_S3, "_validate_notification_configs", _refusing_overlaps)
    # The value of a filter was compared as it is written, URL-encoded.
    replace(_S3, "_key_matches_filter", _decoding_filters)
    # Keys were listed raw, so that one with a control character made the listing unreadable; and
    # an object without versions that ended a page began the next one, too.
    replace(_S3, "_list_object_versions", _encoding_keys)


def _refusing_overlaps(validate: Callable[..., Any]) -> Callable[..., Any]:
    def _validate_notification_configs(configs: Sequence[Any], *rest: Any) -> Any:
        for one, other in itertools.combinations(configs, 2):
            if _overlap(one, other):
                message = (
                    "Configurations overlap. Configurations on the same bucket cannot share a "
                    f"common event type. : {one['id']}, {other['id']}"
                )
                return part(_S3, "_error")("InvalidArgument", message, 400)
        return validate(configs, *rest)

    return _validate_notification_configs


def _overlap(one: Any, other: Any) -> bool:
    """Tell whether two configurations want an event of one and the same object.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html
    """
    pairs = itertools.product(one["events"], other["events"])
    if not any(_covers(left, right) or _covers(right, left) for left, right in pairs):
        return False
    first, second = (one["filter_prefix"] or "", other["filter_prefix"] or "")
    end, other_end = (one["filter_suffix"] or "", other["filter_suffix"] or "")
    same_start = first.startswith(second) or second.startswith(first)
    return same_start and (end.endswith(other_end) or other_end.endswith(end))


def _covers(pattern: str, event: str) -> bool:
    return pattern == event or (pattern.endswith("*") and event.startswith(pattern[:-1]))


def _decoding_filters(matches: Callable[..., bool]) -> Callable[..., bool]:
    def _key_matches_filter(key: str, prefix: str | None, suffix: str | None) -> bool:
        return matches(key, unquote_plus(prefix or ""), unquote_plus(suffix or ""))

    return _key_matches_filter


def _encoding_keys(listing: Callable[..., Any]) -> Callable[..., Any]:
    def _list_object_versions(bucket: str, query: Any) -> Any:
        status, headers, body = listing(bucket, _after_marker(bucket, query))
        wanted = part(_S3, "_qp")(query, "encoding-type", "") == "url"
        if status != 200 or not wanted:  # noqa: PLR2004 - HTTP's word for success
            return status, headers, body
        said = rb"\1<EncodingType>url</EncodingType>"
        return status, headers, _AFTER_ROOT.sub(said, _ENCODED.sub(_encode, body), count=1)

    return _list_object_versions


def _after_marker(bucket: str, query: Any) -> Any:
    key = part(_S3, "_qp")(query, "key-marker", "")
    if part(_S3, "_object_versions").get((bucket, key)):
        return query
    return {name: value for name, value in query.items() if name != "version-id-marker"}


def _encode(found: re.Match[bytes]) -> bytes:
    name, text = found[1], unescape(found[2].decode())
    return b"<" + name + b">" + quote_plus(text, safe="/").encode() + b"</" + name + b">"
