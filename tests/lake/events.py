"""Recorded events, and notifications made to order."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

FOLDER = Path(__file__).parent.parent / "events"


def recorded(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return event


def record(key: str, *, bucket: str = "staging", version_id: str | None = None) -> dict[str, Any]:
    item = {"key": quote_plus(key), "size": 1, "eTag": "0", "sequencer": "00"}
    version = {"versionId": version_id} if version_id else {}
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": bucket}, "object": item | version},
    }


def notification(*keys: str) -> dict[str, Any]:
    return {"Records": [record(key) for key in keys]}
