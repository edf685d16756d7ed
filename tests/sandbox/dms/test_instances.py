from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.sandbox.dms.harness import SOURCE, TARGET, Harness, eventually, refusal

INSTANCE: dict[str, Any] = {
    "ReplicationInstanceIdentifier": "Lake-1",
    "ReplicationInstanceClass": "dms.t3.medium",
}


def instance_of(dms: Harness, arn: str) -> Mapping[str, Any]:
    described = dms.client.describe_replication_instances(
        Filters=[{"Name": "replication-instance-arn", "Values": [arn]}]
    )
    return described["ReplicationInstances"][0]


def create(dms: Harness, **more: object) -> str:
    created = dms.client.create_replication_instance(**{**INSTANCE, **more})
    return created["ReplicationInstance"]["ReplicationInstanceArn"]


def test_an_instance_is_created_in_its_time_with_the_service_s_defaults(dms: Harness) -> None:
    arn = create(dms)

    assert instance_of(dms, arn)["ReplicationInstanceStatus"] == "creating"
    dms.advance(dms.delays.instance_create - 0.01)
    assert instance_of(dms, arn)["ReplicationInstanceStatus"] == "creating"
    dms.advance(0.01)
    instance = instance_of(dms, arn)
    assert instance["ReplicationInstanceStatus"] == "available"
    assert instance["ReplicationInstanceIdentifier"] == "lake-1"
    assert instance["AllocatedStorage"] == 50
    assert instance["PubliclyAccessible"] is True
    assert instance["AutoMinorVersionUpgrade"] is True
    assert instance["MultiAZ"] is False
    assert instance["VpcSecurityGroups"] == [
        {"VpcSecurityGroupId": "sg-default", "Status": "active"}
    ]
    assert instance["ReplicationSubnetGroup"]["ReplicationSubnetGroupIdentifier"] == "default"
    assert instance["PendingModifiedValues"] == {}


def test_what_the_caller_sets_is_kept(dms: Harness) -> None:
    dms.create_group()

    arn = create(
        dms,
        ReplicationSubnetGroupIdentifier="GROUP",
        AllocatedStorage=200,
        PubliclyAccessible=False,
        VpcSecurityGroupIds=["sg-1"],
        MultiAZ=True,
        EngineVersion="3.5.4",
        PreferredMaintenanceWindow="mon:02:00-mon:03:00",
        ResourceIdentifier="my-own-id",
    )

    instance = instance_of(dms, arn)
    assert arn == "arn:aws:dms:eu-west-1:123456789012:rep:my-own-id"
    assert instance["AllocatedStorage"] == 200
    assert instance["PubliclyAccessible"] is False
    assert instance["VpcSecurityGroups"][0]["VpcSecurityGroupId"] == "sg-1"
    assert instance["SecondaryAvailabilityZone"] == "eu-west-1b"
    assert instance["ReplicationSubnetGroup"]["ReplicationSubnetGroupIdentifier"] == "group"


def test_the_vpc_role_is_needed(dms: Harness) -> None:
    dms.cloud.vpc_problem = "missing"

    assert refusal(dms.client.create_replication_instance, **INSTANCE)[0] == "AccessDeniedFault"


@pytest.mark.parametrize(
    ("more", "code", "part"),
    [
        ({"ReplicationInstanceIdentifier": "1st"}, "InvalidParameterValueException", "letter"),
        ({"ReplicationInstanceIdentifier": "a--b"}, "InvalidParameterValueException", "hyphens"),
        ({"ReplicationInstanceIdentifier": "a-"}, "InvalidParameterValueException", "hyphen"),
        ({"ReplicationInstanceIdentifier": ""}, "InvalidParameterValueException", "blank"),
        ({"ReplicationInstanceIdentifier": "a" * 64}, "InvalidParameterValueException", "63"),
        ({"ReplicationInstanceClass": "dms.x9.huge"}, "InvalidParameterValueException", "x9"),
        ({"AllocatedStorage": 4}, "InvalidParameterValueException", "range 5 to 6144"),
        ({"AllocatedStorage": 6145}, "InvalidParameterValueException", "range 5 to 6144"),
        (
            {"EngineVersion": "1.0"},
            "InvalidParameterValueException",
            "No replication engine found with version: 1.0",
        ),
        (
            {"MultiAZ": True, "AvailabilityZone": "eu-west-1a"},
            "InvalidParameterCombinationException",
            "MultiAZ",
        ),
        ({"AvailabilityZone": "eu-west-1z"}, "InvalidParameterValueException", "eu-west-1z"),
        ({"NetworkType": "DUAL"}, "InvalidParameterCombinationException", "'DUAL'"),
        ({"NetworkType": "IPX"}, "InvalidParameterValueException", "IPV4 or DUAL"),
        ({"DnsNameServers": "1,2,3,4,5"}, "InvalidParameterValueException", "4"),
        ({"PreferredMaintenanceWindow": "always"}, "InvalidParameterValueException", "ddd"),
        (
            {"PreferredMaintenanceWindow": "mon:02:00-mon:02:29"},
            "InvalidParameterValueException",
            "30 minutes",
        ),
        ({"VpcSecurityGroupIds": ["sg-9"]}, "ResourceNotFoundFault", "sg-9"),
        ({"ReplicationSubnetGroupIdentifier": "absent"}, "ResourceNotFoundFault", "absent"),
        ({"ResourceIdentifier": "a--b"}, "InvalidParameterValueException", "ResourceIdentifier"),
        ({"ResourceIdentifier": "a" * 32}, "InvalidParameterValueException", "31"),
    ],
)
def test_what_the_service_refuses(
    dms: Harness, more: dict[str, object], code: str, part: str
) -> None:
    refused = refusal(dms.client.create_replication_instance, **{**INSTANCE, **more})

    assert refused[0] == code
    assert part in refused[1]


def test_a_window_over_the_end_of_the_week_is_fine(dms: Harness) -> None:
    arn = create(dms, PreferredMaintenanceWindow="sun:23:45-mon:00:15")

    assert instance_of(dms, arn)["PreferredMaintenanceWindow"] == "sun:23:45-mon:00:15"


def test_a_second_instance_of_the_name_is_refused(dms: Harness) -> None:
    arn = create(dms)

    with pytest.raises(dms.client.exceptions.ResourceAlreadyExistsFault) as caught:
        create(dms, ReplicationInstanceIdentifier="LAKE-1")
    assert caught.value.response["resourceArn"] == arn  # type: ignore[typeddict-item]  # modelled


def test_a_change_waits_for_the_maintenance_window(dms: Harness) -> None:
    arn = dms.create_instance()

    changed = dms.client.modify_replication_instance(
        ReplicationInstanceArn=arn, AllocatedStorage=80, AutoMinorVersionUpgrade=False
    )["ReplicationInstance"]

    assert changed["ReplicationInstanceStatus"] == "available"
    assert changed["AllocatedStorage"] == 50
    assert changed["PendingModifiedValues"] == {"AllocatedStorage": 80}
    assert changed["AutoMinorVersionUpgrade"] is False


def test_a_change_at_once_brings_along_what_was_pending(dms: Harness) -> None:
    arn = dms.create_instance()
    dms.client.modify_replication_instance(ReplicationInstanceArn=arn, AllocatedStorage=80)

    changed = dms.client.modify_replication_instance(
        ReplicationInstanceArn=arn,
        ReplicationInstanceClass="dms.t3.large",
        ApplyImmediately=True,
    )["ReplicationInstance"]

    assert changed["ReplicationInstanceStatus"] == "modifying"
    assert changed["ReplicationInstanceClass"] == "dms.t3.medium"
    dms.advance(dms.delays.instance_modify)
    after = instance_of(dms, arn)
    assert after["ReplicationInstanceStatus"] == "available"
    assert after["ReplicationInstanceClass"] == "dms.t3.large"
    assert after["AllocatedStorage"] == 80
    assert after["PendingModifiedValues"] == {}


def test_pending_changes_alone_can_be_applied_now(dms: Harness) -> None:
    arn = dms.create_instance()
    dms.client.modify_replication_instance(ReplicationInstanceArn=arn, AllocatedStorage=80)

    dms.client.modify_replication_instance(ReplicationInstanceArn=arn, ApplyImmediately=True)
    dms.advance(dms.delays.instance_modify)

    assert instance_of(dms, arn)["AllocatedStorage"] == 80


@pytest.mark.parametrize(
    ("changes", "code", "part"),
    [
        ({}, "InvalidParameterCombination", "No modifications were requested"),
        ({"AllocatedStorage": 50}, "InvalidParameterCombination", "No modifications"),
        ({"AllocatedStorage": 20}, "InvalidParameterCombinationException", "decreased"),
        ({"EngineVersion": "3.5.4"}, "InvalidParameterCombinationException", "downgrade"),
        ({"ReplicationInstanceClass": "dms.no"}, "InvalidParameterValueException", "dms.no"),
        ({"VpcSecurityGroupIds": ["sg-9"]}, "ResourceNotFoundFault", "sg-9"),
    ],
)
def test_changes_that_the_service_refuses(
    dms: Harness, changes: dict[str, object], code: str, part: str
) -> None:
    arn = dms.create_instance()

    refused = refusal(dms.client.modify_replication_instance, ReplicationInstanceArn=arn, **changes)

    assert refused[0] == code
    assert part in refused[1]


def test_a_major_upgrade_has_to_be_allowed(dms: Harness) -> None:
    arn = create(dms, EngineVersion="3.5.4")
    dms.advance(dms.delays.instance_create)
    asked: dict[str, Any] = {
        "ReplicationInstanceArn": arn,
        "EngineVersion": "3.6.0",
        "ApplyImmediately": True,
    }

    assert "AllowMajorVersionUpgrade" in refusal(dms.client.modify_replication_instance, **asked)[1]
    dms.client.modify_replication_instance(**asked, AllowMajorVersionUpgrade=True)
    assert instance_of(dms, arn)["ReplicationInstanceStatus"] == "upgrading"
    dms.advance(dms.delays.instance_modify)
    assert instance_of(dms, arn)["EngineVersion"] == "3.6.0"


def test_an_upgrade_stops_running_tasks_and_resumes_them(dms: Harness) -> None:
    dms.create_group()
    instance = dms.client.create_replication_instance(**INSTANCE, EngineVersion="3.6.0")[
        "ReplicationInstance"
    ]["ReplicationInstanceArn"]
    dms.advance(dms.delays.instance_create)
    source = dms.create_endpoint("source", SOURCE)
    target = dms.create_endpoint("target", TARGET)
    for endpoint in (source, target):
        dms.connect(instance, endpoint)
    running = dms.create_task((instance, source, target), "running")
    stopped = dms.create_task((instance, source, target), "stopped")
    dms.start_task(stopped)
    dms.stop_task(stopped)
    dms.start_task(running)

    dms.client.modify_replication_instance(
        ReplicationInstanceArn=instance, EngineVersion="3.6.1", ApplyImmediately=True
    )

    assert dms.task(running)["Status"] == "stopping"
    dms.advance(dms.delays.task_stop)
    dms.await_status(running, "stopped")
    dms.advance(dms.delays.instance_modify)
    dms.advance(dms.delays.task_start)
    eventually(lambda: len(dms.plane.runs) == 3)
    assert dms.task(running)["Status"] == "running"
    assert dms.task(stopped)["Status"] == "stopped"
    assert dms.plane.runs[-1].job.start.name == "RESUME"


def test_a_rename_and_other_security_groups(dms: Harness) -> None:
    arn = dms.create_instance()

    changed = dms.client.modify_replication_instance(
        ReplicationInstanceArn=arn,
        ReplicationInstanceIdentifier="Renamed",
        VpcSecurityGroupIds=["sg-1"],
    )["ReplicationInstance"]

    assert changed["ReplicationInstanceIdentifier"] == "renamed"
    assert changed["VpcSecurityGroups"][0]["VpcSecurityGroupId"] == "sg-1"
    other = dms.create_instance("other")
    code, _ = refusal(
        dms.client.modify_replication_instance,
        ReplicationInstanceArn=other,
        ReplicationInstanceIdentifier="renamed",
    )
    assert code == "ResourceAlreadyExistsFault"


def test_an_instance_that_is_busy_is_not_modified(dms: Harness) -> None:
    arn = create(dms)

    code, message = refusal(
        dms.client.modify_replication_instance, ReplicationInstanceArn=arn, AllocatedStorage=80
    )

    assert code == "InvalidResourceStateFault"
    assert "creating" in message


def test_an_instance_is_deleted_in_its_time_and_takes_its_connections_along(
    dms: Harness,
) -> None:
    instance = dms.create_instance()
    source = dms.create_endpoint("source", SOURCE)
    dms.connect(instance, source)

    deleted = dms.client.delete_replication_instance(ReplicationInstanceArn=instance)

    assert deleted["ReplicationInstance"]["ReplicationInstanceStatus"] == "deleting"
    assert dms.connection(instance, source)["Status"] == "deleting"
    code, _ = refusal(dms.client.delete_replication_instance, ReplicationInstanceArn=instance)
    assert code == "InvalidResourceStateFault"
    dms.advance(dms.delays.instance_delete)
    for call in (dms.client.describe_replication_instances, dms.client.describe_connections):
        filters = [{"Name": "replication-instance-arn", "Values": [instance]}]
        assert refusal(call, Filters=filters)[0] == "ResourceNotFoundFault"


def test_an_instance_with_tasks_is_not_deleted(dms: Harness) -> None:
    parts = dms.create_parts()
    dms.create_task(parts)

    code, message = refusal(dms.client.delete_replication_instance, ReplicationInstanceArn=parts[0])

    assert code == "InvalidResourceStateFault"
    assert "has one or more replication tasks" in message


def test_an_instance_is_not_deleted_while_it_is_created(dms: Harness) -> None:
    arn = create(dms)

    code, _ = refusal(dms.client.delete_replication_instance, ReplicationInstanceArn=arn)

    assert code == "InvalidResourceStateFault"


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("replication-instance-id", "LAKE-1", 1),
        ("replication-instance-class", "dms.t3.medium", 1),
        ("engine-version", "3.6.1", 1),
        ("replication-instance-id", "lake-2", 0),
    ],
)
def test_filters(dms: Harness, name: str, value: str, found: int) -> None:
    create(dms)
    filters = [{"Name": name, "Values": [value, "another"]}]

    if found:
        described = dms.client.describe_replication_instances(Filters=filters)  # type: ignore[arg-type]  # literal names
        assert len(described["ReplicationInstances"]) == found
    else:
        assert refusal(dms.client.describe_replication_instances, Filters=filters) == (
            "ResourceNotFoundFault",
            "No Instances found matching provided filters",
        )


def test_an_absent_instance(dms: Harness) -> None:
    arn = "arn:aws:dms:eu-west-1:123456789012:rep:absent"

    for call in (dms.client.modify_replication_instance, dms.client.delete_replication_instance):
        assert refusal(call, ReplicationInstanceArn=arn)[0] == "ResourceNotFoundFault"


def test_the_orderable_instances_are_those_that_can_be_created(dms: Harness) -> None:
    offered: list[str] = []
    marker = ""
    while True:
        more = {"Marker": marker} if marker else {}
        page = dms.client.describe_orderable_replication_instances(MaxRecords=50, **more)
        offered += [
            one["ReplicationInstanceClass"] for one in page["OrderableReplicationInstances"]
        ]
        marker = page.get("Marker", "")
        if not marker:
            break

    assert "dms.t3.medium" in offered
    assert len(offered) == len(set(offered)) * 3
    for number, kind in enumerate(sorted(set(offered))):
        create(dms, ReplicationInstanceIdentifier=f"i{number}", ReplicationInstanceClass=kind)


def test_the_account_s_quotas(dms: Harness) -> None:
    dms.create_instance()

    answered = dms.client.describe_account_attributes()

    quotas = {
        one["AccountQuotaName"]: (one["Used"], one["Max"]) for one in answered["AccountQuotas"]
    }
    assert quotas["ReplicationInstances"] == (1, 60)
    assert quotas["ReplicationSubnetGroups"] == (1, 60)
    assert quotas["Endpoints"] == (0, 1000)
    assert quotas["AllocatedStorage"] == (50, 30000)
    assert quotas["EventSubscriptions"] == (0, 60)
    assert quotas["Certificates"] == (0, 100)


def test_the_sixty_first_instance_is_refused(dms: Harness) -> None:
    for number in range(60):
        create(dms, ReplicationInstanceIdentifier=f"i{number}")

    assert refusal(dms.client.create_replication_instance, **INSTANCE)[0] == (
        "ResourceQuotaExceededFault"
    )


def test_more_storage_than_the_account_may_have_is_refused(dms: Harness) -> None:
    for number in range(4):
        create(dms, ReplicationInstanceIdentifier=f"i{number}", AllocatedStorage=6144)

    code, message = refusal(
        dms.client.create_replication_instance, **{**INSTANCE, "AllocatedStorage": 6000}
    )

    assert (code, "30000 GB" in message) == ("StorageQuotaExceededFault", True)
