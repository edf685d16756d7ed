"""The quotas of DMS: what is used, what there may be, and whether a plan still fits in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from dmslake.aws.clients import Clients
from dmslake.aws.errors import QUOTA_CODES, translating
from dmslake.engine.plan import Action, Plan
from dmslake.errors import CloudError, DmslakeError
from dmslake.kinds.replication_instance import ReplicationInstance
from dmslake.operations.finding import Finding

Quotas = Mapping[str, tuple[int, int]]

# Kind -> the quota that it counts for, in the words of DescribeAccountAttributes.
# https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Limits.html
_QUOTAS = {
    "certificate": "Certificates",
    "endpoint": "Endpoints",
    "event_subscription": "EventSubscriptions",
    "replication_instance": "ReplicationInstances",
    "replication_task": "ReplicationTasks",
    "subnet_group": "ReplicationSubnetGroups",
}
_STORAGE = "AllocatedStorage"
_MORE = "ask AWS for a higher quota (Service Quotas, AWS DMS), or remove what is not used any more"


def read_quotas(aws: Clients) -> Quotas:
    """Return the account's quotas by name: used and most. Raises CloudError."""
    with translating("reading the quotas of DMS"):
        found = aws.dms.describe_account_attributes().get("AccountQuotas", [])
    return {
        str(quota["AccountQuotaName"]): (int(quota.get("Used", 0)), int(quota["Max"]))
        for quota in found
        if "AccountQuotaName" in quota and "Max" in quota
    }


def wanted_of(plan: Plan) -> Counter[str]:
    """Return by how much a plan's creations raise each quota; storage in GB."""
    found: Counter[str] = Counter()
    for step in plan.steps:
        if step.action is Action.CREATE and step.resource.kind in _QUOTAS:
            found[_QUOTAS[step.resource.kind]] += 1
        if step.action is Action.CREATE and isinstance(step.resource, ReplicationInstance):
            found[_STORAGE] += step.resource.storage_gb
    return found


def check_quotas(plan: Plan, quotas: Quotas) -> Iterator[Finding]:
    """Yield what a plan would take beyond the account's quotas."""
    for name, more in wanted_of(plan).items():
        used, most = quotas.get(name, (0, more))
        if used + more > most:
            unit = " GB" if name == _STORAGE else ""
            yield Finding(
                what=f"the quota {name} of DMS is reached",
                why=f"{used}{unit} of {most}{unit} are used, and the plan needs {more}{unit} more",
                fix=_MORE,
                fatal=True,
            )


def explained(error: DmslakeError, aws: Clients) -> DmslakeError:
    """Return the error; one about a quota of DMS names those that are used up, with the numbers."""
    if not isinstance(error, CloudError) or error.service_code not in QUOTA_CODES:
        return error
    if not error.service_code.endswith("QuotaExceededFault"):  # another service's
        return error
    try:
        quotas = read_quotas(aws)
    except CloudError:  # the first error counts more than that it cannot be explained
        return error
    full = [f"{name} {used} of {most}" for name, (used, most) in quotas.items() if used >= most]
    listed = full or [f"{name} {used} of {most}" for name, (used, most) in quotas.items()]
    return CloudError(
        error.what,
        why=f"{error.why} (used: {', '.join(listed)})" if listed else error.why,
        fix=_MORE,
        service_code=error.service_code,
        operation=error.operation,
    )
