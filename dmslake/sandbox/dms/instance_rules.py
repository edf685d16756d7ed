"""Which replication instances AWS offers, and what may be asked of one."""

from __future__ import annotations

import re

from dmslake.sandbox.dms.faults import (
    Fault,
    invalid_combination,
    invalid_value,
)
from dmslake.sandbox.dms.paging import Listing
from dmslake.sandbox.dms.parameters import Json, Parameters
from dmslake.sandbox.dms.records import Instance, SubnetGroup
from dmslake.sandbox.dms.service import Call

ENGINE_VERSIONS = ("3.5.4", "3.6.0", "3.6.1")
DEFAULT_VERSION = "3.6.1"
CLASSES: dict[str, int] = {
    f"dms.{family}.{size}": 100 if family[0] in "cr" else 50
    for family, sizes in {
        "t3": ("micro", "small", "medium", "large"),
        "c5": ("large", "xlarge", "2xlarge", "4xlarge", "9xlarge", "12xlarge", "24xlarge"),
        "c6i": ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "16xlarge", "32xlarge"),
        "r5": ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "16xlarge", "24xlarge"),
        "r6i": ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "16xlarge", "32xlarge"),
        "c7i": ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "16xlarge", "24xlarge"),
        "r7i": ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "16xlarge", "24xlarge"),
    }.items()
    for size in sizes
}
LEAST_STORAGE, MOST_STORAGE = 5, 6144
# These wait for the maintenance window unless ApplyImmediately is set.
DEFERRED = frozenset(
    {"ReplicationInstanceClass", "AllocatedStorage", "MultiAZ", "EngineVersion", "NetworkType"}
)
AT_ONCE = frozenset(
    {"PreferredMaintenanceWindow", "AutoMinorVersionUpgrade", "KerberosAuthenticationSettings"}
)
_CREATED = (
    DEFERRED | AT_ONCE | {"AvailabilityZone", "KmsKeyId", "PubliclyAccessible", "DnsNameServers"}
)
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WINDOW = re.compile(r"([a-z]{3}):([01]\d|2[0-3]):([0-5]\d)-([a-z]{3}):([01]\d|2[0-3]):([0-5]\d)")
_SHORTEST_WINDOW = 30
_WEEK = 7 * 24 * 60
MOST_NAME_SERVERS = 4
ORDERABLE: Listing[Json] = Listing(
    filters={},
    order=lambda one: f"{one['EngineVersion']} {one['ReplicationInstanceClass']}",
    noun="",
)


def new_attributes(asked: Parameters, group: SubnetGroup, kms_key: str) -> Json:
    """Return the attributes of a new instance, defaults filled in, or refuse it.

    Raises:
        Fault: InvalidParameterValueException or InvalidParameterCombinationException.
    """
    kind = asked.text("ReplicationInstanceClass")
    _check_class(kind)
    given = asked.only(_CREATED)
    zones = sorted({subnet.zone for subnet in group.subnets})
    attributes: Json = {
        "AllocatedStorage": CLASSES[kind],
        "PreferredMaintenanceWindow": "sun:06:00-sun:14:00",
        "MultiAZ": False,
        "EngineVersion": DEFAULT_VERSION,
        "AutoMinorVersionUpgrade": True,
        "PubliclyAccessible": True,
        "NetworkType": "IPV4",
        "KmsKeyId": kms_key,
        "AvailabilityZone": zones[0],
        **given,
    }
    _check_zone(given, zones)
    _check_values(attributes)
    if attributes["NetworkType"] != "IPV4":
        raise invalid_combination(
            f"The specified network type '{attributes['NetworkType']}' is not supported by "
            f"replication subnet group '{group.name}'."
        )
    if attributes["MultiAZ"] is True:
        attributes["SecondaryAvailabilityZone"] = zones[1]
    return attributes


def check_changes(
    asked: Parameters, instance: Instance, *, changed_otherwise: bool
) -> tuple[Json, Json]:
    """Return what a modification changes: deferrable members, and those applied at once.

    Raises:
        Fault: a value the service refuses, or nothing to change.
    """
    effective = {**instance.attributes, **instance.pending}
    given = asked.only(DEFERRED | AT_ONCE)
    changes = {name: value for name, value in given.items() if effective.get(name) != value}
    flushes = asked.flag("ApplyImmediately") is True and bool(instance.pending)
    if not changes and not changed_otherwise and not flushes:
        # Terraform records this code for it, without "Exception".
        raise Fault("InvalidParameterCombination", "No modifications were requested")
    if "ReplicationInstanceClass" in changes:
        _check_class(str(changes["ReplicationInstanceClass"]))
    _check_values(changes)
    _check_growth(effective, changes)
    _check_upgrade(asked, effective, changes)
    deferred = {name: value for name, value in changes.items() if name in DEFERRED}
    at_once = {name: value for name, value in changes.items() if name in AT_ONCE}
    return deferred, at_once


def describe_orderable(call: Call) -> Json:
    """DescribeOrderableReplicationInstances: a small but honest list."""
    offers: list[Json] = [
        {
            "EngineVersion": version,
            "ReplicationInstanceClass": kind,
            "StorageType": "gp2",
            "MinAllocatedStorage": LEAST_STORAGE,
            "MaxAllocatedStorage": MOST_STORAGE,
            "DefaultAllocatedStorage": storage,
            "IncludedAllocatedStorage": storage,
            "AvailabilityZones": [f"{call.region}{letter}" for letter in "abc"],
            "ReleaseStatus": "prod",
        }
        for version in ENGINE_VERSIONS
        for kind, storage in CLASSES.items()
    ]
    page, marker = ORDERABLE.page(offers, call.input)
    return {"OrderableReplicationInstances": [*page], "Marker": marker}


def _check_class(kind: str) -> None:
    if kind not in CLASSES:
        raise invalid_value(f"Replication instance class {kind} is not supported.")


def _check_zone(given: Json, zones: list[str]) -> None:
    zone = given.get("AvailabilityZone")
    if zone is not None and given.get("MultiAZ") is True:
        raise invalid_combination("AvailabilityZone cannot be specified when MultiAZ is true.")
    if zone is not None and zone not in zones:
        raise invalid_value(f"Availability zone {zone} is not covered by the subnet group.")


def _check_values(attributes: Json) -> None:
    storage = attributes.get("AllocatedStorage")
    if isinstance(storage, int) and not LEAST_STORAGE <= storage <= MOST_STORAGE:
        raise invalid_value(
            f"AllocatedStorage must be in the range {LEAST_STORAGE} to {MOST_STORAGE}."
        )
    version = attributes.get("EngineVersion")
    if version is not None and version not in ENGINE_VERSIONS:
        raise invalid_value(f"No replication engine found with version: {version}")
    if attributes.get("NetworkType") not in {None, "IPV4", "DUAL"}:
        raise invalid_value("NetworkType must be IPV4 or DUAL.")
    servers = attributes.get("DnsNameServers")
    if isinstance(servers, str) and len(servers.split(",")) > MOST_NAME_SERVERS:
        raise invalid_value(f"DnsNameServers must hold no more than {MOST_NAME_SERVERS} servers.")
    window = attributes.get("PreferredMaintenanceWindow")
    if isinstance(window, str):
        check_window(window)


def check_window(window: str) -> None:
    """Refuse a maintenance window that is malformed or shorter than 30 minutes."""
    match = _WINDOW.fullmatch(window.lower())
    if match is None or match[1] not in _DAYS or match[4] not in _DAYS:
        raise invalid_value(
            f"Invalid maintenance window {window}; the format is ddd:hh24:mi-ddd:hh24:mi."
        )
    begin, end = _minute(match[1], match[2], match[3]), _minute(match[4], match[5], match[6])
    if (end - begin) % _WEEK < _SHORTEST_WINDOW:
        raise invalid_value("The maintenance window must be at least 30 minutes.")


def _minute(day: str, hour: str, minute: str) -> int:
    return (_DAYS.index(day) * 24 + int(hour)) * 60 + int(minute)


def _check_growth(effective: Json, changes: Json) -> None:
    before, after = effective.get("AllocatedStorage"), changes.get("AllocatedStorage")
    if isinstance(before, int) and isinstance(after, int) and after < before:
        raise invalid_combination(f"AllocatedStorage cannot be decreased from {before} to {after}.")


def _check_upgrade(asked: Parameters, effective: Json, changes: Json) -> None:
    after = changes.get("EngineVersion")
    if not isinstance(after, str):
        return
    before = str(effective["EngineVersion"])
    if ENGINE_VERSIONS.index(after) < ENGINE_VERSIONS.index(before):
        raise invalid_combination(f"Cannot downgrade from version {before} to {after}.")
    major = before.rpartition(".")[0] != after.rpartition(".")[0]
    if major and asked.flag("AllowMajorVersionUpgrade") is not True:
        raise invalid_combination("AllowMajorVersionUpgrade must be true for a major upgrade.")
