"""Two clouds, with an ear on every call: moto, and the sandbox where moto cannot follow."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from dmslake.aws.clients import Account, Clients
from dmslake.sandbox.record import Keys
from tests.contract.recording import Calls as Heard
from tests.contract.recording import listen
from tests.sandbox.calls import Calls

ACCOUNT = Account(id="123456789012", region="eu-west-1")
_SERVICES = ("ec2", "iam", "lambda", "logs", "s3", "sqs")


@pytest.fixture
def heard_session() -> Iterator[tuple[boto3.Session, Heard]]:
    with mock_aws():
        session = boto3.Session(
            aws_access_key_id="test", aws_secret_access_key="test", region_name="eu-west-1"
        )
        yield session, listen(session)


@pytest.fixture
def aws(heard_session: tuple[boto3.Session, Heard]) -> Clients:
    """Clients of moto."""
    return Clients(heard_session[0], ACCOUNT)


@pytest.fixture
def said(heard_session: tuple[boto3.Session, Heard]) -> Heard:
    """What was called on moto."""
    return heard_session[1]


@pytest.fixture
def cloud(calls: Calls) -> tuple[Clients, Heard]:
    """Clients of the sandbox's cloud, as its administrator, and what they call."""
    return clients_of(calls, calls.sandbox.keys)


def clients_of(calls: Calls, keys: Keys) -> tuple[Clients, Heard]:
    """Return clients of the sandbox with these keys, and what they call."""
    sandbox = calls.sandbox
    session = calls.session(keys)
    heard = listen(session)
    clients = Clients(session, Account(id=sandbox.account, region=sandbox.region))
    for service in (*_SERVICES, "dms"):
        url = sandbox.dms_url if service == "dms" else sandbox.cloud_url
        made = session.client(service, endpoint_url=url)  # type: ignore[call-overload]
        clients._made[service] = made
    return clients, heard
