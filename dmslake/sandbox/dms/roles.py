"""DMS acting as an account's role: whether the role trusts DMS, and its credentials if so.

The sandbox's administrator asks STS for the session; the cloud lets an administrator assume a
role that trusts any service, so the trust in DMS itself is checked here, before every assumption.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias, TypeGuard, cast

from botocore.credentials import Credentials, ReadOnlyCredentials
from botocore.exceptions import ClientError

from dmslake.sandbox.dms.cloud import RoleRefusedError

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_sts import STSClient
    from mypy_boto3_sts.type_defs import CredentialsTypeDef

Clock: TypeAlias = Callable[[], datetime]
Statement: TypeAlias = Mapping[str, object]
SESSION_NAME = "dms-session-for-replication-engine"
RENEW_BEFORE = timedelta(minutes=10)
_ASSUME = frozenset({"sts:assumerole", "sts:*", "*"})


def trusts(
    document: Mapping[str, object], principal: str, *, unconditionally: bool = False
) -> bool:
    """Tell whether a trust policy lets a service principal assume its role.

    A matching Deny wins. Conditions are left to the cloud, which evaluates them when the role is
    assumed; with `unconditionally`, a statement that has some trusts nobody.
    """
    effects = {
        statement.get("Effect")
        for statement in statements_in(document)
        if _names(statement, principal)
        and _assumes(statement)
        and not (unconditionally and statement.get("Condition"))
    }
    return "Allow" in effects and "Deny" not in effects


def trust_problem(
    iam: IAMClient, role_name: str, principal: str, *, unconditionally: bool = False
) -> str | None:
    """Say why a role is not DMS's to assume; None when it is."""
    try:
        role = iam.get_role(RoleName=role_name)["Role"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchEntity":
            return f"there is no role {role_name}"
        raise
    # The stub says str; botocore decodes the document.
    document = cast("Mapping[str, object]", role["AssumeRolePolicyDocument"])
    if not trusts(document, principal, unconditionally=unconditionally):
        how = " without conditions" if unconditionally else ""
        return f"the trust policy of role {role_name} does not name {principal}{how}"
    return None


class RoleCredentials(Credentials):
    """Credentials of an assumed role, renewed ten minutes before they expire."""

    def __init__(
        self, sts: STSClient, role_arn: str, trust: Callable[[], str | None], clock: Clock
    ):
        """Assume the role once, so that a role that cannot be assumed fails here.

        Raises:
            RoleRefusedError: the role does not trust DMS, or STS refuses.
        """
        self._sts = sts
        self._role_arn = role_arn
        self._trust = trust
        self._clock = clock
        self._renewing = threading.Lock()
        session = self._assume()
        self._expires = session["Expiration"]
        super().__init__(
            session["AccessKeyId"],
            session["SecretAccessKey"],
            session["SessionToken"],
            method="assume-role",
        )

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """Return the keys to sign the next request with."""
        with self._renewing:
            if self._clock().astimezone(UTC) >= self._expires - RENEW_BEFORE:
                session = self._assume()
                self._expires = session["Expiration"]
                self.access_key = session["AccessKeyId"]
                self.secret_key = session["SecretAccessKey"]
                self.token = session["SessionToken"]
            return super().get_frozen_credentials()

    def _assume(self) -> CredentialsTypeDef:
        problem = self._trust()
        if problem is not None:
            raise RoleRefusedError(problem)
        try:
            answer = self._sts.assume_role(
                RoleArn=self._role_arn, RoleSessionName=SESSION_NAME, DurationSeconds=3600
            )
        except ClientError as error:
            raise RoleRefusedError(error.response["Error"]["Message"]) from error
        return answer["Credentials"]


def role_name(role_arn: str) -> str:
    """Return the name in a role's ARN (its path left out)."""
    return role_arn.rpartition("/")[2]


def statements_in(document: Mapping[str, object]) -> Iterable[Statement]:
    """Return a policy's statements, whether it holds one or a list."""
    statements = document.get("Statement")
    if _is_statement(statements):
        return [statements]
    return [one for one in statements if _is_statement(one)] if isinstance(statements, list) else []


def _is_statement(value: object) -> TypeGuard[Statement]:
    return isinstance(value, Mapping)


def _names(statement: Statement, principal: str) -> bool:
    named = statement.get("Principal")
    if named == "*":
        return True
    services = named.get("Service") if isinstance(named, Mapping) else None
    return principal in texts_in(services)


def _assumes(statement: Statement) -> bool:
    return any(action.lower() in _ASSUME for action in texts_in(statement.get("Action")))


def texts_in(value: object) -> list[str]:
    """Return the texts in a policy's element, whether it holds one or a list."""
    if isinstance(value, str):
        return [value]
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
