"""The account's quotas (user guide, "Quotas for AWS DMS"), enforced and described."""

from __future__ import annotations

from pydantic import JsonValue

from dmslake.sandbox.dms.faults import Fault, quota_exceeded
from dmslake.sandbox.dms.parameters import Json
from dmslake.sandbox.dms.records import (
    Certificate,
    Endpoint,
    EventSubscription,
    Instance,
    Record,
    ReplicationConfig,
    SubnetGroup,
    Task,
)
from dmslake.sandbox.dms.service import Call, Service

QUOTAS: dict[type[Record], tuple[str, int]] = {
    Instance: ("ReplicationInstances", 60),
    SubnetGroup: ("ReplicationSubnetGroups", 60),
    Endpoint: ("Endpoints", 1000),
    Task: ("ReplicationTasks", 600),
    ReplicationConfig: ("ReplicationConfigs", 100),
    EventSubscription: ("EventSubscriptions", 60),
    Certificate: ("Certificates", 100),
}
STORAGE_QUOTA_GB = 30000


def check_quota(service: Service, region: str, kind: type[Record]) -> None:
    """Refuse one more resource of a kind where the quota is used up."""
    noun, most = QUOTAS[kind]
    if _used(service, region, kind) >= most:
        raise quota_exceeded(noun, most)


def check_storage_quota(call: Call, more: JsonValue) -> None:
    """Refuse storage that the account's quota does not have any more."""
    wanted = _storage(call) + (more if isinstance(more, int) else 0)
    if wanted > STORAGE_QUOTA_GB:
        raise Fault(
            "StorageQuotaExceededFault",
            f"The quota of {STORAGE_QUOTA_GB} GB of storage has been exceeded.",
        )


def describe_account(call: Call) -> Json:
    """DescribeAccountAttributes."""
    service = call.service
    with service.lock:
        used = _storage(call)
        quotas: list[Json] = [
            {
                "AccountQuotaName": noun,
                "Used": _used(service, call.region, kind),
                "Max": most,
            }
            for kind, (noun, most) in QUOTAS.items()
        ]
    quotas.append({"AccountQuotaName": "AllocatedStorage", "Used": used, "Max": STORAGE_QUOTA_GB})
    return {
        "AccountQuotas": [*quotas],
        "UniqueAccountIdentifier": f"dms-{call.region}-{service.account}",
    }


def _storage(call: Call) -> int:
    sizes = [one.attributes.get("AllocatedStorage") for one in call.all(Instance)]
    return sum(size for size in sizes if isinstance(size, int))


def _used(service: Service, region: str, kind: type[Record]) -> int:
    return sum(1 for record in service.store.all(kind) if record.region == region)
