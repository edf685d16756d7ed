"""Rules of DMS for instances, tasks and serverless replications, which its model does not hold."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from tests.truth.mistake import Found, Request

_CAPACITIES = (1, 2, 4, 8, 16, 32, 64, 128, 192, 256, 384)
_LONGEST_CLASS = 30
_STORAGE = range(5, 6145)
_LOG_NAMES = ("CloudWatchLogGroup", "CloudWatchLogStream")
_TABLES_AT_ONCE = 10


def instance(request: Request) -> Found:
    """A class with its prefix, storage in its range; a zone only without Multi-AZ."""
    if not request.operation.endswith("ReplicationInstance"):
        return
    members = request.members
    wanted = members.get("ReplicationInstanceClass")
    if wanted is not None and not (wanted.startswith("dms.") and len(wanted) <= _LONGEST_CLASS):
        yield "ReplicationInstanceClass", wanted, "dms.<class>, at most 30 characters"
    storage = members.get("AllocatedStorage")
    if storage is not None and storage not in _STORAGE:
        yield "AllocatedStorage", storage, "5 to 6144 (GB)"
    if members.get("MultiAZ") and members.get("AvailabilityZone"):
        yield "AvailabilityZone", members["AvailabilityZone"], "not with MultiAZ"
    empty = not set(members) - {"ReplicationInstanceArn", "ApplyImmediately"}
    if request.operation == "ModifyReplicationInstance" and empty:
        yield "ReplicationInstanceArn", "…", "with something to change"


def settings(request: Request) -> Found:
    """Task settings: JSON, without the names that the service fills."""
    for member in ("ReplicationTaskSettings", "ReplicationSettings"):
        text = request.members.get(member)
        if isinstance(text, str):
            yield from _settings(member, text)


def _settings(member: str, text: str) -> Found:
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        found = None
    if not isinstance(found, dict) or not found:
        yield member, text, "a JSON object with something in it"
        return
    for path, value in walk(found, member):
        if path.rpartition(".")[2] in _LOG_NAMES:
            yield path, value, "absent: the service names its log"
    logging = found.get("Logging") or {}
    if logging.get("EnableLogContext") and not logging.get("EnableLogging"):
        yield f"{member}.Logging.EnableLogContext", True, "with EnableLogging"


def mappings(request: Request) -> Found:
    """Table mappings: JSON with rules, each with an id of its own."""
    text = request.members.get("TableMappings")
    if not isinstance(text, str):
        return
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        found = None
    if not isinstance(found, dict) or not found.get("rules"):
        yield "TableMappings", text, "a JSON object with rules"
        return
    ids = [rule.get("rule-id") for rule in found["rules"] if isinstance(rule, dict)]
    if len(set(ids)) < len(ids):
        yield "TableMappings.rules", ids, "each rule-id once"


def walk(value: object, path: str) -> Iterator[tuple[str, object]]:
    """Yield every value of a JSON document with its path."""
    inner: Iterator[tuple[object, object]] = iter(())
    if isinstance(value, Mapping):
        inner = iter(value.items())
    elif isinstance(value, list):
        inner = iter(enumerate(value))
    else:
        yield path, value
    for key, item in inner:
        yield from walk(item, f"{path}.{key}")


def start(request: Request) -> Found:
    """One start point at most, and a time that says which zone it is in."""
    when, where = request.members.get("CdcStartTime"), request.members.get("CdcStartPosition")
    if when is not None and where is not None:
        yield "CdcStartPosition", where, "not with CdcStartTime"
    if isinstance(when, datetime) and when.tzinfo is None:
        yield "CdcStartTime", when, "with a time zone"


def reload(request: Request) -> Found:
    """Ten tables at once, each once."""
    tables: Any = request.members.get("TablesToReload")
    if not isinstance(tables, (list, tuple)):
        return
    if not 1 <= len(tables) <= _TABLES_AT_ONCE:
        yield "TablesToReload", len(tables), "1 to 10 tables"
    named = [(table.get("SchemaName"), table.get("TableName")) for table in tables]
    if len(set(named)) < len(named):
        yield "TablesToReload", named, "each table once"


def capacity(request: Request) -> Found:
    """Capacity units come in steps; a zone only without Multi-AZ."""
    compute = request.members.get("ComputeConfig")
    if not isinstance(compute, Mapping):
        return
    for name in ("MinCapacityUnits", "MaxCapacityUnits"):
        if name in compute and compute[name] not in _CAPACITIES:
            yield f"ComputeConfig.{name}", compute[name], f"one of {_CAPACITIES}"
    if request.operation == "CreateReplicationConfig" and "MaxCapacityUnits" not in compute:
        yield "ComputeConfig.MaxCapacityUnits", None, "present"
    if compute.get("MultiAZ") and compute.get("AvailabilityZone"):
        yield "ComputeConfig.AvailabilityZone", compute["AvailabilityZone"], "not with MultiAZ"


def certificate(request: Request) -> Found:
    """A certificate is PEM, the whole chain in one text."""
    pem = request.members.get("CertificatePem")
    if isinstance(pem, str) and "-----BEGIN CERTIFICATE-----" not in pem:
        yield "CertificatePem", pem, "PEM"


RULES = (instance, settings, mappings, start, reload, capacity, certificate)
