"""Functions: their limit of concurrency, ours or somebody else's, and their states."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from dmslake.aws.clients import Clients
from dmslake.engine.plan import Action
from dmslake.engine.resource import Broken, Live, Pending, Ready
from dmslake.errors import CloudError
from dmslake.kinds.function import Function
from tests.contract.recording import Calls
from tests.kinds.aws.contract import action, change, live_through, make
from tests.sandbox.calls import archive

ROLE = "arn:aws:iam::123456789012:role/existing"
FUNCTION = Function(
    name="shop-loader",
    archive=archive("def handler(event, context): ..."),
    role=ROLE,
    handler="index.handler",
    environment={"DMSLAKE_PIPELINE": "shop"},
    concurrency=5,
    owner="shop",
    tags={"team": "data"},
)


@pytest.fixture
def with_role(aws: Clients) -> Clients:
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    aws.iam.create_role(RoleName="existing", AssumeRolePolicyDocument=json.dumps(trust))
    return aws


def reserved(aws: Clients) -> int | None:
    found = aws.lambda_.get_function(FunctionName=FUNCTION.name)
    return found.get("Concurrency", {}).get("ReservedConcurrentExecutions")


def test_a_function_lives_through_everything(with_role: Clients, said: Calls) -> None:
    changed = replace(FUNCTION, concurrency=7, memory_mb=512, tags={"team": "other"})
    names = live_through(FUNCTION, changed, with_role, said)
    assert names == {"concurrency", "memory_mb", "tags"}


def test_a_limit_that_the_spec_no_longer_names_is_taken_away(with_role: Clients) -> None:
    make(FUNCTION, with_role)
    assert reserved(with_role) == 5
    assert change(replace(FUNCTION, concurrency=None), with_role) == {"concurrency"}
    assert reserved(with_role) is None
    tags = with_role.lambda_.get_function(FunctionName=FUNCTION.name)["Tags"]
    assert "dmslake:concurrency" not in tags


def test_a_limit_that_somebody_else_set_is_left_alone(with_role: Clients) -> None:
    unlimited = replace(FUNCTION, concurrency=None)
    make(unlimited, with_role)
    with_role.lambda_.put_function_concurrency(
        FunctionName=FUNCTION.name, ReservedConcurrentExecutions=0
    )
    assert action(unlimited, with_role) is Action.NOTHING
    assert action(FUNCTION, with_role) is Action.UPDATE


def test_a_limit_beyond_the_quota_is_explained(with_role: Clients) -> None:
    make(replace(FUNCTION, concurrency=None), with_role)
    real = with_role.lambda_

    def refuse(**_: Any) -> Any:
        why = "Specified ReservedConcurrentExecutions for function decreases account's [100]."
        error: Any = {"Error": {"Code": "InvalidParameterValueException", "Message": why}}
        raise real.exceptions.ClientError(error, "PutFunctionConcurrency")

    other = Clients(with_role._session, with_role.account)
    other._made["lambda"] = SimpleNamespace(
        tag_resource=real.tag_resource, put_function_concurrency=refuse
    )
    with pytest.raises(CloudError) as caught:
        FUNCTION.update(other, {"concurrency": 5})
    assert caught.value.what == "function shop-loader cannot have a concurrency of 5"
    assert "ReservedConcurrentExecutions" in caught.value.why
    assert "lower loader.concurrency" in caught.value.fix


@pytest.mark.parametrize(
    ("state", "settled"),
    [
        ("Pending", Pending("Pending")),
        ("InProgress", Pending("InProgress")),
        ("Deleting", Pending("Deleting")),
        ("Failed", Broken("no memory")),
        ("Inactive", Ready()),
        ("Active", Ready()),
    ],
)
def test_each_state_of_lambda_has_its_meaning(state: str, settled: object) -> None:
    assert FUNCTION.settle(Live(state=state, reason="no memory")) == settled


def test_a_function_without_our_tag_is_adopted_when_asked(with_role: Clients) -> None:
    make(replace(FUNCTION, owner=None, concurrency=None), with_role)
    assert action(FUNCTION, with_role) is Action.CONFLICT
    assert action(FUNCTION, with_role, adopt=True) is Action.UPDATE
    assert change(FUNCTION, with_role) == {"tags", "concurrency"}
