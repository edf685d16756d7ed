"""The roles that DMS prescribes: what makes them useless, and how they are got rid of."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dmslake.aws.clients import Clients
from dmslake.engine.assessment import resource_changes
from dmslake.engine.resource import Live
from dmslake.kinds.account_role import AccountRole

LOGS = AccountRole(
    name="dms-cloudwatch-logs-role",
    managed_policy="arn:aws:iam::aws:policy/service-role/AmazonDMSCloudWatchLogsRole",
)
NETWORK = AccountRole(
    name="dms-vpc-role",
    managed_policy="arn:aws:iam::aws:policy/service-role/AmazonDMSVPCManagementRole",
)
CONDITION = {"StringEquals": {"aws:SourceAccount": "123456789012"}}


def trusting(aws: Clients, role: AccountRole, **more: Any) -> list[dict[str, Any]]:
    """Make the role with a trust in DMS, let it be repaired; return the statements of its trust."""
    statement = {
        "Sid": "Theirs",
        "Effect": "Allow",
        "Principal": {"Service": "dms.amazonaws.com"},
        "Action": "sts:AssumeRole",
        **more,
    }
    trust = {"Version": "2012-10-17", "Statement": [statement]}
    aws.iam.create_role(RoleName=role.name, AssumeRolePolicyDocument=json.dumps(trust))
    changed = {change.attribute for change in resource_changes(role, live(aws, role))}
    role.update(aws, dict.fromkeys(changed & {"trusts_dms"}, True))
    found: Any = aws.iam.get_role(RoleName=role.name)["Role"]["AssumeRolePolicyDocument"]
    statements: list[dict[str, Any]] = found["Statement"]
    return statements


def live(aws: Clients, role: AccountRole) -> Live:
    found = role.read(aws)
    assert found is not None
    return found


def test_a_condition_on_the_logs_role_is_repaired_beside_what_is_there(aws: Clients) -> None:
    theirs, ours = trusting(aws, LOGS, Condition=CONDITION)
    assert theirs["Condition"] == CONDITION
    assert "Condition" not in ours
    assert live(aws, LOGS).attributes["trusts_dms"] is True


@pytest.mark.parametrize(
    ("role", "more"), [(NETWORK, {"Condition": CONDITION}), (LOGS, {}), (LOGS, {"Condition": {}})]
)
def test_a_trust_that_works_is_left_as_it_is(
    aws: Clients, role: AccountRole, more: dict[str, Any]
) -> None:
    assert len(trusting(aws, role, **more)) == 1


@pytest.mark.parametrize("role", [LOGS, NETWORK], ids=lambda role: str(role.name))
def test_what_stays_is_told_with_how_to_remove_it(role: AccountRole) -> None:
    kept = role.keeps(Live(attributes={"trusts_dms": True, "has_managed_policy": True}))
    assert kept == (
        "it is shared by everything that uses DMS in this account; if nothing else does, remove it "
        f"by hand: `aws iam detach-role-policy --role-name {role.name} --policy-arn "
        f"{role.managed_policy}`, then `aws iam delete-role --role-name {role.name}`"
    )


def test_a_role_without_its_policy_has_nothing_to_be_detached() -> None:
    kept = NETWORK.keeps(Live(attributes={"trusts_dms": True, "has_managed_policy": False}))
    assert kept is not None
    assert kept.endswith("remove it by hand: `aws iam delete-role --role-name dms-vpc-role`")
