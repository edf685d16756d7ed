from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

import pytest
from botocore.exceptions import ClientError

from dmslake.sandbox.dms.cloud import RoleRefusedError
from dmslake.sandbox.dms.roles import RoleCredentials, role_name, trusts
from tests.sandbox.dms.fakes import ROLE, FakeClock

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient

DMS = "dms.amazonaws.com"


def statement(
    service: object = DMS, action: object = "sts:AssumeRole", effect: str = "Allow"
) -> dict[str, object]:
    return {"Effect": effect, "Principal": {"Service": service}, "Action": action}


@pytest.mark.parametrize(
    "statements",
    [
        statement(),
        [statement()],
        [statement(["redshift.amazonaws.com", DMS])],
        [statement(action=["sts:AssumeRole", "sts:TagSession"])],
        [statement(action="STS:assumerole")],
        [statement(action="sts:*")],
        [{"Effect": "Allow", "Principal": "*", "Action": "*"}],
        [statement("lambda.amazonaws.com"), statement()],
        [statement("lambda.amazonaws.com", effect="Deny"), statement()],
    ],
)
def test_policies_that_trust_dms(statements: object) -> None:
    assert trusts({"Version": "2012-10-17", "Statement": statements}, DMS)


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"Statement": []},
        {"Statement": "dms.amazonaws.com"},
        {"Statement": ["dms.amazonaws.com"]},
        {"Statement": statement("lambda.amazonaws.com")},
        {"Statement": statement("dms.eu-west-1.amazonaws.com")},
        {"Statement": statement("xdms.amazonaws.com")},
        {"Statement": statement(action="sts:TagSession")},
        {"Statement": statement(effect="Deny")},
        {"Statement": [statement(), statement(effect="Deny")]},
        {"Statement": {"Effect": "Allow", "Principal": {"AWS": DMS}, "Action": "sts:AssumeRole"}},
        {"Statement": {"Effect": "Allow", "Principal": {"Service": DMS}}},
    ],
)
def test_policies_that_do_not(document: Mapping[str, object]) -> None:
    assert not trusts(document, DMS)


def test_conditions_are_the_cloud_s_to_evaluate_unless_none_are_wanted() -> None:
    conditions = {"StringEquals": {"aws:SourceAccount": "123456789012"}}
    document = {"Statement": {**statement(), "Condition": conditions}}

    assert trusts(document, DMS)
    assert not trusts(document, DMS, unconditionally=True)
    assert trusts({"Statement": statement()}, DMS, unconditionally=True)


def test_the_name_of_a_role_leaves_its_path_out() -> None:
    assert role_name("arn:aws:iam::123456789012:role/team/data/dms-s3") == "dms-s3"


class FakeSts:
    """An STS that hands out numbered sessions of an hour."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.sessions = 0
        self.refusal: str | None = None

    def assume_role(
        self, *, RoleArn: str, RoleSessionName: str, DurationSeconds: int  # noqa: N803 - boto3's
    ) -> dict[str, dict[str, str | datetime]]:  # fmt: skip
        assert RoleArn == ROLE
        assert RoleSessionName
        if self.refusal is not None:
            error = {"Error": {"Code": "AccessDenied", "Message": self.refusal}}
            raise ClientError(error, "AssumeRole")  # type: ignore[arg-type]  # as much as is read
        self.sessions += 1
        return {
            "Credentials": {
                "AccessKeyId": f"ASIA{self.sessions}",
                "SecretAccessKey": "secret",
                "SessionToken": f"token{self.sessions}",
                "Expiration": self.clock() + timedelta(seconds=DurationSeconds),
            }
        }


def credentials(sts: FakeSts, problem: str | None = None) -> RoleCredentials:
    return RoleCredentials(cast("STSClient", sts), ROLE, lambda: problem, sts.clock)


def test_credentials_are_renewed_before_they_expire() -> None:
    sts = FakeSts(FakeClock())
    role = credentials(sts)

    assert role.get_frozen_credentials().access_key == "ASIA1"
    sts.clock.advance(49 * 60)
    assert role.get_frozen_credentials().token == "token1"
    sts.clock.advance(60)
    renewed = role.get_frozen_credentials()
    assert (renewed.access_key, renewed.token) == ("ASIA2", "token2")
    assert sts.sessions == 2


def test_a_role_that_does_not_trust_dms_is_never_assumed() -> None:
    sts = FakeSts(FakeClock())

    with pytest.raises(RoleRefusedError, match="not ours"):
        credentials(sts, "not ours")
    assert sts.sessions == 0


def test_what_sts_refuses_is_refused() -> None:
    sts = FakeSts(FakeClock())
    role = credentials(sts)
    sts.refusal = "not authorized to perform: sts:AssumeRole"
    sts.clock.advance(3600)

    with pytest.raises(RoleRefusedError, match="not authorized"):
        role.get_frozen_credentials()
    with pytest.raises(RoleRefusedError, match="not authorized"):
        credentials(sts)
