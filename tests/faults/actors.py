"""Somebody who acts as a role of a pipeline, in the sandbox, with the role's own policy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from dmslake.blueprint.names import Names
from dmslake.blueprint.pipeline import pipeline
from dmslake.kinds.role import Role
from dmslake.sandbox.record import Keys, read_record
from dmslake.spec import Spec
from tests.faults.sandboxed import SandboxClients
from tests.faults.world import ACCOUNT
from tests.sandbox.calls import Calls

DENIED = {"AccessDenied", "AccessDeniedException", "403"}


@dataclass(frozen=True)
class Actor:
    """Somebody who acts as a role, and the places of the pipeline that the role is for."""

    calls: Calls
    names: Names
    staging: str
    lake: str
    keys: Keys
    token: str

    def __call__(self, service: str) -> Any:
        return self.calls.client(service, self.keys, self.token)


def actor_of(
    calls: Calls, wanted: Spec, name: str, change: Callable[[Role], Role] = lambda role: role
) -> Actor:
    """Make the role whose name begins so, changed or as it is, and somebody who acts as it."""
    names = Names(wanted.name, ACCOUNT)
    (role,) = [r for r in roles_of(wanted) if r.name.startswith(f"{wanted.name}-{name}")]
    if name == "loader":  # only Lambda itself acts as it: here its policy is of interest
        trust = next(r.trust for r in roles_of(wanted) if "dms-staging" in r.name)
        role = replace(role, trust=trust)
    role = change(role)
    role.create(SandboxClients(calls))
    for queue_name in (names.dead_letters, names.queue, f"{wanted.name}-elsewhere"):
        calls.sqs.create_queue(QueueName=queue_name)
    for group in (names.function_log_group, "/aws/lambda/other"):
        if not calls.logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
            calls.logs.create_log_group(logGroupName=group)
    arn = names.role_arn(role.name, role.path)
    given = service(calls).assume_role(RoleArn=arn, RoleSessionName="session")["Credentials"]
    keys = Keys(access_key_id=given["AccessKeyId"], secret_access_key=given["SecretAccessKey"])
    return Actor(
        calls, names, wanted.staging.bucket, wanted.lake.bucket, keys, given["SessionToken"]
    )


def service(calls: Calls) -> Any:
    """Return STS as DMS calls it."""
    record = read_record(calls.sandbox.folder)
    assert record is not None
    return calls.client("sts", record.service)


def roles_of(wanted: Spec) -> list[Role]:
    return [r for r in pipeline(wanted, ACCOUNT).wanted if isinstance(r, Role)]
