"""What AWS DMS says it has: engine versions, and the engines it reads from and writes to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from dmslake.sandbox.dms.engines import (
    SETTINGS_OF_ENGINE,
    captures_changes,
    display_name,
    is_valid,
)
from dmslake.sandbox.dms.instance_rules import DEFAULT_VERSION, ENGINE_VERSIONS
from dmslake.sandbox.dms.paging import Listing
from dmslake.sandbox.dms.parameters import Json
from dmslake.sandbox.dms.service import Call

_FIRST_LAUNCH = datetime(2024, 11, 1, tzinfo=UTC)
_BETWEEN_LAUNCHES = timedelta(days=180)
_SUPPORTED = timedelta(days=730)
VERSIONS: Listing[Json] = Listing(filters={}, order=lambda one: str(one["Version"]), noun=None)
ENDPOINT_TYPES: Listing[Json] = Listing(
    filters={
        "engine-name": lambda one: [str(one["EngineName"])],
        "endpoint-type": lambda one: [str(one["EndpointType"])],
    },
    order=lambda one: f"{one['EngineName']} {one['EndpointType']}",
    noun=None,
)


def describe_versions(call: Call) -> Json:
    """DescribeEngineVersions."""
    page, marker = VERSIONS.page([_version(one) for one in ENGINE_VERSIONS], call.input)
    return {"EngineVersions": [*page], "Marker": marker}


def describe_endpoint_types(call: Call) -> Json:
    """DescribeEndpointTypes: both ends of every engine, and whether changes are captured."""
    offered: list[Json] = [
        {
            "EngineName": engine,
            "SupportsCDC": kind == "target" or captures_changes(engine),
            "EndpointType": kind,
            "ReplicationInstanceEngineMinimumVersion": ENGINE_VERSIONS[0],
            "EngineDisplayName": display_name(engine),
        }
        for engine in SETTINGS_OF_ENGINE
        for kind in ("source", "target")
        if is_valid(engine, kind)
    ]
    page, marker = ENDPOINT_TYPES.page(offered, call.input)
    return {"SupportedEndpointTypes": [*page], "Marker": marker}


def _version(version: str) -> Json:
    number = ENGINE_VERSIONS.index(version)
    launched = _FIRST_LAUNCH + number * _BETWEEN_LAUNCHES
    return {
        "Version": version,
        "Lifecycle": "DEFAULT_VERSION" if version == DEFAULT_VERSION else "ACTIVE",
        "ReleaseStatus": "prod",
        "LaunchDate": launched.timestamp(),
        "DeprecationDate": (launched + _SUPPORTED).timestamp(),
        "ForceUpgradeDate": (launched + _SUPPORTED).timestamp(),
        "AvailableUpgrades": [*ENGINE_VERSIONS[number + 1 :]],
    }
