"""`plan`, `up`, `down` and `status` in an account that is almost empty."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from dmslake.cli.down import Wish as DownWish
from dmslake.cli.down import _down
from dmslake.cli.options import Settings
from dmslake.cli.session import connect_for, read_spec
from dmslake.cli.terminal import Terminal
from dmslake.cli.up import Wish as UpWish
from dmslake.cli.up import _up
from tests.cli.running import Cli
from tests.cli.test_terminal import on_screen
from tests.spec.texts import PASSWORD, text_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

READS = ("Get", "List", "Describe", "Head")


def take_a_name() -> None:
    boto3.client("sqs", region_name="eu-west-1").create_queue(QueueName="shop-loader-failed")


def make_our_bucket() -> S3Client:
    s3 = boto3.client("s3", region_name="eu-west-1")
    where: Any = {"LocationConstraint": "eu-west-1"}
    s3.create_bucket(Bucket="acme-lake", CreateBucketConfiguration=where)
    tags: Any = {"TagSet": [{"Key": "dmslake:pipeline", "Value": "shop"}]}
    s3.put_bucket_tagging(Bucket="acme-lake", Tagging=tags)
    return s3


def test_a_plan_for_an_empty_account(cloud: Cli) -> None:
    found = cloud("plan")
    assert found.err == ""
    assert found.code == 0
    lines = found.out.splitlines()
    assert lines[0] == "pipeline shop in account 123456789012, eu-west-1"
    assert "  + staging bucket acme-shop-staging" in lines
    assert re.fullmatch(r"22 to create, \d unchanged", lines[-1])
    assert PASSWORD not in found.out


def test_the_exit_code_tells_that_there_are_changes(cloud: Cli) -> None:
    assert cloud("plan", "--exit-code").code == 3


def test_a_plan_as_json(cloud: Cli) -> None:
    found = cloud("plan", "--json", "--exit-code")
    document = found.document
    assert (found.code, document["ok"], document["command"]) == (3, True, "plan")
    assert document["data"]["totals"]["create"] == 22
    assert document["warnings"] == []
    assert PASSWORD not in found.out


def test_every_call_is_named_on_stderr_and_a_plan_only_reads(cloud: Cli) -> None:
    found = cloud("plan", "-v")
    calls = [line.split() for line in found.err.splitlines()]
    assert ["aws:", "sts", "GetCallerIdentity"] in calls
    assert len(calls) > 20
    assert all(operation.startswith(READS) for _, _, operation in calls)
    assert "aws:" not in found.out


def test_json_stays_one_document_even_when_calls_are_named(cloud: Cli) -> None:
    found = cloud("plan", "-v", "--json")
    assert found.document["ok"]
    assert "aws: s3 GetBucketTagging" in found.err


@pytest.mark.parametrize("command", ["plan", "up"])
def test_a_name_that_is_taken(cloud: Cli, command: str) -> None:
    take_a_name()
    found = cloud(command, "--yes")
    assert found.code == 1
    assert "  ! queue shop-loader-failed: it exists and was not made by dmslake" in found.out
    assert "21 to create, 1 in the way" in found.out
    assert found.err.startswith("error: something is in the way\n")
    assert boto3.client("s3", region_name="eu-west-1").list_buckets()["Buckets"] == []


def test_a_name_that_is_taken_as_json(cloud: Cli) -> None:
    take_a_name()
    document = cloud("up", "--yes", "--json").document
    assert document["error"]["code"] == "conflict"
    assert document["data"]["totals"]["conflict"] == 1


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_up_asks_and_where_nobody_answers_does_nothing(
    cloud: Cli, options: tuple[str, ...]
) -> None:
    found = cloud("up", *options)
    assert found.code == 2
    assert "add --yes" in found.out + found.err
    assert boto3.client("s3", region_name="eu-west-1").list_buckets()["Buckets"] == []


@pytest.mark.usefixtures("cloud")
def test_who_says_no_gets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = on_screen(monkeypatch, "n\n")
    report = _up(Settings(), Terminal(Settings()), UpWish())
    assert (report.code, report.error) == (1, None)
    assert "Carry out this plan? [y/N]" in screen.getvalue()
    assert "nothing was changed" in screen.getvalue()
    assert boto3.client("s3", region_name="eu-west-1").list_buckets()["Buckets"] == []


@pytest.mark.usefixtures("cloud")
def test_data_goes_only_for_who_types_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    s3 = make_our_bucket()
    screen = on_screen(monkeypatch, "y\n")
    report = _down(Settings(), Terminal(Settings()), DownWish(delete_data=True))
    assert report.code == 1
    assert "Type shop to go on" in screen.getvalue()
    assert "nothing was removed" in screen.getvalue()
    assert len(s3.list_buckets()["Buckets"]) == 1
    on_screen(monkeypatch, "shop\n")
    assert _down(Settings(), Terminal(Settings()), DownWish(delete_data=True)).code == 0
    assert s3.list_buckets()["Buckets"] == []


def test_down_where_nothing_is(cloud: Cli) -> None:
    found = cloud("down")
    assert (found.code, found.err) == (0, "")
    assert found.out == "nothing of pipeline shop is left to remove\n"


def test_down_where_only_something_of_others_is(cloud: Cli) -> None:
    take_a_name()
    found = cloud("down", "--delete-data", "--yes")
    assert found.code == 0
    assert "kept: queue shop-loader-failed: it exists and was not made by dmslake" in found.out


def test_down_asks_and_where_nobody_answers_does_nothing(cloud: Cli) -> None:
    s3 = make_our_bucket()
    found = cloud("down")
    assert found.code == 2
    assert "  - lake bucket acme-lake" in found.out
    assert len(s3.list_buckets()["Buckets"]) == 1
    done = cloud("down", "--yes")
    assert done.code == 0
    assert "pipeline shop is removed" in done.out
    assert "lake bucket acme-lake: done" in done.err
    assert s3.list_buckets()["Buckets"] == []


def test_the_status_of_nothing(cloud: Cli) -> None:
    found = cloud("status")
    assert (found.code, found.err) == (0, "")
    assert found.out.startswith("✗ pipeline shop: there is no pipeline\n")


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_the_status_can_be_checked(cloud: Cli, options: tuple[str, ...]) -> None:
    assert cloud("status", "--check", *options).code == 5


def test_the_status_as_json(cloud: Cli) -> None:
    document = cloud("status", "--json").document
    assert (document["ok"], document["command"]) == (True, "status")
    assert document["data"]["task"] is None
    assert document["data"]["healthy"] is False


def test_another_account_than_the_specs(cloud: Cli) -> None:
    Path("dmslake.yaml").write_text(text_of(aws='{account: "210987654321"}'))
    found = cloud("plan")
    assert found.code == 2
    assert "these credentials belong to account 123456789012" in found.err


def test_another_region_than_the_specs(cloud: Cli) -> None:
    Path("dmslake.yaml").write_text(text_of(aws="{region: us-east-1}"))
    found = cloud("plan")
    assert found.code == 2
    assert "error: the spec is for us-east-1, but the region is eu-west-1" in found.err


@pytest.mark.usefixtures("cloud")
def test_a_profile_of_the_user_is_nothing_to_the_sandbox() -> None:
    spec = read_spec(Settings())
    settings = Settings(sandbox=True, profile="prod")
    assert connect_for(spec, settings, Terminal(settings)).account.id == "123456789012"
