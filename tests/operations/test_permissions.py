"""The operator's policy: every action that is called, on what it is called on, and no more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from dmslake.blueprint.pipeline import pipeline
from dmslake.operations import preflight
from dmslake.operations.permissions import (
    LONGEST_POLICY,
    MONITORING,
    Policy,
    length,
    operator_policies,
)
from dmslake.spec import Spec
from tests.contract.samples import ACCOUNT, spec
from tests.spec.texts import spec_of, text_of

SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop-a1b2c3"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:alerts"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd"
NETWORK = "network: {subnets: [subnet-0a1b2c3d, subnet-4e5f6a7b]}"


def parsed(**sections: str) -> Spec:
    return spec_of(text_of(**sections))


def statements(found: Spec) -> Iterator[dict[str, Any]]:
    for policy in operator_policies(found, ACCOUNT):
        assert set(policy) == {"Version", "Statement"}
        listed: Any = policy["Statement"]
        yield from listed


def allowed(found: Spec) -> dict[str, set[str]]:
    """Return what each action is allowed on."""
    uses: dict[str, set[str]] = {}
    for statement in statements(found):
        for action in statement["Action"]:
            uses.setdefault(action, set()).update(statement["Resource"])
    return uses


SHARED = "arn:aws:dms:eu-west-1:123456789012:rep:SHARED"
SPECS = {
    "usual": spec(),
    "queue": parsed(loader="{trigger: sqs, concurrency: 3}"),
    "secret": parsed(source=f"{{engine: postgres, database: shop, secret: '{SECRET}'}}"),
    "serverless": parsed(replication=f"{{serverless: {{max_capacity: 4}}, {NETWORK}}}"),
    "messages": parsed(replication=f"{{notifications: {{topic: '{TOPIC}'}}, {NETWORK}}}"),
    "key": parsed(staging=f"{{bucket: acme-shop-staging, kms_key: '{KEY}'}}"),
    "existing": parsed(lake="{bucket: acme-lake, existing: true}"),
    "existing staging": parsed(staging="{bucket: theirs-shop-staging, existing: true}"),
    "shared": parsed(replication=f"{{instance: {{arn: '{SHARED}'}}}}"),
}


@pytest.mark.parametrize("found", SPECS.values(), ids=list(SPECS))
def test_every_action_of_what_is_wanted_is_allowed(found: Spec) -> None:
    called = {*MONITORING, *preflight.PERMISSIONS}
    for resource in pipeline(found, ACCOUNT).wanted:
        verbs = type(resource).permissions
        called |= {*verbs.read, *verbs.create, *verbs.update, *verbs.delete}
    for resource in pipeline(found, ACCOUNT).unwanted:
        called |= {*type(resource).permissions.read, *type(resource).permissions.delete}
    # What is only called for things that this spec does not have.
    elsewhere = {"secretsmanager:DescribeSecret", "iam:CreateServiceLinkedRole"}
    assert called - set(allowed(found)) <= elsewhere


# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsdatabasemigrationservice.html
# and its neighbours: these know no resource.
EVERYWHERE = re.compile(
    r"cloudwatch:GetMetricStatistics|ec2:Describe\w+|logs:DescribeLogGroups"
    r"|lambda:(CreateEventSourceMapping|ListEventSourceMappings)"
    r"|dms:(Describe(?!TableStatistics|ReplicationTableStatistics)\w+"
    r"|Create(Endpoint|EventSubscription|ReplicationInstance|ReplicationSubnetGroup)"
    r"|ImportCertificate|Modify(EventSubscription|ReplicationSubnetGroup))"
)


@pytest.mark.parametrize("found", SPECS.values(), ids=list(SPECS))
def test_only_what_knows_no_resource_is_allowed_on_everything(found: Spec) -> None:
    for action, arns in allowed(found).items():
        assert (arns == {"*"}) == bool(EVERYWHERE.fullmatch(action)), (action, arns)
        assert arns == {"*"} or "*" not in arns
        assert all("*" not in arn.split(":")[:5] for arn in arns - {"*"})


KNOWN = (
    "shop", "acme-lake", ":dms:", "dms-vpc-role", "dms-cloudwatch-logs-role", "dms.amazonaws.com",
    "event-source-mapping", "log-group:dms-tasks-", "log-group:dms-serverless-replication-",
)  # fmt: skip


@pytest.mark.parametrize("found", SPECS.values(), ids=list(SPECS))
def test_no_action_is_a_wildcard_and_nothing_of_other_pipelines_is_named(found: Spec) -> None:
    for action, arns in allowed(found).items():
        assert re.fullmatch(r"[a-z0-9]+:[A-Z]\w+", action)
        for arn in arns - {"*"}:
            assert any(name in arn for name in KNOWN) or arn in (TOPIC, KEY), arn


def test_data_in_buckets_may_be_removed_and_only_our_own_written() -> None:
    found = allowed(spec())
    both = {"arn:aws:s3:::shop-contract-lake/*", "arn:aws:s3:::shop-contract-staging/*"}
    assert found["s3:DeleteObject"] == found["s3:DeleteObjectVersion"] == both
    assert found["s3:PutObject"] == {"arn:aws:s3:::shop-contract-staging/.dmslake/*"}
    assert found["s3:CreateBucket"] == {arn.removesuffix("/*") for arn in both}


def test_what_exists_is_neither_made_nor_emptied() -> None:
    found = allowed(SPECS["existing"])
    assert found["s3:CreateBucket"] == {"arn:aws:s3:::acme-shop-staging"}
    assert "arn:aws:s3:::acme-lake/*" not in found["s3:DeleteObject"]


def test_the_claim_is_written_into_somebody_elses_bucket_and_nothing_else() -> None:
    found = allowed(SPECS["existing staging"])
    claims = "arn:aws:s3:::theirs-shop-staging/.dmslake/*"
    assert found["s3:PutObject"] == {claims}
    assert found["s3:DeleteObject"] == {claims, "arn:aws:s3:::acme-lake/*"}
    assert "arn:aws:s3:::theirs-shop-staging/*" in found["s3:GetObject"]


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("usual", "dms-tasks-shop-instance"),
        ("shared", "dms-tasks-*"),
        ("serverless", "dms-serverless-replication-*"),
    ],
)
def test_the_log_of_the_task_may_be_looked_for_where_dms_writes_it(name: str, group: str) -> None:
    groups = "arn:aws:logs:eu-west-1:123456789012:log-group:"
    found = allowed(SPECS[name])["logs:DescribeLogStreams"]
    assert f"{groups}{group}" in found
    assert all(arn.startswith((groups + group, f"{groups}/aws/lambda/shop-")) for arn in found)


def test_dead_letters_are_taken_from_their_own_queue_and_given_to_the_loader_only() -> None:
    found = allowed(SPECS["queue"])
    assert found["lambda:InvokeFunction"] == {
        "arn:aws:lambda:eu-west-1:123456789012:function:shop-loader"
    }
    letters = {"arn:aws:sqs:eu-west-1:123456789012:shop-loader-failed"}
    assert found["sqs:DeleteMessage"] == found["sqs:ChangeMessageVisibility"] == letters


def passing(found: Spec) -> dict[str, Any]:
    (statement,) = [s for s in statements(found) if s["Action"] == ["iam:PassRole"]]
    return statement


@pytest.mark.parametrize("found", SPECS.values(), ids=list(SPECS))
def test_roles_are_handed_to_named_services_only(found: Spec) -> None:
    statement = passing(found)
    assert all(":role/shop-" in arn for arn in statement["Resource"])
    services = statement["Condition"]["StringEquals"]["iam:PassedToService"]
    regional = ["dms.eu-west-1.amazonaws.com"] if found.source.secret else []
    assert services == [*regional, "dms.amazonaws.com", "lambda.amazonaws.com"]


def test_what_only_some_specs_need() -> None:
    assert allowed(SPECS["secret"])["secretsmanager:DescribeSecret"] == {SECRET}
    assert "secretsmanager:DescribeSecret" not in allowed(spec())
    assert allowed(SPECS["messages"])["sns:GetTopicAttributes"] == {TOPIC}
    assert allowed(SPECS["key"])["kms:GenerateDataKey"] == {KEY}
    (linked,) = allowed(SPECS["serverless"])["iam:CreateServiceLinkedRole"]
    assert linked.endswith(
        ":role/aws-service-role/dms.amazonaws.com/AWSServiceRoleForDMSServerless"
    )
    assert "iam:CreateServiceLinkedRole" not in allowed(spec())


@pytest.mark.parametrize("found", SPECS.values(), ids=list(SPECS))
def test_every_policy_fits(found: Spec) -> None:
    policies = operator_policies(found, ACCOUNT)
    assert all(length(policy) <= LONGEST_POLICY for policy in policies)


def test_one_that_is_too_long_is_split_and_nothing_is_lost() -> None:
    name = "a-very-long-name-of-pipe"
    long = spec_of(
        text_of(name=name, lake=f"{{bucket: {'l' * 63}}}", staging=f"{{bucket: {'s' * 63}}}",
                aws="{role_path: /" + "p" * 400 + "/}")
    )  # fmt: skip
    policies = operator_policies(long, ACCOUNT)
    assert len(policies) > 1
    assert all(length(policy) <= LONGEST_POLICY for policy in policies)
    assert set(allowed(long)) == set(allowed(SPECS["usual"]))


def test_white_space_does_not_count() -> None:
    policy: Policy = {"Version": "2012-10-17", "Statement": []}
    assert length(policy) == len('{"Version":"2012-10-17","Statement":[]}')
