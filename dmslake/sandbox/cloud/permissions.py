"""Who may do what, where MiniStack does not ask: services acting for themselves, and as roles.

MiniStack evaluates the policies; this only puts the questions that AWS puts and it leaves out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dmslake.sandbox.cloud.upstream import part

LAMBDA = "lambda.amazonaws.com"
S3 = "s3.amazonaws.com"
_EVALUATOR = "core.iam_evaluator"


def policy_allows(
    policy: Any,
    service: str,
    action: str,
    resource: str,
    source: Mapping[str, str],
) -> bool:
    """Tell whether a resource's policy, or a role's trust policy, lets a service act.

    `source` holds the condition keys that the service supplies, like `aws:SourceAccount`.
    """
    context = part(_EVALUATOR, "EvalContext")(
        principal_arn=service,
        principal_type="Service",
        principal_account="",
        action=action,
        resource_arn=resource,
        region=part("core.responses", "get_region")(),
        service_context={name.lower(): value for name, value in source.items()},
    )
    found = part(_EVALUATOR, "evaluate_resource_policy")(policy, context, service=service)
    return bool(found.decision == "Allow")


def may_assume(service: str, role_arn: str, source: Mapping[str, str]) -> bool:
    """Tell whether a role exists and trusts a service."""
    account, name = _account_and_name(role_arn)
    role = part("services.iam", "_roles").get_scoped(account, None, name)
    if role is None or role["Arn"] != role_arn:
        return False
    trust = role["AssumeRolePolicyDocument"]
    return policy_allows(trust, service, "sts:AssumeRole", role_arn, source)


def role_allows(role_arn: str, action: str, resource: str) -> bool:
    """Tell whether a role may do something, by its own policies or by the resource's."""
    account, name = _account_and_name(role_arn)
    context = part(_EVALUATOR, "EvalContext")(
        principal_arn=role_arn,
        principal_type="AssumedRole",
        principal_account=account,
        action=action,
        resource_arn=resource,
        region=resource.split(":")[3],
    )
    policies = part(_EVALUATOR, "_gather_role_policies")(name, account)
    roles = part("services.iam", "_roles")
    limits = part(_EVALUATOR, "_permissions_boundary")(roles, name, account)
    found = part(_EVALUATOR, "evaluate")(context, policies, *limits)
    policy = part(_EVALUATOR, "_resource_policy")(action.partition(":")[0], resource)
    if policy is not None:
        found = part(_EVALUATOR, "combine_resource_policy")(found, context, *policy, limits=limits)
    return bool(found.decision == "Allow")


def caller_may_pass(access_key_id: str, role_arn: str, service: str, region: str) -> bool:
    """Tell whether the caller of the present request may hand a role to a service."""
    refused = part(_EVALUATOR, "enforce")(
        access_key_id, "iam:PassRole", "iam", region, role_arn, {"iam:PassedToService": service}
    )
    return refused is None


def _account_and_name(role_arn: str) -> tuple[str, str]:
    return role_arn.split(":")[4], role_arn.rpartition("/")[2]
