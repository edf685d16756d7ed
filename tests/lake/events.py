"""Recorded events, and events made to order."""

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


def eventbridge(key: str, *, bucket: str = "staging") -> dict[str, Any]:
    return {
        "version": "0",
        "id": "e-1",
        "detail-type": "Object Created",
        "source": "aws.s3",
        "detail": {
            "bucket": {"name": bucket},
            "object": {"key": key, "size": 1, "etag": "0", "sequencer": "00"},
        },
    }


def message(name: str, body: object) -> dict[str, Any]:
    """Make an SQS message; its body is written as JSON, or as it is if it is text."""
    text = body if isinstance(body, str) else json.dumps(body)
    return {"messageId": name, "eventSource": "aws:sqs", "body": text}


def failed(payload: object) -> dict[str, Any]:
    """Make Lambda's record of an asynchronous invocation that failed."""
    return {
        "version": "1.0",
        "requestContext": {"requestId": "r-1", "condition": "RetriesExhausted"},
        "requestPayload": payload,
        "responsePayload": {"errorMessage": "1 of 1 objects failed"},
    }


def tasks(*texts: str, version: str = "2.0", bucket: str = "staging") -> dict[str, Any]:
    """Make a call of S3 Batch Operations; the texts are keys as a manifest has them."""
    where = {"s3Bucket": bucket} if version == "2.0" else {"s3BucketArn": f"arn:aws:s3:::{bucket}"}
    return {
        "invocationSchemaVersion": version,
        "invocationId": "i-1",
        "job": {"id": "j-1"},
        "tasks": [
            {"taskId": f"t-{number}", "s3Key": text, "s3VersionId": None} | where
            for number, text in enumerate(texts, 1)
        ],
    }
