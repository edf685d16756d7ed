"""`dmslake plan`: the document, the reviewed plan in a file, the policy, and what it warns of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.aws import moto_dms
from tests.cli.running import Cli, Result
from tests.cli.test_commands import make_our_bucket, take_a_name
from tests.operations.json_schema import mistakes
from tests.spec.texts import PASSWORD, ROOT, text_of

SCHEMA = json.loads((ROOT / "docs/plan.schema.json").read_text("utf-8"))
QUEUE = "queue.shop-loader-failed"


def buckets() -> list[str]:
    found = boto3.client("s3", region_name="eu-west-1").list_buckets()["Buckets"]
    return [bucket["Name"] for bucket in found]


def fits(found: Result) -> None:
    assert mistakes(found.document, SCHEMA) == []


def test_a_plan_fits_the_published_schema(cloud: Cli) -> None:
    make_our_bucket()  # so that there is something to change, too
    found = cloud("plan", "--json")
    assert {"create", "update"} <= set(found.document["data"]["totals"])
    fits(found)


def test_a_plan_that_cannot_be_carried_out_fits_as_well(cloud: Cli) -> None:
    take_a_name()
    found = cloud("plan", "--json")
    assert found.document["error"]["code"] == "conflict"
    fits(found)


def test_no_plan_at_all_fits_as_well(cloud: Cli) -> None:
    Path("dmslake.yaml").write_text(text_of(version="7"))
    found = cloud("plan", "--json")
    assert found.document["error"]["problems"]
    fits(found)


def test_something_else_does_not_fit(cloud: Cli) -> None:
    document = cloud("plan", "--json").document
    document["data"]["steps"][0]["action"] = "explode"
    document["data"]["extra"] = document.pop("warnings")
    assert len(mistakes(document, SCHEMA)) == 2


def test_what_aws_would_refuse_is_refused_before_anything_is_made(cloud: Cli) -> None:
    Path("dmslake.yaml").write_text(text_of())
    for command in ("plan", "up"):
        found = cloud(command, "--yes")
        assert found.code == 1
        assert "error: AWS would refuse this plan for 2 reasons\n" in found.err
        assert "subnet subnet-0a1b2c3d does not exist: EC2 knows no such subnet" in found.err
        assert "to create" in found.out
    assert buckets() == []


def test_a_quota_that_is_reached_is_named(cloud: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    moto_dms.complete(monkeypatch, ReplicationInstances=(60, 60))
    found = cloud("plan", "--json")
    assert found.document["error"] == {
        "code": "refused",
        "what": "the quota ReplicationInstances of DMS is reached",
        "why": "60 of 60 are used, and the plan needs 1 more",
        "fix": "ask AWS for a higher quota (Service Quotas, AWS DMS), or remove what is not used "
        "any more",
    }


def test_a_subnet_without_a_way_to_s3_is_a_warning(cloud: Cli) -> None:
    ec2: Any = boto3.client("ec2", region_name="eu-west-1")
    (endpoint,) = ec2.describe_vpc_endpoints()["VpcEndpoints"]
    ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint["VpcEndpointId"]])
    found = cloud("plan")
    assert found.code == 0
    assert found.err.startswith("warning: subnets subnet-")
    assert "have no way to S3: " in found.err
    (warning,) = cloud("plan", "--json").document["warnings"]
    assert "add a gateway endpoint for S3" in warning


def test_the_policy_can_be_given_to_iam(cloud: Cli) -> None:
    found = cloud("plan", "--permissions", "-v")
    assert (found.code, found.err) == (0, "aws: sts GetCallerIdentity\n")
    policy = json.loads(found.out)
    assert policy["Version"] == "2012-10-17"
    made = boto3.client("iam").create_policy(PolicyName="p", PolicyDocument=found.out)
    assert made["Policy"]["Arn"]
    assert cloud("plan", "--permissions", "--json").document["data"] == {"policies": [policy]}


def test_a_plan_is_written_for_review(cloud: Cli) -> None:
    found = cloud("plan", "--out", "plan.json")
    assert found.err == "next: dmslake up plan.json\n"
    written = json.loads(Path("plan.json").read_text())
    assert written["kind"] == "dmslake-plan"
    assert written["plan"] == cloud("plan", "--json").document["data"]
    assert PASSWORD not in Path("plan.json").read_text()


def test_a_plan_that_cannot_be_carried_out_is_not_written(cloud: Cli) -> None:
    take_a_name()
    assert cloud("plan", "--out", "plan.json").code == 1
    assert not Path("plan.json").exists()


def test_a_reviewed_plan_is_refused_when_aws_has_moved(cloud: Cli) -> None:
    cloud("plan", "--out", "plan.json")
    make_our_bucket()
    found = cloud("up", "plan.json")
    assert found.code == 1
    assert found.err.startswith("error: the plan no longer fits")
    assert "lake bucket acme-lake: was to be created, now changed" in found.err
    assert "dmslake plan" in found.err
    assert buckets() == ["acme-lake"]
    assert cloud("up", "plan.json", "--json").document["error"]["code"] == "stale"


def test_a_reviewed_plan_is_refused_when_the_spec_has_moved(cloud: Cli) -> None:
    cloud("plan", "--out", "plan.json")
    spec = Path("dmslake.yaml")
    spec.write_text(spec.read_text() + "loader: {memory_mb: 512}\n")
    found = cloud("up", "plan.json")
    assert "function shop-loader: the spec asks for something else of it" in found.err
    assert buckets() == []


def test_what_is_no_plan_is_refused(cloud: Cli) -> None:
    assert cloud("up", "nowhere.json").code == 2
    assert "is no plan of this version" in cloud("up", "dmslake.yaml").err


def test_what_nobody_owns_can_be_taken_over(cloud: Cli) -> None:
    take_a_name()
    found = cloud("plan")
    assert f"      `dmslake up --adopt {QUEUE}` takes it over\n" in found.out
    adopting = cloud("plan", "--adopt", QUEUE, "--out", "plan.json")
    assert adopting.code == 0
    assert "  ~ queue shop-loader-failed\n" in adopting.out
    assert 'tags.dmslake:pipeline: (not set) -> "shop"' in adopting.out
    assert json.loads(Path("plan.json").read_text())["adopt"] == [QUEUE]
    refused = cloud("up", "plan.json", "--adopt", QUEUE)
    assert refused.code == 2
    assert f"dmslake plan --adopt {QUEUE} --out plan.json" in refused.err


def test_an_address_that_is_none(cloud: Cli) -> None:
    take_a_name()
    found = cloud("up", "--yes", "--adopt", "queue.other")
    assert found.code == 2
    assert "error: the pipeline has no queue.other\n" in found.err
    assert f"what can be adopted is {QUEUE}\n" in found.err
