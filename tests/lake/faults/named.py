"""The objects that an event names, read without the loader's own envelopes."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote_plus

from tests.lake.faults.answers import STAGING


def addresses(event: dict[str, Any]) -> set[str]:
    """Tell the addresses of a notification's objects, or of EventBridge's, failed before or not."""
    if "requestPayload" in event:
        return addresses(event["requestPayload"])
    if "detail" in event:
        return {f"s3://{STAGING}/{event['detail']['object']['key']}"}
    keys = (one["s3"]["object"]["key"] for one in event["Records"])
    return {f"s3://{STAGING}/{unquote_plus(key)}" for key in keys}
