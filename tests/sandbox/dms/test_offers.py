from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.dms.harness import Harness, refusal


def types(dms: Harness, **filters: str) -> list[dict[str, Any]]:
    asked = [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in filters.items()]
    answer = dms.client.describe_endpoint_types(Filters=asked)  # type: ignore[arg-type]
    return [dict(one) for one in answer["SupportedEndpointTypes"]]


def test_engine_versions_lead_to_newer_ones(dms: Harness) -> None:
    versions = dms.client.describe_engine_versions()["EngineVersions"]

    assert [one["Lifecycle"] for one in versions].count("DEFAULT_VERSION") == 1
    assert versions[0]["AvailableUpgrades"] == [one["Version"] for one in versions[1:]]
    assert all(one["LaunchDate"] < one["DeprecationDate"] for one in versions)


@pytest.mark.parametrize(
    ("engine", "captures"), [("mysql", True), ("azuredb", False), ("db2-zos", False), ("s3", True)]
)
def test_sources_tell_whether_their_changes_are_captured(
    dms: Harness, engine: str, captures: bool
) -> None:
    (source,) = types(dms, engine_name=engine, endpoint_type="source")

    assert source["SupportsCDC"] is captures
    assert source["EngineDisplayName"]


def test_what_is_a_target_only_is_no_source(dms: Harness) -> None:
    assert types(dms, engine_name="kinesis", endpoint_type="source") == []
    code, message = refusal(
        dms.client.create_endpoint,
        EndpointIdentifier="e",
        EndpointType="source",
        EngineName="redshift",
    )
    assert code == "InvalidParameterValueException"
    assert "redshift is not valid for a source" in message
