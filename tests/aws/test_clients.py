"""Whose account it is: credentials, region and account as a user may have them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from dmslake.aws.clients import Account, Clients, connect
from dmslake.errors import AccessError, CloudError, UsageError
from tests.aws.isolation import closed_port, give_credentials

ACCOUNT = "123456789012"


@pytest.fixture
def doubled(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    give_credentials(monkeypatch)
    with mock_aws():
        yield


cloud = pytest.mark.usefixtures("doubled")


def write_profile(monkeypatch: pytest.MonkeyPatch, folder: Path, text: str) -> None:
    file = folder / "config"
    file.write_text(text)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(file))


@cloud
def test_credentials_and_region_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    assert connect().account == Account(id=ACCOUNT, region="eu-west-1", partition="aws")


@cloud
def test_no_region_is_a_usage_error_that_says_where_to_put_one() -> None:
    with pytest.raises(UsageError, match="no AWS region") as raised:
        connect()
    assert "AWS_REGION" in raised.value.why
    assert "aws.region in the spec" in raised.value.fix


@cloud
def test_an_empty_region_is_no_region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "")
    with pytest.raises(UsageError, match="no AWS region"):
        connect()


# From the weakest to the strongest.
REGIONS = ("profile", "AWS_DEFAULT_REGION", "AWS_REGION", "--region")


@cloud
@pytest.mark.parametrize("strongest", range(len(REGIONS)), ids=REGIONS)
def test_the_strongest_region_wins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, strongest: int
) -> None:
    named = [f"eu-west-{number + 1}" for number in range(strongest + 1)]
    write_profile(monkeypatch, tmp_path, f"[default]\nregion = {named[0]}\n")
    for variable, region in zip(REGIONS[1:3], named[1:3], strict=False):
        monkeypatch.setenv(variable, region)
    found = connect(region=named[3] if strongest == 3 else None)
    assert found.account.region == named[-1]
    assert found.s3.meta.region_name == named[-1]


@cloud
def test_the_region_of_the_spec_is_taken_where_no_other_is_named() -> None:
    found = connect(spec_region="eu-central-1")
    assert found.account.region == "eu-central-1"
    assert found.dms.meta.region_name == "eu-central-1"


@cloud
@pytest.mark.parametrize("where", REGIONS)
def test_a_region_that_is_not_the_specs_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, where: str
) -> None:
    if where == "profile":
        write_profile(monkeypatch, tmp_path, "[default]\nregion = us-east-1\n")
    elif where != "--region":
        monkeypatch.setenv(where, "us-east-1")
    with pytest.raises(UsageError) as raised:
        connect(region="us-east-1" if where == "--region" else None, spec_region="eu-west-1")
    assert raised.value.what == "the spec is for eu-west-1, but the region is us-east-1"
    assert "eu-west-1" in raised.value.fix


@cloud
def test_a_region_that_agrees_with_the_spec_is_taken() -> None:
    found = connect(region="eu-west-1", spec_region="eu-west-1")
    assert found.account.region == "eu-west-1"


@cloud
def test_another_account_than_the_specs_is_refused() -> None:
    with pytest.raises(UsageError) as raised:
        connect(region="eu-west-1", account="210987654321")
    assert ACCOUNT in raised.value.what
    assert "210987654321" in raised.value.what
    assert "--profile" in raised.value.fix


@cloud
def test_the_account_of_the_spec_is_accepted() -> None:
    assert connect(region="eu-west-1", account=ACCOUNT).account.id == ACCOUNT


def test_no_credentials_are_an_access_error_that_names_the_way_without_an_account() -> None:
    with pytest.raises(AccessError, match="no AWS credentials") as raised:
        connect(region="eu-west-1")
    assert "--sandbox" in raised.value.fix


def test_half_of_the_credentials_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    with pytest.raises(AccessError, match="AWS_SECRET_ACCESS_KEY"):
        connect(region="eu-west-1")


@pytest.mark.parametrize("by", ["--profile", "AWS_PROFILE"])
def test_a_profile_that_does_not_exist_is_named(monkeypatch: pytest.MonkeyPatch, by: str) -> None:
    if by == "AWS_PROFILE":
        monkeypatch.setenv("AWS_PROFILE", "prod")
    with pytest.raises(AccessError, match="prod") as raised:
        connect(profile="prod" if by == "--profile" else None, region="eu-west-1")
    assert "list-profiles" in raised.value.fix


def test_a_profile_brings_its_region_and_credentials(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text = (
        "[profile shop]\nregion = eu-north-1\n"
        "aws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = example\n"
    )
    write_profile(monkeypatch, tmp_path, text)
    with mock_aws(config={"core": {"mock_credentials": False}}):
        assert connect(profile="shop").account.region == "eu-north-1"


def test_a_broken_configuration_is_an_error_of_ours(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_profile(monkeypatch, tmp_path, "[default\nregion = x\n")
    with pytest.raises(CloudError, match="connecting to AWS"):
        connect(region="eu-west-1")


def test_an_aws_that_cannot_be_reached_is_told_after_few_tries(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    give_credentials(monkeypatch)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{closed_port()}")
    tries: list[tuple[str, str]] = []
    with pytest.raises(CloudError, match="AWS cannot be reached") as raised:
        connect(region="eu-west-1", on_call=lambda *call: tries.append(call))
    assert raised.value.service_code == "Unreachable"
    assert "AWS_ENDPOINT_URL" in raised.value.fix
    assert tries == [("sts", "GetCallerIdentity")]


@cloud
def test_every_call_is_told() -> None:
    heard: list[tuple[str, str]] = []
    clients = connect(region="eu-west-1", on_call=lambda *call: heard.append(call))
    clients.s3.list_buckets()
    clients.sqs.list_queues()
    assert heard == [("sts", "GetCallerIdentity"), ("s3", "ListBuckets"), ("sqs", "ListQueues")]


SERVICES = {
    "athena": "athena", "cloudwatch": "monitoring", "dms": "dms", "ec2": "ec2", "glue": "glue",
    "iam": "iam", "lambda_": "lambda", "logs": "logs", "s3": "s3",
    "secrets": "secretsmanager", "sns": "sns", "sqs": "sqs",
}  # fmt: skip


@cloud
@pytest.mark.parametrize(("attribute", "endpoint"), SERVICES.items(), ids=list(SERVICES))
def test_each_service_has_one_client(attribute: str, endpoint: str) -> None:
    clients = connect(region="eu-west-1")
    client = getattr(clients, attribute)
    assert client.meta.service_model.endpoint_prefix == endpoint
    assert getattr(clients, attribute) is client


@cloud
def test_threads_share_one_client() -> None:
    clients = Clients(
        boto3.Session(region_name="eu-west-1"), Account(id=ACCOUNT, region="eu-west-1")
    )
    together = threading.Barrier(8)

    def ask(_: int) -> object:
        together.wait(timeout=10)
        return clients.sqs

    with ThreadPoolExecutor(8) as pool:
        assert len(set(map(id, pool.map(ask, range(8))))) == 1
