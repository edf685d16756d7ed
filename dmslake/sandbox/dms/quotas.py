"""The account's quotas (user guide, "Quotas for AWS DMS"), enforced and described."""

from __future__ import annotations

from dmslake.sandbox.dms.faults import quota_exceeded
from dmslake.sandbox.dms.parameters import Json
from dmslake.sandbox.dms.records import Endpoint, Instance, Record, SubnetGroup, Task
from dmslake.sandbox.dms.service import Call, Service

QUOTAS: dict[type[Record], tuple[str, int]] = {
    Instance: ("ReplicationInstances", 60),
    SubnetGroup: ("ReplicationSubnetGroups", 60),
    Endpoint: ("Endpoints", 1000),
    Task: ("ReplicationTasks", 600),
}
STORAGE_QUOTA_GB = 30000


def check_quota(service: Service, region: str, kind: type[Record]) -> None:
    """Refuse one more resource of a kind where the quota is used up."""
    noun, most = QUOTAS[kind]
    if _used(service, region, kind) >= most:
        raise quota_exceeded(noun, most)


def describe_account(call: Call) -> Json:
    """DescribeAccountAttributes."""
    service = call.service
    with service.lock:
        storage = [one.attributes.get("AllocatedStorage") for one in call.all(Instance)]
        quotas: list[Json] = [
            {
                "AccountQuotaName": noun,
                "Used": _used(service, call.region, kind),
                "Max": most,
            }
            for kind, (noun, most) in QUOTAS.items()
        ]
    used = sum(size for size in storage if isinstance(size, int))
    quotas.append({"AccountQuotaName": "AllocatedStorage", "Used": used, "Max": STORAGE_QUOTA_GB})
    return {
        "AccountQuotas": [*quotas],
        "UniqueAccountIdentifier": f"dms-{call.region}-{service.account}",
    }


def _used(service: Service, region: str, kind: type[Record]) -> int:
    return sum(1 for record in service.store.all(kind) if record.region == region)
