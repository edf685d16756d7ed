from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.aws import moto_dms
from tests.aws.isolation import give_credentials, isolate
from tests.cli.running import Cli
from tests.spec.texts import PASSWORD, text_of


@pytest.fixture(autouse=True)
def isolated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Stand in a folder that holds nothing but a right spec, without any AWS."""
    isolate(monkeypatch, tmp_path)
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("SHOP_DB_PASSWORD", PASSWORD)
    Path("dmslake.yaml").write_text(text_of())


@pytest.fixture
def cli() -> Cli:
    """The command line."""
    return Cli()


@pytest.fixture
def cloud(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cli]:
    """The same with an empty account, whose network has a way to S3."""
    give_credentials(monkeypatch)
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    moto_dms.complete(monkeypatch)
    with mock_aws():
        subnets = ", ".join(network())
        replication = f"{{network: {{subnets: [{subnets}]}}}}"
        Path("dmslake.yaml").write_text(text_of(replication=replication))
        yield cli


def network() -> list[str]:
    """Open a way to S3 from the account's own network; return two of its subnets."""
    ec2: Any = boto3.client("ec2", region_name="eu-west-1")
    subnets = ec2.describe_subnets()["Subnets"]
    (table,) = ec2.describe_route_tables()["RouteTables"]
    ec2.create_vpc_endpoint(
        VpcId=table["VpcId"], ServiceName="com.amazonaws.eu-west-1.s3",
        RouteTableIds=[table["RouteTableId"]], VpcEndpointType="Gateway",
    )  # fmt: skip
    return [subnet["SubnetId"] for subnet in subnets[:2]]
