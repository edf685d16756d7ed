"""The other ten ways in which DMS hurts those who deploy it: see `test_footguns.py`."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from dmslake.engine.events import Noted
from dmslake.engine.plan import Action
from dmslake.engine.resource import Address
from dmslake.errors import WaitError
from tests.faults.script import Members, changed, refuse
from tests.faults.test_footguns import NEW_TABLE, failed, in_order
from tests.faults.world import TEXT, World, spec

KEY = "arn:aws:kms:eu-west-1:123456789012:key/5e3c1b1a-0d7f-4a55-9b5e-111111111111"
SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop-AbCdEf"
SERVERLESS = ("  network:", "  serverless: {min_capacity: 2, max_capacity: 16}\n  network:")
STILL_USED = refuse(
    "InvalidResourceStateFault",
    "Cannot delete the subnet group 'shop-subnets' because at least one database instance: "
    "shop-instance is still using it.",
)


def test_11_what_the_service_adds_to_settings_and_mappings_is_no_difference(world: World) -> None:
    """As a real account answers: nulls, names of its log, more of everything, in another order."""

    def echo(members: Members) -> None:
        for task in members["ReplicationTasks"]:
            settings = json.loads(task["ReplicationTaskSettings"])
            settings["Logging"].update(CloudWatchLogGroup="g", CloudWatchLogStream="s")
            settings.update(PostProcessingRules=None, FailTaskWhenCleanTaskResourceFailed=False)
            task["ReplicationTaskSettings"] = json.dumps(dict(reversed(settings.items())))
            rules = json.loads(task["TableMappings"])["rules"]
            more = {"value": None, "load-order": None, "mapping-parameters": None}
            echoed = {"rules": [{**rule, **more} for rule in reversed(rules)]}
            task["TableMappings"] = json.dumps(echoed)
            task["MigrationType"] = task["MigrationType"].upper()

    world.up(spec())
    world.script.on("dms:DescribeReplicationTasks", changed(echo))
    world.is_as_planned(spec())
    # 18: what is sent is written anew; the nulls of the echo are in no request (tests/truth).
    world.up(spec(NEW_TABLE))


def test_11_enums_and_names_in_another_case_are_no_difference(world: World) -> None:
    def shout(members: Members) -> None:
        for endpoint in members["Endpoints"]:
            endpoint["EndpointType"] = endpoint["EndpointType"].upper()
            for name in ("DataFormat", "EncryptionMode"):
                if name in endpoint.get("S3Settings", {}):
                    endpoint["S3Settings"][name] = endpoint["S3Settings"][name].upper()

    world.up(spec())
    world.script.on("dms:DescribeEndpoints", changed(shout))
    world.is_as_planned(spec())


def without_key(members: Members) -> None:
    """DMS drops the key when the endpoint is made."""
    for endpoint in members["Endpoints"]:
        endpoint.get("S3Settings", {}).pop("ServerSideEncryptionKmsKeyId", None)


def test_12_the_key_that_dms_drops_is_sent_again_and_read_back(world: World) -> None:
    encrypted = spec(("prefix: dms}", f"prefix: dms, kms_key: {KEY}}}"))
    world.script.on("dms:DescribeEndpoints", changed(without_key), before="dms:ModifyEndpoint")
    world.up(encrypted)
    assert KEY in world.script.sent("dms:ModifyEndpoint")[-1]
    assert '"KmsKeyId"' not in "".join(world.script.sent("dms:CreateEndpoint"))


def test_12_a_run_that_ended_before_the_key_was_sent_again_is_repaired(world: World) -> None:
    encrypted = spec(("prefix: dms}", f"prefix: dms, kms_key: {KEY}}}"))
    world.up(encrypted)
    world.script.clear()
    world.script.on("dms:DescribeEndpoints", changed(without_key))
    found = world.plan(encrypted)
    (step,) = [s for s in found.pending if str(s.address) == "endpoint.shop-staging"]
    assert step.action is Action.UPDATE
    assert "ServerSideEncryptionKmsKeyId" in step.changes[0].attribute


def test_14_with_a_secret_no_credentials_are_sent(world: World) -> None:
    """Beside a secret, DMS refuses every one of them; the rule is tests/truth's."""
    world.cloud.secrets[SECRET] = {
        "host": "db.example.com", "port": "5432", "username": "dms", "password": "x",
    }  # fmt: skip
    text = TEXT.replace("  host: db.example.com\n", "").replace("  username: dms\n", "")
    world.up(spec(("  password: ${PASSWORD}", f"  secret: {SECRET}"), text=text))
    (sent,) = [s for s in world.script.sent("dms:CreateEndpoint") if "shop-source" in s]
    assert SECRET in sent
    for member in ("Username", "Password", "ServerName"):
        assert f'"{member}"' not in sent


def test_14_a_role_without_the_regional_principal_is_told(world: World) -> None:
    message = (
        "The role should have the DMS Regional Service Principal 'dms.eu-west-1.amazonaws.com' "
        "as trusted entity"
    )
    refusal = refuse("InvalidParameterValueException", message)
    world.script.on("dms:CreateEndpoint", refusal, about="shop-source")
    error = failed(world, Address("endpoint", "shop-source"))
    assert message in error.why


def test_15_an_instance_that_is_modified_while_it_is_made_is_waited_for(world: World) -> None:
    def modifying(members: Members) -> None:
        for instance in members["ReplicationInstances"]:
            instance["ReplicationInstanceStatus"] = "modifying"

    world.script.on(
        "dms:DescribeReplicationInstances", changed(modifying),
        after="dms:CreateReplicationInstance", times=6,
    )  # fmt: skip
    world.up(spec())


def test_15_an_instance_goes_only_when_its_task_is_gone(world: World) -> None:
    world.up(spec())
    world.script.clear()
    in_use = refuse(
        "InvalidResourceStateFault",
        "Replication instance shop-instance has one or more replication tasks",
    )
    world.script.on("dms:DeleteReplicationInstance", in_use, times=5)
    world.down(spec())
    assert in_order(
        world.script.writes(), "StopReplicationTask", "DeleteReplicationTask",
        "DeleteReplicationInstance", "DeleteReplicationSubnetGroup",
    )  # fmt: skip


def test_16_a_subnet_group_that_is_still_used_is_tried_again(world: World) -> None:
    world.up(spec())
    world.script.on("dms:DeleteReplicationSubnetGroup", STILL_USED, seconds=200)
    world.down(spec())


def test_16_a_subnet_group_that_stays_used_is_explained(world: World) -> None:
    world.up(spec())
    world.script.on("dms:DeleteReplicationSubnetGroup", STILL_USED)
    outcome = world.apply(world.removal(spec()))
    (error,) = outcome.failed.values()
    assert "is still using it" in error.why


def test_19_a_task_moves_to_another_instance_and_keeps_its_position(world: World) -> None:
    world.up(spec())
    made = world.aws.dms.create_replication_instance(
        ReplicationInstanceIdentifier="shared", ReplicationInstanceClass="dms.c6i.large",
        ReplicationSubnetGroupIdentifier="shop-subnets", PubliclyAccessible=False,
    )  # fmt: skip
    world.clock.sleep(60)
    arn = made["ReplicationInstance"]["ReplicationInstanceArn"]
    world.script.clear()
    text = TEXT.replace("  network: {subnets: [subnet-a, subnet-b]}\n", "")
    text = text.replace("replication:\n", f"replication:\n  instance: {{arn: '{arn}'}}\n")
    # The subnet group cannot go: the shared instance stands in it, which no real one would.
    outcome = world.apply(world.plan(spec(text=text)))
    assert set(outcome.failed) <= {Address("subnet_group", "shop-subnets")}
    writes = world.script.writes()
    assert in_order(writes, "StopReplicationTask", "MoveReplicationTask", "StartReplicationTask")
    assert in_order(writes, "TestConnection", "TestConnection", "StartReplicationTask")
    assert in_order(writes, "MoveReplicationTask", "DeleteReplicationInstance")
    assert "CreateReplicationTask" not in world.script.writes()
    assert "resume-processing" in world.script.sent("dms:StartReplicationTask")[0]


def test_19_where_only_a_replacement_helps_the_position_is_saved_and_told(world: World) -> None:
    world.up(spec())
    world.script.clear()
    world.up(spec(("type: full-load-and-cdc", "type: cdc")))
    assert in_order(
        world.script.calls, "dms:StopReplicationTask", "s3:PutObject",
        "dms:DeleteReplicationTask", "dms:CreateReplicationTask",
    )  # fmt: skip
    (note,) = [event.text for event in world.events if isinstance(event, Noted)]
    assert note.startswith("the last position of replication task shop-task is checkpoint:V1#")
    assert note.endswith("saved as s3://shop-staging/.dmslake/checkpoints/shop-task.json")


def test_20_a_serverless_replication_is_stopped_changed_waited_for_and_resumed(
    world: World,
) -> None:
    world.up(spec(SERVERLESS))
    world.script.clear()
    busy = refuse("InvalidResourceStateFault", "The replication is in state modifying")
    world.script.on("dms:StartReplication", busy, after="dms:ModifyReplicationConfig", times=5)
    world.up(spec(SERVERLESS, NEW_TABLE))
    assert in_order(
        world.script.writes(), "StopReplication", "ModifyReplicationConfig", "StartReplication"
    )
    assert all("resume-processing" in s for s in world.script.sent("dms:StartReplication"))
    world.down(spec(SERVERLESS))


def test_20_a_serverless_start_of_more_than_an_hour_is_waited_for(world: World) -> None:
    def provisioning(members: Members) -> None:
        for found in members["Replications"]:
            found["Status"] = "provisioning_capacity"

    world.script.on(
        "dms:DescribeReplications", changed(provisioning), after="dms:StartReplication",
        seconds=4_500,
    )  # fmt: skip
    world.up(spec(SERVERLESS))
    assert world.clock.now() > 4_500
    assert world.script.calls.count("dms:StartReplication") == 1


SLOW: list[tuple[str, dict[str, Any]]] = [
    ("an instance", {"instance_delete": 1_500}),
    ("a task", {"task_delete": 900}),
    ("an endpoint", {"endpoint_delete": 400}),
]


@pytest.mark.parametrize(("what", "delays"), SLOW)
def test_what_takes_long_to_go_is_waited_for(
    world: World, what: str, delays: dict[str, Any]
) -> None:
    world.up(spec())
    world.service.delays = dataclasses.replace(world.service.delays, **delays)
    world.down(spec())
    assert world.clock.now() > min(delays.values()), what


def test_what_never_goes_is_told_and_the_next_run_goes_on(world: World) -> None:
    world.up(spec())
    world.service.delays = dataclasses.replace(world.service.delays, instance_delete=10_000)
    outcome = world.apply(world.removal(spec()))
    (error,) = outcome.failed.values()
    assert isinstance(error, WaitError)
    assert error.what.startswith("replication instance shop-instance is still deleting after ")
    assert outcome.skipped == {
        Address("subnet_group", "shop-subnets"): "replication_instance.shop-instance could not be "
        "removed"
    }
    world.clock.sleep(10_000)
    world.down(spec())
    assert world.script.writes().count("DeleteReplicationInstance") == 1


@pytest.mark.parametrize("seen", [True, False])
def test_a_name_of_something_that_is_being_deleted_is_waited_for(world: World, seen: bool) -> None:
    world.up(spec())
    found = world.removal(spec())
    slow = dataclasses.replace(world.service.delays, instance_delete=400)
    world.service.delays = slow
    kept = Address("replication_instance", "shop-instance")
    rest = [s.address for s in found.steps if s.address.kind not in ("subnet_group", kept.kind)]
    assert world.apply(found.only(*rest)).ok
    (instance,) = world.aws.dms.describe_replication_instances()["ReplicationInstances"]
    world.aws.dms.delete_replication_instance(
        ReplicationInstanceArn=instance["ReplicationInstanceArn"]
    )
    if not seen:
        gone = refuse("ResourceNotFoundFault", "not found")
        world.script.on("dms:DescribeReplicationInstances", gone, times=3)
    world.up(spec())
