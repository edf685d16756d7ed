"""Tags on every resource that AWS lets be tagged."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from dmslake.sandbox.dms.faults import invalid_value, not_found
from dmslake.sandbox.dms.parameters import Json, Parameters
from dmslake.sandbox.dms.records import (
    Certificate,
    Endpoint,
    EventSubscription,
    Instance,
    Record,
    ReplicationConfig,
    SubnetGroup,
    Task,
)
from dmslake.sandbox.dms.service import Call, Service

TAGGABLE: tuple[type[Record], ...] = (
    Instance, Endpoint, Task, SubnetGroup, Certificate, EventSubscription, ReplicationConfig,
)  # fmt: skip
_CHARACTERS = re.compile(r"[\w\s.:/=+-]*")
LONGEST_KEY = 128
LONGEST_VALUE = 256
R = TypeVar("R", bound=Record)


def read(asked: Sequence[Parameters]) -> dict[str, str]:
    """Return the tags of a request, or refuse them (API reference, Tag)."""
    labels: dict[str, str] = {}
    for one in asked:
        key, value = one.text("Key"), one.text("Value")
        if not 1 <= len(key) <= LONGEST_KEY or len(value) > LONGEST_VALUE:
            raise invalid_value(f"The tag key or value of {key!r} is too short or too long.")
        if key.lower().startswith(("aws:", "dms:")):
            raise invalid_value(f"The tag key {key} must not start with aws: or dms:.")
        if not _CHARACTERS.fullmatch(key) or not _CHARACTERS.fullmatch(value):
            raise invalid_value(f"The tag {key}={value} contains invalid characters.")
        labels[key] = value
    return labels


def add(call: Call) -> Json:
    """AddTagsToResource."""
    labels = read(call.input.structures("Tags"))
    with call.service.lock:
        record = _find(call.service, call.input.text("ResourceArn"))
        _store(call.service, record, {**record.tags, **labels})
    return {}


def remove(call: Call) -> Json:
    """RemoveTagsFromResource: keys that are not there are fine."""
    gone = set(call.input.texts("TagKeys"))
    with call.service.lock:
        record = _find(call.service, call.input.text("ResourceArn"))
        kept = {key: value for key, value in record.tags.items() if key not in gone}
        _store(call.service, record, kept)
    return {}


def describe(call: Call) -> Json:
    """ListTagsForResource: one resource, or several with `ResourceArn` on every tag."""
    single, several = call.input.optional_text("ResourceArn"), call.input.texts("ResourceArnList")
    if (single is None) == (not several):
        raise invalid_value("Exactly one of ResourceArn and ResourceArnList must be given.")
    with call.service.lock:
        records = [_find(call.service, one) for one in several or [single or ""]]
    return {
        "TagList": [
            {"Key": key, "Value": value, **({"ResourceArn": record.arn} if several else {})}
            for record in records
            for key, value in record.tags.items()
        ]
    }


def _find(service: Service, arn: str) -> Record:
    for kind in TAGGABLE:
        record = service.store.get(kind, arn)
        if record is not None:
            return record
    raise not_found(f"Resource {arn} not found.")


def _store(service: Service, record: R, labels: dict[str, str]) -> None:
    service.store.put(replace(record, tags=labels))
