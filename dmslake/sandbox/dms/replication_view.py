"""Serverless replications and their configurations as the service answers them."""

from __future__ import annotations

import json
from datetime import timedelta

from dmslake.sandbox.dms.parameters import Json
from dmslake.sandbox.dms.records import ReplicationConfig
from dmslake.sandbox.dms.run_view import recovery_checkpoint, seconds, stats
from dmslake.sandbox.dms.service import Service
from dmslake.sandbox.dms.table_mappings import shown_mappings
from dmslake.sandbox.dms.task_settings import (
    serverless_log_group,
    serverless_log_stream,
    with_log_names,
)

# A replication that rests gives its capacity back, and its statistics are lost with it.
DEPROVISION_AFTER = timedelta(hours=72)


def wire_config(config: ReplicationConfig) -> Json:
    """Return the configuration; its log has a name only once it has run."""
    group, stream = serverless_log_group(config.arn), serverless_log_stream(config.arn)
    settings = config.settings
    if config.fresh_started is not None:
        settings = with_log_names(settings, group, stream)
    answer: Json = {
        "ReplicationConfigIdentifier": config.name,
        "ReplicationConfigArn": config.arn,
        "SourceEndpointArn": config.source_arn,
        "TargetEndpointArn": config.target_arn,
        "ReplicationType": config.migration_type,
        "ComputeConfig": config.compute,
        "ReplicationSettings": json.dumps(settings),
        "SupplementalSettings": config.supplemental,
        "TableMappings": shown_mappings(config.table_mappings),
        "ReplicationConfigCreateTime": config.created.timestamp(),
        "ReplicationConfigUpdateTime": config.updated.timestamp(),
        "IsReadOnly": False,
    }
    return {name: value for name, value in answer.items() if value is not None}


def wire_replication(service: Service, config: ReplicationConfig) -> Json:
    """Return the replication: where it stands, and how its runs went."""
    answer: Json = {
        "ReplicationConfigIdentifier": config.name,
        "ReplicationConfigArn": config.arn,
        "SourceEndpointArn": config.source_arn,
        "TargetEndpointArn": config.target_arn,
        "ReplicationType": config.migration_type,
        "Status": config.status,
        "ProvisionData": _provision(config),
        "StopReason": config.stop_reason,
        "FailureMessages": [config.failure] if config.failure else None,
        "ReplicationStats": stats(service, config),
        "StartReplicationType": config.start_word,
        "RecoveryCheckpoint": recovery_checkpoint(service, config),
        "ReplicationCreateTime": config.created.timestamp(),
        "ReplicationUpdateTime": config.updated.timestamp(),
        "ReplicationLastStopTime": seconds(config.stopped),
        "IsReadOnly": False,
    }
    if config.stopped is not None and config.provisioned is not None:
        answer["ReplicationDeprovisionTime"] = seconds(config.stopped + DEPROVISION_AFTER)
    return {name: value for name, value in answer.items() if value is not None}


def _provision(config: ReplicationConfig) -> Json | None:
    if config.started is None:
        return None
    if config.provisioned is None:
        return {"ProvisionState": "deprovisioned" if config.stopped else "provisioning"}
    return {
        "ProvisionState": "provisioned",
        "ProvisionedCapacityUnits": config.capacity or 1,
        "DateProvisioned": config.provisioned.timestamp(),
        "IsNewProvisioningAvailable": False,
    }
