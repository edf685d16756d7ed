"""Log groups: the class that metrics need, and groups that somebody else made."""

from __future__ import annotations

from dataclasses import replace

from dmslake.aws.clients import Clients
from dmslake.engine.assessment import assess
from dmslake.engine.plan import Action
from dmslake.engine.resource import Live
from dmslake.kinds.log_group import LogGroup
from tests.contract.recording import Calls
from tests.kinds.aws.contract import action, change, live_of, live_through

GROUP = LogGroup(
    name="/aws/lambda/shop-loader", retention_days=30, owner="shop", tags={"team": "data"}
)


def test_a_log_group_lives_through_everything(aws: Clients, said: Calls) -> None:
    changed = replace(GROUP, retention_days=7, tags={"team": "other"})
    assert live_through(GROUP, changed, aws, said) == {"retention_days", "tags"}


def test_a_group_whose_name_only_begins_the_same_is_another(aws: Clients) -> None:
    aws.logs.create_log_group(logGroupName=f"{GROUP.name}-2")
    assert GROUP.read(aws) is None


def test_a_group_that_lambda_made_is_adopted_when_asked(aws: Clients) -> None:
    aws.logs.create_log_group(logGroupName=GROUP.name)
    assert action(GROUP, aws) is Action.CONFLICT
    assert action(GROUP, aws, adopt=True) is Action.UPDATE
    assert change(GROUP, aws) == {"tags", "retention_days"}
    assert live_of(GROUP, aws).owner == "shop"


def test_a_group_of_the_class_without_metrics_cannot_be_adopted() -> None:
    rare = Live(attributes={**GROUP.desired(), "class": "INFREQUENT_ACCESS", "tags": {}})
    step = assess(GROUP, rare, adopt=True)
    assert step.action is Action.CONFLICT
    assert step.reason == "it cannot be adopted: class cannot change in place"
