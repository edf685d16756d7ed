"""Roles: their boundary, ours or the organisation's, and roles that were made for us."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from dmslake.aws.clients import Clients
from dmslake.aws.errors import translating
from dmslake.engine.assessment import assess, assess_removal
from dmslake.engine.plan import Action
from dmslake.errors import AccessError
from dmslake.kinds.role import Role
from dmslake.kinds.shared_role import SharedRole, trust_problem
from tests.contract.recording import Calls, denied
from tests.kinds.aws.contract import action, change, live_of, live_through, make

DMS = {
    "Effect": "Allow",
    "Principal": {"Service": "dms.amazonaws.com"},
    "Action": "sts:AssumeRole",
}
READ = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::staging/*"}
ROLE = Role(
    name="shop-dms", trust={"Dms": DMS}, policy={"Read": READ}, owner="shop", tags={"team": "data"}
)
SHARED = SharedRole(
    name="arn:aws:iam::123456789012:role/data/existing", principal="dms.amazonaws.com"
)


@pytest.fixture
def boundary(aws: Clients) -> str:
    document = json.dumps({"Version": "2012-10-17", "Statement": [READ]})
    made = aws.iam.create_policy(PolicyName="boundary", PolicyDocument=document)
    return made["Policy"]["Arn"]


def boundary_of(aws: Clients) -> str | None:
    role = aws.iam.get_role(RoleName=ROLE.name)["Role"]
    return role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")


def test_a_role_lives_through_everything(aws: Clients, said: Calls, boundary: str) -> None:
    changed = replace(ROLE, policy={}, boundary=boundary, tags={"team": "other"})
    changed = replace(changed, policy={"Write": {**READ, "Action": "s3:PutObject"}})
    names = live_through(ROLE, changed, aws, said)
    assert names == {"policy", "policy_statements", "permissions_boundary", "tags"}


def test_a_boundary_that_the_spec_no_longer_names_is_taken_away(
    aws: Clients, boundary: str
) -> None:
    make(replace(ROLE, boundary=boundary), aws)
    assert boundary_of(aws) == boundary
    assert change(ROLE, aws) == {"permissions_boundary"}
    assert boundary_of(aws) is None
    assert "dmslake:permissions-boundary" not in str(live_of(ROLE, aws).attributes["tags"])


def test_a_boundary_of_the_organisation_is_left_alone(aws: Clients, boundary: str) -> None:
    make(ROLE, aws)
    aws.iam.put_role_permissions_boundary(RoleName=ROLE.name, PermissionsBoundary=boundary)
    assert action(ROLE, aws) is Action.NOTHING


def test_a_role_without_our_tag_is_adopted_when_asked(aws: Clients) -> None:
    make(replace(ROLE, owner=None), aws)
    assert action(ROLE, aws) is Action.CONFLICT
    assert change(ROLE, aws) == {"tags"}
    assert live_of(ROLE, aws).owner == "shop"


def existing(aws: Clients, *statements: Any, path: str = "/data/") -> None:
    document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    aws.iam.create_role(RoleName="existing", Path=path, AssumeRolePolicyDocument=document)


def test_a_shared_role_is_only_looked_at(aws: Clients, said: Calls) -> None:
    assert assess(SHARED, SHARED.read(aws)).reason == "it does not exist"
    existing(aws, DMS)
    said.clear()
    assert action(SHARED, aws) is Action.NOTHING
    assert assess_removal(SHARED, SHARED.read(aws)).action is Action.NOTHING
    SHARED.delete(aws)
    assert said.actions == {"iam:GetRole"}
    with denied(said), pytest.raises(AccessError), translating("x"):
        SHARED.read(aws)


def test_a_shared_role_that_the_service_cannot_assume_is_refused(aws: Clients) -> None:
    existing(aws, {**DMS, "Principal": {"Service": ["ec2.amazonaws.com"]}})
    step = assess(SHARED, SHARED.read(aws))
    assert step.action is Action.CONFLICT
    assert step.reason == (
        "its trust policy does not let dms.amazonaws.com assume it: it has to allow "
        "sts:AssumeRole to the service dms.amazonaws.com"
    )


def test_a_role_of_that_name_under_another_path_is_another_role(aws: Clients) -> None:
    existing(aws, DMS, path="/")
    reason = assess(SHARED, SHARED.read(aws)).reason
    assert reason == (
        "the role of that name is arn:aws:iam::123456789012:role/existing: another path"
    )


def test_a_role_of_another_account_cannot_be_used(aws: Clients, said: Calls) -> None:
    theirs = replace(SHARED, name="arn:aws:iam::999999999999:role/existing")
    reason = assess(theirs, theirs.read(aws)).reason
    assert reason.startswith("it belongs to account 999999999999, the pipeline to 123456789012")
    assert said.actions == set()


def limited_to(account: str, operator: str = "StringEquals") -> dict[str, Any]:
    return {**DMS, "Condition": {operator: {"AWS:SourceAccount": account}}}


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        ([DMS], ""),
        ([{**DMS, "Principal": {"Service": ["x", "dms.amazonaws.com"]}}], ""),
        ([{**DMS, "Principal": "*"}], ""),
        ([{**DMS, "Action": ["sts:*"]}], ""),
        ([{**DMS, "Action": "sts:TagSession"}], "does not let"),
        ([{**DMS, "Principal": {"AWS": "*"}}], "does not let"),
        ([], "does not let"),
        ([DMS, {**DMS, "Effect": "Deny"}], "forbids"),
        ([DMS, {**limited_to("999999999999"), "Effect": "Deny"}], ""),
        ([limited_to("123456789012")], ""),
        ([limited_to("999999999999")], "for other accounts only"),
        ([limited_to("999999999999"), DMS], ""),
        ([limited_to("999999999999", "StringLike")], ""),
    ],
)
def test_who_may_assume_a_role_is_told_from_its_trust_policy(
    statements: list[dict[str, Any]], said: str
) -> None:
    trust = {str(number): body for number, body in enumerate(statements)}
    found = trust_problem(trust, "dms.amazonaws.com", "123456789012")
    assert (found == "") == (said == "")
    assert said in found
