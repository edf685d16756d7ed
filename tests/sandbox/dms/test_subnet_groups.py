from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.dms.harness import Harness, refusal

GROUP: dict[str, Any] = {
    "ReplicationSubnetGroupIdentifier": "Lake.Group_1",
    "ReplicationSubnetGroupDescription": "for the lake",
    "SubnetIds": ["subnet-a", "subnet-b"],
}


STILL_USED = (
    "Cannot delete the subnet group 'group' because at least one database instance: i is "
    "still using it."
)


def test_a_group_is_complete_at_once_and_stored_in_lower_case(dms: Harness) -> None:
    created = dms.client.create_replication_subnet_group(**GROUP)["ReplicationSubnetGroup"]

    assert created == {
        "ReplicationSubnetGroupIdentifier": "lake.group_1",
        "ReplicationSubnetGroupDescription": "for the lake",
        "VpcId": "vpc-1",
        "SubnetGroupStatus": "Complete",
        "Subnets": [
            {
                "SubnetIdentifier": "subnet-a",
                "SubnetAvailabilityZone": {"Name": "eu-west-1a"},
                "SubnetStatus": "Active",
            },
            {
                "SubnetIdentifier": "subnet-b",
                "SubnetAvailabilityZone": {"Name": "eu-west-1b"},
                "SubnetStatus": "Active",
            },
        ],
        "SupportedNetworkTypes": ["IPV4"],
    }
    described = dms.client.describe_replication_subnet_groups(
        Filters=[{"Name": "replication-subnet-group-id", "Values": ["LAKE.group_1"]}]
    )
    assert described["ReplicationSubnetGroups"] == [created]


@pytest.mark.parametrize("problem", ["missing", "wrong trust", "policy not attached"])
def test_whatever_is_wrong_with_the_vpc_role_gives_one_message(dms: Harness, problem: str) -> None:
    dms.cloud.vpc_problem = problem

    assert refusal(dms.client.create_replication_subnet_group, **GROUP) == (
        "AccessDeniedFault",
        "The IAM Role arn:aws:iam::123456789012:role/dms-vpc-role is not configured properly.",
    )


def test_a_second_group_of_the_name_is_refused_with_the_first_s_arn(dms: Harness) -> None:
    dms.client.create_replication_subnet_group(**GROUP)

    with pytest.raises(dms.client.exceptions.ResourceAlreadyExistsFault) as caught:
        dms.client.create_replication_subnet_group(**GROUP)
    assert caught.value.response["resourceArn"] == (  # type: ignore[typeddict-item]  # modelled
        "arn:aws:dms:eu-west-1:123456789012:subgrp:lake.group_1"
    )


@pytest.mark.parametrize(
    ("subnets", "code", "part"),
    [
        (
            ["subnet-a", "subnet-x"],
            "InvalidSubnet",
            "Some input subnets in :[subnet-x] are invalid.",
        ),
        (["subnet-a", "subnet-other"], "InvalidSubnet", "same VPC"),
        (["subnet-a", "subnet-c"], "ReplicationSubnetGroupDoesNotCoverEnoughAZs", "2 AZs"),
        (["subnet-a"], "ReplicationSubnetGroupDoesNotCoverEnoughAZs", "2 AZs"),
        ([], "ReplicationSubnetGroupDoesNotCoverEnoughAZs", "2 AZs"),
    ],
)
def test_subnets_must_exist_and_cover_two_zones_of_one_vpc(
    dms: Harness, subnets: list[str], code: str, part: str
) -> None:
    refused = refusal(dms.client.create_replication_subnet_group, **{**GROUP, "SubnetIds": subnets})

    assert refused[0] == code
    assert part in refused[1]


@pytest.mark.parametrize("name", ["", " ", "default", "Default", "a b", "a/b", "x" * 256])
def test_names_that_the_service_refuses(dms: Harness, name: str) -> None:
    asked = {**GROUP, "ReplicationSubnetGroupIdentifier": name}

    assert refusal(dms.client.create_replication_subnet_group, **asked)[0] == (
        "InvalidParameterValueException"
    )


def test_a_description_is_required(dms: Harness) -> None:
    asked = {**GROUP, "ReplicationSubnetGroupDescription": " "}

    assert refusal(dms.client.create_replication_subnet_group, **asked) == (
        "InvalidParameterValueException",
        "The parameter ReplicationSubnetGroupDescription must be provided and must not be blank.",
    )


def test_a_modification_replaces_the_subnets_and_keeps_an_absent_description(
    dms: Harness,
) -> None:
    dms.client.create_replication_subnet_group(**GROUP)

    changed = dms.client.modify_replication_subnet_group(
        ReplicationSubnetGroupIdentifier="lake.group_1", SubnetIds=["subnet-b", "subnet-c"]
    )["ReplicationSubnetGroup"]

    assert [one["SubnetIdentifier"] for one in changed["Subnets"]] == ["subnet-b", "subnet-c"]
    assert changed["ReplicationSubnetGroupDescription"] == "for the lake"


def test_a_subnet_that_hosts_an_instance_stays(dms: Harness) -> None:
    dms.create_group()
    dms.client.create_replication_instance(
        ReplicationInstanceIdentifier="i",
        ReplicationInstanceClass="dms.t3.medium",
        ReplicationSubnetGroupIdentifier="group",
        AvailabilityZone="eu-west-1a",
    )
    dms.cloud.known_subnets["subnet-d"] = dms.cloud.known_subnets["subnet-b"].__class__(
        id="subnet-d", zone="eu-west-1d", vpc="vpc-1"
    )

    assert (
        refusal(
            dms.client.modify_replication_subnet_group,
            ReplicationSubnetGroupIdentifier="group",
            SubnetIds=["subnet-b", "subnet-d"],
        )[0]
        == "SubnetAlreadyInUse"
    )


def test_a_group_is_deleted_once_its_instances_are_gone(dms: Harness) -> None:
    dms.create_group()
    instance = dms.client.create_replication_instance(
        ReplicationInstanceIdentifier="i",
        ReplicationInstanceClass="dms.t3.medium",
        ReplicationSubnetGroupIdentifier="group",
    )["ReplicationInstance"]["ReplicationInstanceArn"]
    dms.advance(dms.delays.instance_create)
    dms.client.delete_replication_instance(ReplicationInstanceArn=instance)

    assert refusal(
        dms.client.delete_replication_subnet_group, ReplicationSubnetGroupIdentifier="group"
    ) == (
        "InvalidResourceStateFault",
        STILL_USED,
    )
    dms.advance(dms.delays.instance_delete)
    dms.client.delete_replication_subnet_group(ReplicationSubnetGroupIdentifier="group")
    assert dms.client.describe_replication_subnet_groups()["ReplicationSubnetGroups"] == []


def test_an_absent_group(dms: Harness) -> None:
    filtered = dms.client.describe_replication_subnet_groups(
        Filters=[{"Name": "replication-subnet-group-id", "Values": ["absent"]}]
    )

    assert filtered["ReplicationSubnetGroups"] == []
    for call, more in (
        (dms.client.delete_replication_subnet_group, {}),
        (dms.client.modify_replication_subnet_group, {"SubnetIds": ["subnet-a", "subnet-b"]}),
    ):
        code, _ = refusal(call, ReplicationSubnetGroupIdentifier="absent", **more)
        assert code == "ResourceNotFoundFault"
