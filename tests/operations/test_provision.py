"""`plan` and `up`: what is done, and what is not done when something is in the way."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from dmslake.aws.clients import Clients
from dmslake.engine.events import Event, Finished
from dmslake.engine.plan import Action, Plan
from dmslake.errors import AccessError, ConflictError
from dmslake.operations import provision, remove
from tests.contract.recording import Calls, denied
from tests.contract.samples import spec

# Moto plays no connection tests, and takes a second to load AWS's own policies: what needs these is
# left to the sandbox.
_ELSEWHERE = (
    "account_role", "connection_test", "endpoint", "replication_instance", "replication_task",
    "subnet_group", "table_loads", "task_run",
)  # fmt: skip
_READS = ("Get", "List", "Describe", "Head")


def here(found: Plan) -> Plan:
    return Plan(tuple(step for step in found.steps if step.resource.kind not in _ELSEWHERE))


def actions(found: Plan) -> dict[str, Action]:
    return {str(step.address): step.action for step in found.steps}


def up(aws: Clients, **options: Any) -> None:
    outcome = provision.apply(here(provision.plan(spec(), aws)), aws, **options)
    assert outcome.ok, outcome


def test_in_an_empty_account_everything_is_to_be_created(aws: Clients, heard: Calls) -> None:
    found = provision.plan(spec(), aws)
    assert not found.kept
    assert [str(step.address) for step in found.steps if step.action is not Action.CREATE] == [
        "table_loads.shop-task"  # of a task that never ran, nothing has to be loaded again
    ]
    assert {action.split(":")[1][:3] for action in heard.actions} <= {r[:3] for r in _READS}


def test_after_it_was_applied_the_plan_is_empty(aws: Clients) -> None:
    events: list[Event] = []
    up(aws, on_event=events.append)
    again = here(provision.plan(spec(), aws))
    assert again.empty
    made = {event.address for event in events if isinstance(event, Finished)}
    assert made == {step.address for step in again.steps}


def test_what_was_changed_by_hand_is_repaired_and_nothing_else(aws: Clients) -> None:
    up(aws)
    aws.iam.delete_role_policy(RoleName="shop-loader-eu-west-1", PolicyName="dmslake")
    found = here(provision.plan(spec(), aws))
    assert [str(step.address) for step in found.pending] == ["role.shop-loader-eu-west-1"]
    assert provision.apply(found, aws).ok
    assert here(provision.plan(spec(), aws)).empty


def test_a_plan_is_never_built_on_a_guess(aws: Clients, heard: Calls) -> None:
    up(aws)
    with denied(heard), pytest.raises(AccessError) as raised:
        provision.plan(spec(), aws)
    assert "." in raised.value.what.split(":")[0]


def take_queue(aws: Clients) -> str:
    aws.sqs.create_queue(QueueName="shop-loader-failed")
    return "queue shop-loader-failed: it exists and was not made by dmslake"


def take_role(aws: Clients) -> str:
    aws.iam.create_role(RoleName="shop-loader-eu-west-1", AssumeRolePolicyDocument="{}")
    return "role shop-loader-eu-west-1: it exists and was not made by dmslake"


def take_bucket(aws: Clients) -> str:
    where: Any = {"LocationConstraint": "eu-west-1"}
    aws.s3.create_bucket(Bucket="shop-contract-lake", CreateBucketConfiguration=where)
    return "lake bucket shop-contract-lake: it exists and was not made by dmslake"


def take_log_group(aws: Clients) -> str:
    owner = {"dmslake:pipeline": "another"}
    aws.logs.create_log_group(logGroupName="/aws/lambda/shop-loader", tags=owner)
    return "log group /aws/lambda/shop-loader: it exists and belongs to pipeline another"


@pytest.mark.parametrize("take", [take_queue, take_role, take_bucket, take_log_group])
def test_a_name_that_is_taken_stops_everything_before_it_begins(
    aws: Clients, heard: Calls, take: Any
) -> None:
    why = take(aws)
    found = provision.plan(spec(), aws)
    heard.clear()
    with pytest.raises(ConflictError) as raised:
        provision.apply(found, aws)
    assert raised.value.what == "something is in the way"
    assert raised.value.why == why
    free = "was not made by dmslake" in why
    assert ("--adopt " in raised.value.fix) is free
    assert heard.actions == set()


def test_all_names_that_are_taken_are_told_at_once(aws: Clients) -> None:
    reasons = [take_role(aws), take_queue(aws)]
    with pytest.raises(ConflictError) as raised:
        provision.apply(provision.plan(spec(), aws), aws)
    assert raised.value.what == "2 things are in the way"
    assert {line.strip() for line in raised.value.why.splitlines()[1:]} == set(reasons)


def test_what_is_in_the_way_can_be_handed_over(aws: Clients) -> None:
    take_bucket(aws)
    owner: Any = {"TagSet": [{"Key": "dmslake:pipeline", "Value": "shop"}]}
    aws.s3.put_bucket_tagging(Bucket="shop-contract-lake", Tagging=owner)
    found = provision.plan(spec(), aws)
    assert not found.conflicts
    assert actions(found)["bucket.shop-contract-lake"] is Action.UPDATE


def test_a_wish_to_stop_is_heard_before_anything_starts(aws: Clients, heard: Calls) -> None:
    found = provision.plan(spec(), aws)
    heard.clear()
    stop = threading.Event()
    stop.set()
    outcome = provision.apply(found, aws, stop=stop)
    assert outcome.interrupted
    assert outcome.done == []
    assert heard.actions == set()


def test_an_empty_account_has_nothing_to_remove(aws: Clients) -> None:
    found = remove.plan_removal(spec(), aws, purge=False)
    assert set(actions(found).values()) == {Action.NOTHING}


def test_removal_leaves_shared_roles_and_data(aws: Clients) -> None:
    up(aws)
    aws.iam.create_role(RoleName="dms-vpc-role", AssumeRolePolicyDocument="{}")
    aws.s3.delete_bucket_policy(Bucket="shop-contract-lake")  # moto takes its calls for plain HTTP
    aws.s3.put_object(Bucket="shop-contract-lake", Key="x.csv", Body=b"1")
    found = remove.plan_removal(spec(), aws, purge=False)
    kept = ["account_role.dms-vpc-role", "bucket.shop-contract-lake"]
    assert [str(step.address) for step in found.kept] == kept
    assert provision.apply(found, aws).ok
    left = remove.plan_removal(spec(), aws, purge=False)
    assert not left.pending
    assert [bucket["Name"] for bucket in aws.s3.list_buckets()["Buckets"]] == ["shop-contract-lake"]


def test_removal_takes_the_data_when_asked(aws: Clients) -> None:
    up(aws)
    aws.s3.delete_bucket_policy(Bucket="shop-contract-lake")
    aws.s3.put_object(Bucket="shop-contract-lake", Key="x.csv", Body=b"1")
    found = here(remove.plan_removal(spec(), aws, purge=True))
    assert provision.apply(found, aws).ok
    assert aws.s3.list_buckets()["Buckets"] == []


def test_removal_never_touches_what_is_not_ours(aws: Clients) -> None:
    take_queue(aws)
    found = remove.plan_removal(spec(), aws, purge=True)
    (kept,) = found.kept
    assert kept.reason == "it exists and was not made by dmslake"
    assert provision.apply(found, aws).ok
    assert aws.sqs.get_queue_url(QueueName="shop-loader-failed")["QueueUrl"]
