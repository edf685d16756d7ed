"""Names and ARNs, and whether AWS takes even the longest of them."""

from __future__ import annotations

import re
from dataclasses import replace

import botocore.session
import pytest

from dmslake.aws.clients import Account
from dmslake.blueprint.names import Names
from dmslake.blueprint.pipeline import pipeline
from tests.blueprint.specs import ACCOUNT, NAMES, spec

EXPECTED = {
    "subnet_group": "shop-subnets",
    "instance": "shop-instance",
    "source_endpoint": "shop-source",
    "target_endpoint": "shop-staging",
    "task": "shop-task",
    "dms_role": "shop-dms-staging-eu-west-1",
    "loader_role": "shop-loader-eu-west-1",
    "batch_role": "shop-batch-eu-west-1",
    "function": "shop-loader",
    "function_arn": "arn:aws:lambda:eu-west-1:123456789012:function:shop-loader",
    "function_log_group": "/aws/lambda/shop-loader",
    "task_log_group": "dms-tasks-shop-instance",
    "source_role": "shop-dms-source-eu-west-1",
    "queue": "shop-staged",
    "queue_arn": "arn:aws:sqs:eu-west-1:123456789012:shop-staged",
    "serverless": "shop-serverless",
    "subscription": "shop-events",
    "certificates": "shop-ca-",
    "dead_letters": "shop-loader-failed",
    "dead_letters_arn": "arn:aws:sqs:eu-west-1:123456789012:shop-loader-failed",
    "notification": "dmslake-shop",
}


def test_every_name_is_computed_from_pipeline_and_account() -> None:
    properties = {name for name, value in vars(Names).items() if isinstance(value, property)}
    assert {name: getattr(NAMES, name) for name in properties} == EXPECTED


def test_only_roles_carry_the_region_because_they_belong_to_the_whole_account() -> None:
    elsewhere = Names("shop", replace(ACCOUNT, region="us-east-1"))
    plain = [name for name in EXPECTED if not name.endswith("_arn")]
    differing = {name for name in plain if getattr(NAMES, name) != getattr(elsewhere, name)}
    assert differing == {"batch_role", "dms_role", "loader_role", "source_role"}


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_arns_stay_in_the_accounts_partition(partition: str) -> None:
    names = Names("shop", Account(id="123456789012", region="x", partition=partition))
    arns = (
        names.function_arn,
        names.dead_letters_arn,
        names.bucket_arn("b"),
        names.role_arn("r", "/"),
        names.managed_policy_arn("P"),
    )
    assert {arn.split(":")[1] for arn in arns} == {partition}


def test_buckets_and_roles_belong_to_no_region() -> None:
    assert NAMES.bucket_arn("acme-lake") == "arn:aws:s3:::acme-lake"
    assert NAMES.role_arn("r", "/") == "arn:aws:iam::123456789012:role/r"
    assert NAMES.role_arn("r", "/data/lake/") == "arn:aws:iam::123456789012:role/data/lake/r"
    assert (
        NAMES.managed_policy_arn("AmazonDMSVPCManagementRole")
        == "arn:aws:iam::aws:policy/service-role/AmazonDMSVPCManagementRole"
    )


# DMS's rule for identifiers; the others are in botocore's models.
# https://docs.aws.amazon.com/dms/latest/APIReference/API_CreateEndpoint.html
_DMS = re.compile(r"[a-z](?:-?[a-z0-9])*")
MODELLED = {
    "role": ("iam", "roleNameType"),
    "batch_role": "shop-batch-eu-west-1",
    "function": ("lambda", "FunctionName"),
    "log_group": ("logs", "LogGroupName"),
    "invoke_permission": ("lambda", "StatementId"),
}
LONGEST = spec(name="a" + "-1b" * 8)


@pytest.mark.parametrize("region", ["eu-west-1", "ap-southeast-1", "us-gov-east-1"])
def test_even_the_longest_pipeline_name_makes_names_that_aws_takes(region: str) -> None:
    assert len(LONGEST.name) == 25
    made = pipeline(LONGEST, replace(ACCOUNT, region=region))
    session = botocore.session.Session()
    for resource in made.all:
        if resource.kind in MODELLED:
            service, shape = MODELLED[resource.kind]
            limits = session.get_service_model(service).shape_for(shape).metadata
            assert re.fullmatch(limits["pattern"], resource.name), resource.address
            assert len(resource.name) <= limits["max"], resource.address
        elif resource.kind in ("endpoint", "replication_instance", "replication_task"):
            assert _DMS.fullmatch(resource.name), resource.address
            assert len(resource.name) <= 63, resource.address
        elif resource.kind == "queue":
            assert re.fullmatch(r"[A-Za-z0-9_-]{1,80}", resource.name)
