"""The contract of every kind that moto can play. DMS kinds run in the sandbox instead."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import boto3
import pytest
from moto import mock_aws

from dmslake.aws.clients import Clients
from dmslake.aws.errors import translating
from dmslake.engine.assessment import assess, resource_changes
from dmslake.engine.diff import differences
from dmslake.engine.plan import Action
from dmslake.engine.resource import Live, Resource
from dmslake.errors import AccessError
from tests.aws.managed_policies import only_those_for_dms
from tests.contract.recording import Calls, denied, listen
from tests.contract.samples import ACCOUNT, CHANGES, resources, spec

_OF_DMS = (
    "certificate", "connection_test", "endpoint", "event_subscription", "replication",
    "replication_config", "replication_instance", "replication_task", "shared_instance",
    "shared_subnet_group", "stale_certificates", "subnet_group", "table_loads", "task_run",
)  # fmt: skip
_PIPELINE = resources(spec())
ADDRESSES = [a for a, r in _PIPELINE.items() if r.kind not in _OF_DMS and r.removable]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Clients, Calls]]:
    only_those_for_dms(monkeypatch)
    with mock_aws(config={"iam": {"load_aws_managed_policies": True}}):
        session = boto3.Session(
            aws_access_key_id="test", aws_secret_access_key="test", region_name="eu-west-1"
        )
        heard = listen(session)
        yield Clients(session, ACCOUNT), heard


def made(resource: Resource[Any], aws: Clients) -> Live:
    live = resource.read(aws)
    assert live is not None
    return live


def prepare(address: str, aws: Clients) -> Resource[Any]:
    """Make everything that the resource stands on, and return the resource."""
    resource = _PIPELINE[address]
    for need in resource.needs():
        prepare(str(need), aws).create(aws)
    return resource


@pytest.mark.parametrize("address", ADDRESSES)
def test_absent_reads_as_none(address: str, calls: tuple[Clients, Calls]) -> None:
    assert _PIPELINE[address].read(calls[0]) is None


@pytest.mark.parametrize("address", ADDRESSES)
def test_nothing_differs_after_it_was_created(address: str, calls: tuple[Clients, Calls]) -> None:
    aws, _ = calls
    resource = prepare(address, aws)
    resource.create(aws)
    assert assess(resource, made(resource, aws)).action is Action.NOTHING


@pytest.mark.parametrize("address", ADDRESSES)
def test_creating_it_twice_is_no_error(address: str, calls: tuple[Clients, Calls]) -> None:
    aws, _ = calls
    resource = prepare(address, aws)
    resource.create(aws)
    resource.create(aws)
    assert assess(resource, made(resource, aws)).action is Action.NOTHING


@pytest.mark.parametrize("address", [a for a in ADDRESSES if _PIPELINE[a].kind in CHANGES])
def test_a_change_is_seen_made_and_then_gone(address: str, calls: tuple[Clients, Calls]) -> None:
    aws, _ = calls
    resource = prepare(address, aws)
    resource.create(aws)
    changed = CHANGES[resource.kind](resource)
    found = resource_changes(changed, made(resource, aws))
    assert found
    wanted: Mapping[str, object] = changed.desired()
    changed.update(aws, {c.top: wanted[c.top] for c in found})
    assert not resource_changes(changed, made(changed, aws))


@pytest.mark.parametrize("address", ADDRESSES)
def test_it_can_be_deleted_twice(address: str, calls: tuple[Clients, Calls]) -> None:
    aws, _ = calls
    resource = prepare(address, aws)
    resource.create(aws)
    live = made(resource, aws)
    resource.delete(aws)
    resource.delete(aws)
    assert resource.read(aws) is None or resource.keeps(live)


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_denied_read_is_an_error_and_not_nothing(
    address: str, calls: tuple[Clients, Calls]
) -> None:
    aws, heard = calls
    resource = prepare(address, aws)
    resource.create(aws)
    if resource.kind == "bucket":
        pytest.skip("HEAD answers 403 for other people's buckets: tested on its own")
    with denied(heard), pytest.raises(AccessError), translating(address):
        resource.read(aws)


@pytest.mark.parametrize("address", ADDRESSES)
def test_only_what_it_says_is_called(address: str, calls: tuple[Clients, Calls]) -> None:
    aws, heard = calls
    resource = prepare(address, aws)
    verbs: Mapping[str, Callable[[], object]] = {
        "create": lambda: resource.create(aws),
        "read": lambda: resource.read(aws),
        "update": lambda: resource.update(aws, resource.desired()),
        "delete": lambda: resource.delete(aws),
    }
    for verb, call in verbs.items():
        heard.clear()
        call()
        allowed = {
            "create": resource.permissions.create,
            "read": resource.permissions.read,
            "update": resource.permissions.update,
            "delete": resource.permissions.delete,
        }
        assert heard.actions <= set(allowed[verb]), verb
    assert not heard.mistakes


def test_a_bucket_that_others_own_is_a_conflict(calls: tuple[Clients, Calls]) -> None:
    aws, heard = calls
    bucket = _PIPELINE["bucket.shop-contract-lake"]
    bucket.create(aws)
    with denied(heard):
        step = assess(bucket, made(bucket, aws))
    assert step.action is Action.CONFLICT
    assert "belongs to another account" in step.reason


def test_settings_of_others_on_our_bucket_survive(calls: tuple[Clients, Calls]) -> None:
    aws, _ = calls
    bucket = _PIPELINE["bucket.shop-contract-staging"]
    bucket.create(aws)
    rule: Any = {
        "ID": "theirs",
        "Status": "Enabled",
        "Filter": {"Prefix": "x/"},
        "Expiration": {"Days": 3},
    }
    rules = aws.s3.get_bucket_lifecycle_configuration(Bucket=bucket.name)["Rules"]
    aws.s3.put_bucket_lifecycle_configuration(
        Bucket=bucket.name,
        LifecycleConfiguration={"Rules": [*rules, rule]},
    )
    aws.s3.put_bucket_tagging(
        Bucket=bucket.name,
        Tagging={
            "TagSet": [{"Key": "dmslake:pipeline", "Value": "shop"}, {"Key": "x", "Value": "y"}]
        },
    )
    bucket.update(aws, bucket.desired())
    after = aws.s3.get_bucket_lifecycle_configuration(Bucket=bucket.name)["Rules"]
    assert "theirs" in [r.get("ID") for r in after]
    tags = aws.s3.get_bucket_tagging(Bucket=bucket.name)["TagSet"]
    assert {"Key": "x", "Value": "y"} in tags


def test_notifications_of_others_survive(calls: tuple[Clients, Calls]) -> None:
    aws, _ = calls
    notification = prepare("bucket_notification.dmslake-shop", aws)
    queue = aws.sqs.create_queue(QueueName="theirs")["QueueUrl"]
    arn = aws.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    bucket = "shop-contract-staging"
    theirs: Any = {
        "QueueConfigurations": [
            {"Id": "theirs", "QueueArn": arn, "Events": ["s3:ObjectRemoved:*"]}
        ],
    }
    aws.s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=theirs)
    notification.create(aws)
    notification.delete(aws)
    after = aws.s3.get_bucket_notification_configuration(Bucket=bucket)
    assert [q["Id"] for q in after["QueueConfigurations"]] == ["theirs"]
    assert "LambdaFunctionConfigurations" not in after


def test_a_policy_statement_added_by_hand_is_a_difference(calls: tuple[Clients, Calls]) -> None:
    aws, _ = calls
    role = prepare("role.shop-loader-eu-west-1", aws)
    role.create(aws)
    extra = type(role)(
        **{
            **vars(role),
            "policy": {
                **vars(role)["policy"],
                "More": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
            },
        }
    )
    extra.update(aws, extra.desired())
    assert [c.attribute for c in resource_changes(role, made(role, aws))] == ["policy_statements"]


def test_shared_roles_are_repaired_but_never_removed(calls: tuple[Clients, Calls]) -> None:
    aws, _ = calls
    role = _PIPELINE["account_role.dms-vpc-role"]
    aws.iam.create_role(
        RoleName=role.name,
        AssumeRolePolicyDocument='{"Version":"2012-10-17","Statement":[{"Sid":"X","Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}',
    )
    assert {c.attribute for c in resource_changes(role, made(role, aws))} == {
        "trusts_dms", "has_managed_policy",
    }  # fmt: skip
    role.update(aws, role.desired())
    assert not resource_changes(role, made(role, aws))
    trust: Any = aws.iam.get_role(RoleName=role.name)["Role"]["AssumeRolePolicyDocument"]
    assert len(trust["Statement"]) == 2
    role.delete(aws)
    assert role.read(aws) is not None


def test_the_archive_is_the_same_every_time_and_holds_the_loader() -> None:
    function: Any = _PIPELINE["function.shop-loader"]
    again: Any = resources(spec())["function.shop-loader"]
    assert function.archive == again.archive
    names = zipfile.ZipFile(io.BytesIO(function.archive)).namelist()
    assert "dmslake/lake/handler.py" in names
    assert all(name.startswith("dmslake/lake/") for name in names[1:])
    assert not differences(function.desired(), again.desired())
