from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.sandbox.dms.harness import MAPPINGS, SOURCE, TARGET, Harness, eventually, refusal

VALUE = "InvalidParameterValueException"
COMBINATION = "InvalidParameterCombinationException"
STATE = "InvalidResourceStateFault"
ABSENT = "arn:aws:dms:eu-west-1:123456789012:replication-config:absent"
VIEW = json.dumps(
    {
        "rules": [
            {
                "rule-type": "selection",
                "rule-id": "1",
                "rule-name": "1",
                "object-locator": {
                    "schema-name": "public",
                    "table-name": "v",
                    "table-type": "view",
                },
                "rule-action": "include",
            }
        ]
    }
)


@pytest.fixture
def parts(dms: Harness) -> tuple[str, str]:
    """Source and target."""
    return dms.create_endpoint("source", SOURCE), dms.create_endpoint("target", TARGET)


def config_of(dms: Harness, arn: str) -> Mapping[str, Any]:
    described = dms.client.describe_replication_configs(
        Filters=[{"Name": "replication-config-arn", "Values": [arn]}]
    )
    return described["ReplicationConfigs"][0]


def create(dms: Harness, parts: tuple[str, str], **more: Any) -> tuple[str, str]:
    return refusal(dms.create_config, parts=parts, **more)


def test_a_config_has_the_service_s_defaults(dms: Harness, parts: tuple[str, str]) -> None:
    dms.create_group()

    arn = dms.create_config(
        parts,
        "Serverless-1",
        ComputeConfig={"MaxCapacityUnits": 16, "ReplicationSubnetGroupId": "GROUP"},
        ReplicationSettings='{"Logging": {"EnableLogging": true}}',
        Tags=[{"Key": "team", "Value": "lake"}],
    )

    config = config_of(dms, arn)
    assert arn.startswith("arn:aws:dms:eu-west-1:123456789012:replication-config:")
    assert config["ReplicationConfigIdentifier"] == "serverless-1"
    compute = config["ComputeConfig"]
    assert (compute["MinCapacityUnits"], compute["MaxCapacityUnits"]) == (1, 16)
    assert (compute["ReplicationSubnetGroupId"], compute["MultiAZ"]) == ("group", False)
    assert compute["VpcSecurityGroupIds"] == ["sg-default"]
    settings = json.loads(config["ReplicationSettings"])
    assert settings["FullLoadSettings"]["MaxFullLoadSubTasks"] == 8
    assert settings["Logging"]["CloudWatchLogGroup"] is None
    assert json.loads(config["TableMappings"])["rules"][0]["filters"] is None
    assert dms.replication(arn)["Status"] == "created"
    tags = dms.client.list_tags_for_resource(ResourceArn=arn)["TagList"]
    assert tags == [{"Key": "team", "Value": "lake"}]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"ComputeConfig": {}}, VALUE),
        ({"ComputeConfig": {"MaxCapacityUnits": 3}}, VALUE),
        ({"ComputeConfig": {"MaxCapacityUnits": 4, "MinCapacityUnits": 8}}, COMBINATION),
        (
            {
                "ComputeConfig": {
                    "MaxCapacityUnits": 4,
                    "MultiAZ": True,
                    "AvailabilityZone": "eu-west-1a",
                }
            },
            COMBINATION,
        ),
        ({"ComputeConfig": {"MaxCapacityUnits": 4, "KmsKeyId": "alias/x"}}, VALUE),
        (
            {"ComputeConfig": {"MaxCapacityUnits": 4, "PreferredMaintenanceWindow": "x"}},
            VALUE,
        ),
        (
            {"ComputeConfig": {"MaxCapacityUnits": 4, "ReplicationSubnetGroupId": "absent"}},
            "ResourceNotFoundFault",
        ),
        (
            {"ComputeConfig": {"MaxCapacityUnits": 4, "VpcSecurityGroupIds": ["sg-x"]}},
            "ResourceNotFoundFault",
        ),
        ({"TableMappings": "{}"}, VALUE),
        ({"TableMappings": VIEW}, VALUE),
        ({"ReplicationSettings": "{"}, VALUE),
        ({"SourceEndpointArn": ABSENT}, "ResourceNotFoundFault"),
        ({"name": "1"}, VALUE),
    ],
)
def test_what_is_refused(
    dms: Harness, parts: tuple[str, str], changes: dict[str, Any], code: str
) -> None:
    assert create(dms, parts, **changes)[0] == code


def test_the_role_for_the_network_has_to_be_there(dms: Harness, parts: tuple[str, str]) -> None:
    dms.create_config(parts)
    dms.cloud.vpc_problem = "there is no role dms-vpc-role"

    code, message = create(dms, parts, name="other")

    assert (code, "dms-vpc-role is not configured properly" in message) == (
        "AccessDeniedFault",
        True,
    )


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"EngineName": "azuredb"}, "source engine azuredb"),
        ({"EngineName": "sybase"}, "source engine sybase"),
    ],
)
def test_sources_that_serverless_does_not_read(
    dms: Harness, parts: tuple[str, str], changes: dict[str, Any], part: str
) -> None:
    source = dms.create_endpoint("other", {**SOURCE, **changes})

    code, message = create(dms, (source, parts[1]))

    assert (code, part in message) == (COMBINATION, True)


def test_what_a_config_uses_stays(dms: Harness, parts: tuple[str, str]) -> None:
    dms.create_group()
    compute = {"MaxCapacityUnits": 4, "ReplicationSubnetGroupId": "group"}
    dms.create_config(parts, ComputeConfig=compute)

    for endpoint in parts:
        code, message = refusal(dms.client.delete_endpoint, EndpointArn=endpoint)
        assert (code, "ReplicationConfigs: serverless" in message) == (STATE, True)
    code, message = refusal(
        dms.client.delete_replication_subnet_group, ReplicationSubnetGroupIdentifier="group"
    )
    assert (code, "serverless is still using it" in message) == (STATE, True)


def test_a_config_is_modified_while_it_does_not_run(dms: Harness, parts: tuple[str, str]) -> None:
    arn = dms.create_config(parts)

    dms.client.modify_replication_config(
        ReplicationConfigArn=arn,
        ReplicationConfigIdentifier="Renamed",
        ReplicationType="cdc",
        TableMappings=MAPPINGS.replace("public", "sales"),
        ReplicationSettings='{"FullLoadSettings": {"MaxFullLoadSubTasks": 2}}',
        ComputeConfig={"MaxCapacityUnits": 8},
    )

    assert dms.replication(arn)["Status"] == "modifying"
    dms.advance(dms.delays.replication_modify)
    assert dms.replication(arn)["Status"] == "created"
    config = config_of(dms, arn)
    assert (config["ReplicationConfigIdentifier"], config["ReplicationType"]) == ("renamed", "cdc")
    assert "sales" in config["TableMappings"]
    assert config["ComputeConfig"]["MaxCapacityUnits"] == 8
    settings = json.loads(config["ReplicationSettings"])
    assert settings["FullLoadSettings"]["MaxFullLoadSubTasks"] == 2


def test_names_are_taken_once(dms: Harness, parts: tuple[str, str]) -> None:
    first, second = dms.create_config(parts), dms.create_config(parts, "second")

    assert create(dms, parts)[0] == "ResourceAlreadyExistsFault"
    code, message = refusal(
        dms.client.modify_replication_config,
        ReplicationConfigArn=second,
        ReplicationConfigIdentifier="SERVERLESS",
    )
    assert (code, "serverless already exists" in message) == ("ResourceAlreadyExistsFault", True)
    assert config_of(dms, first)["ReplicationConfigIdentifier"] == "serverless"


def test_an_idle_config_is_deleted_in_its_time(dms: Harness, parts: tuple[str, str]) -> None:
    arn = dms.create_config(parts)

    dms.client.delete_replication_config(ReplicationConfigArn=arn)

    assert dms.replication(arn)["Status"] == "deleting"
    code, _ = refusal(dms.client.delete_replication_config, ReplicationConfigArn=arn)
    assert code == STATE
    dms.advance(dms.delays.replication_delete)

    def is_gone() -> bool:
        dms.service.settle()
        return not dms.client.describe_replication_configs()["ReplicationConfigs"]

    eventually(is_gone)
    dms.client.delete_endpoint(EndpointArn=parts[0])


def test_an_absent_config(dms: Harness) -> None:
    filters = [{"Name": "replication-config-id", "Values": ["absent"]}]
    for call in (dms.client.describe_replication_configs, dms.client.describe_replications):
        assert refusal(call, Filters=filters)[0] == "ResourceNotFoundFault"
    calls: list[Callable[..., object]] = [
        dms.client.modify_replication_config,
        dms.client.delete_replication_config,
        dms.client.stop_replication,
        dms.client.describe_replication_table_statistics,
    ]
    for one in calls:
        assert refusal(one, ReplicationConfigArn=ABSENT)[0] == "ResourceNotFoundFault"
