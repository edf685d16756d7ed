"""What moto's DMS cannot answer: an account in which there is nothing of a kind, and its quotas."""

from __future__ import annotations

import json
from typing import Any, NoReturn

import pytest
from moto.dms.exceptions import ResourceNotFoundFault
from moto.dms.responses import DatabaseMigrationServiceResponse

_ABSENT = (
    "describe_certificates", "describe_event_subscriptions", "describe_replication_configs",
    "describe_replications", "describe_table_statistics",
)  # fmt: skip
QUOTAS = {
    "Endpoints": (2, 1000), "ReplicationInstances": (1, 60), "ReplicationTasks": (1, 600),
    "ReplicationSubnetGroups": (1, 60), "AllocatedStorage": (50, 30000),
}  # fmt: skip
OFFERS = ("dms.t3.medium", "dms.t3.large", "dms.c6i.large")


def complete(
    monkeypatch: pytest.MonkeyPatch, *, most_storage: int = 6144, **quotas: tuple[int, int]
) -> None:
    """Let moto answer; `quotas` (used, most) stand in the place of the usual ones."""

    def absent(_: Any) -> NoReturn:
        raise ResourceNotFoundFault("none of these")

    known = {**QUOTAS, **quotas}
    attributes = {
        "AccountQuotas": [
            {"AccountQuotaName": name, "Used": used, "Max": most}
            for name, (used, most) in known.items()
        ]
    }
    orderable = {
        "OrderableReplicationInstances": [
            {
                "ReplicationInstanceClass": name,
                "MinAllocatedStorage": 5,
                "MaxAllocatedStorage": most_storage,
                "AvailabilityZones": ["eu-west-1a", "eu-west-1b"],
            }
            for name in OFFERS
        ]
    }
    answers = {
        "describe_account_attributes": attributes,
        "describe_orderable_replication_instances": orderable,
    }
    for name in _ABSENT:
        monkeypatch.setattr(DatabaseMigrationServiceResponse, name, absent, raising=False)
    for name, answer in answers.items():
        text = json.dumps(answer)
        monkeypatch.setattr(
            DatabaseMigrationServiceResponse, name, lambda _, text=text: text, raising=False
        )
