"""What a user is asked to agree to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dmslake.aws.clients import Clients
from dmslake.engine.plan import Action, Plan
from dmslake.engine.resource import Address
from dmslake.errors import ConflictError, RefusedError, UsageError
from dmslake.operations.proposal import address_of, propose, propose_again, propose_removal
from tests.contract.recording import Calls
from tests.contract.samples import spec

QUEUE = "queue.shop-loader-failed"


def take_queue(aws: Clients, owner: str | None = None) -> None:
    tags = {"dmslake:pipeline": owner} if owner else {}
    aws.sqs.create_queue(QueueName="shop-loader-failed", tags=tags)


def test_an_address_is_a_kind_and_a_name() -> None:
    assert address_of("bucket.acme.lake") == Address("bucket", "acme.lake")
    assert address_of("nonsense") == Address("nonsense", "")


def test_what_aws_would_refuse_is_the_obstacle(aws: Clients) -> None:
    found = propose(spec(), aws)
    assert type(found.obstacle) is RefusedError
    assert "subnet subnet-a does not exist" in found.obstacle.why
    assert found.warnings == ()
    assert found.document.changes == len(found.plan.pending)


def test_what_is_in_the_way_counts_more(aws: Clients) -> None:
    take_queue(aws)
    assert type(propose(spec(), aws).obstacle) is ConflictError


def test_what_nobody_owns_is_taken_over_when_asked(aws: Clients) -> None:
    take_queue(aws)
    found = propose(spec(), aws, (QUEUE,))
    (step,) = [step for step in found.plan.steps if str(step.address) == QUEUE]
    assert step.action is Action.UPDATE
    assert "tags.dmslake:pipeline" in {change.attribute for change in step.changes}
    assert type(found.obstacle) is RefusedError  # only the subnets are left


def test_what_no_plan_would_change_is_a_warning(aws: Clients) -> None:
    found = propose(spec(), aws)
    (first, *rest) = found.plan.steps
    remarked = Plan((replace(first, remark="it began elsewhere"), *rest))
    assert replace(found, plan=remarked).warnings == ("it began elsewhere",)


def test_what_another_pipeline_owns_is_never_taken_over(aws: Clients) -> None:
    take_queue(aws, owner="another")
    found = propose(spec(), aws, (QUEUE,))
    assert type(found.obstacle) is ConflictError
    assert "belongs to pipeline another" in found.obstacle.why


@pytest.mark.parametrize("taken", [True, False])
def test_an_address_that_is_no_part_of_the_pipeline_is_refused(aws: Clients, taken: bool) -> None:
    if taken:
        take_queue(aws)
    with pytest.raises(UsageError) as raised:
        propose(spec(), aws, ("queue.mine", "nonsense"))
    assert raised.value.what == "the pipeline has no queue.mine, nonsense"
    expected = f"what can be adopted is {QUEUE}" if taken else "nothing can be adopted"
    assert raised.value.why == expected


def test_looking_again_asks_nothing_of_the_network(aws: Clients, heard: Calls) -> None:
    found = propose_again(spec(), aws)
    assert found.obstacle is None
    assert not any(action.startswith("ec2:") for action in heard.actions)


def test_a_removal_is_no_reason_to_look_at_the_network(aws: Clients, heard: Calls) -> None:
    take_queue(aws, owner="shop")
    found = propose_removal(spec(), aws, purge=False)
    assert [str(step.address) for step in found.plan.pending] == [QUEUE]
    assert found.obstacle is None
    assert not any(action.startswith("ec2:") for action in heard.actions)
