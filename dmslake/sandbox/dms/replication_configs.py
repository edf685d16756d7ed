"""Serverless replications: created, changed, described and deleted; `replications` runs them."""

from __future__ import annotations

from dataclasses import replace

from dmslake.sandbox.dms import tags, tasks
from dmslake.sandbox.dms.compute_rules import new_compute
from dmslake.sandbox.dms.engines import SERVERLESS_SOURCES
from dmslake.sandbox.dms.faults import (
    already_exists,
    invalid_combination,
    invalid_state,
    invalid_value,
    not_found,
)
from dmslake.sandbox.dms.names import identifier
from dmslake.sandbox.dms.paging import Listing
from dmslake.sandbox.dms.parameters import Json
from dmslake.sandbox.dms.quotas import check_quota
from dmslake.sandbox.dms.records import Endpoint, ReplicationConfig
from dmslake.sandbox.dms.replication_view import wire_config
from dmslake.sandbox.dms.service import Call, Service
from dmslake.sandbox.dms.table_mappings import read_mappings, same_mappings
from dmslake.sandbox.dms.task_rules import check_endpoints, check_mappings, check_settings
from dmslake.sandbox.dms.task_settings import apply_settings

IDLE = frozenset({"created", "ready", "stopped", "failed"})
LISTING: Listing[ReplicationConfig] = Listing(
    filters={
        "replication-config-arn": lambda config: [config.arn],
        "replication-config-id": lambda config: [config.name],
    },
    order=lambda config: config.name,
    noun="Replication Configs",
)


def create(call: Call) -> Json:
    """CreateReplicationConfig: nothing is provisioned before the first start."""
    service, asked = call.service, call.input
    name = _name(asked.text("ReplicationConfigIdentifier"))
    labels = tags.read(asked.structures("Tags"))
    mappings = asked.text("TableMappings")
    rules = read_mappings(mappings)
    settings = apply_settings(asked.optional_text("ReplicationSettings"))
    check_settings(settings)
    compute = new_compute(call, asked.structure("ComputeConfig") or {})
    with service.lock:
        _check_name_free(call, name)
        check_quota(service, call.region, ReplicationConfig)
        config = ReplicationConfig(
            arn=service.new_arn(
                call.region, "replication-config", asked.optional_text("ResourceIdentifier")
            ),
            region=call.region,
            name=name,
            status="created",
            created=service.clock(),
            updated=service.clock(),
            tags=labels,
            source_arn=asked.text("SourceEndpointArn"),
            target_arn=asked.text("TargetEndpointArn"),
            migration_type=asked.text("ReplicationType"),
            table_mappings=mappings,
            settings=settings,
            compute=compute,
            supplemental=asked.optional_text("SupplementalSettings"),
        )
        _check_parts(service, config, rules)
        service.store.put(config)
        return {"ReplicationConfig": wire_config(config)}


def modify(call: Call) -> Json:
    """ModifyReplicationConfig: while it does not run; type and endpoints before its first start."""
    service, asked = call.service, call.input
    mappings = asked.optional_text("TableMappings")
    rules = None if mappings is None else read_mappings(mappings)
    config = find(service, asked.text("ReplicationConfigArn"))
    given = asked.structure("ComputeConfig")
    compute = config.compute if given is None else new_compute(call, given, config.compute)
    with service.lock:
        config = find(service, config.arn)
        if config.status not in IDLE:
            raise invalid_state(
                f"Replication Config {config.name} cannot be modified in {config.status} state."
            )
        changed = replace(_changed(call, config), compute=compute)
        _check_parts(service, changed, rules or read_mappings(config.table_mappings))
        changed = replace(
            changed,
            status="modifying",
            before_modifying=config.status,
            updated=service.clock(),
            due=service.after(service.delays.replication_modify),
        )
        service.store.put(changed)
        return {"ReplicationConfig": wire_config(changed)}


def describe(call: Call) -> Json:
    """DescribeReplicationConfigs."""
    with call.service.lock:
        configs, marker = LISTING.page(call.all(ReplicationConfig), call.input)
        return {"ReplicationConfigs": [wire_config(one) for one in configs], "Marker": marker}


def delete(call: Call) -> Json:
    """DeleteReplicationConfig: only one that does not run."""
    service = call.service
    with service.lock:
        config = find(service, call.input.text("ReplicationConfigArn"))
        if config.status not in IDLE:
            raise invalid_state(
                f"Replication Config {config.name} cannot be deleted in {config.status} state; "
                "stop the replication first."
            )
        due = service.after(service.delays.replication_delete)
        config = replace(config, status="deleting", due=due)
        service.store.put(config)
        return {"ReplicationConfig": wire_config(config)}


def find(service: Service, arn: str) -> ReplicationConfig:
    """Return a replication's configuration, or raise ResourceNotFoundFault."""
    config = service.store.get(ReplicationConfig, arn)
    if config is None:
        raise not_found(f"Replication Config {arn} not found.")
    return config


def _changed(call: Call, config: ReplicationConfig) -> ReplicationConfig:
    asked = call.input
    settings = apply_settings(asked.optional_text("ReplicationSettings"), config.settings)
    check_settings(settings)
    mappings = asked.optional_text("TableMappings") or config.table_mappings
    name = _name(asked.optional_text("ReplicationConfigIdentifier") or config.name)
    if name != config.name:
        _check_name_free(call, name)
    changed = replace(
        config,
        name=name,
        source_arn=asked.optional_text("SourceEndpointArn") or config.source_arn,
        target_arn=asked.optional_text("TargetEndpointArn") or config.target_arn,
        migration_type=asked.optional_text("ReplicationType") or config.migration_type,
        settings=settings,
        supplemental=asked.optional_text("SupplementalSettings") or config.supplemental,
    )
    if config.fresh_started is not None and _what_is_fixed(changed) != _what_is_fixed(config):
        raise invalid_state(
            f"The type and the endpoints of Replication Config {config.name} cannot be changed "
            "after its first start."
        )
    if same_mappings(mappings, config.table_mappings):
        return changed
    return replace(changed, table_mappings=mappings)


def _what_is_fixed(config: ReplicationConfig) -> tuple[str, str, str]:
    return config.source_arn, config.target_arn, config.migration_type


def _check_parts(service: Service, config: ReplicationConfig, rules: Json) -> None:
    source = tasks.endpoint_of(service, config.source_arn, "source")
    target = tasks.endpoint_of(service, config.target_arn, "target")
    _check_serverless(source, rules)
    check_endpoints(source, target, config.migration_type)
    check_mappings(service, source, rules)


def _check_serverless(source: Endpoint, rules: Json) -> None:
    # User guide, "AWS DMS Serverless limitations".
    if source.engine not in SERVERLESS_SOURCES:
        raise invalid_combination(
            f"AWS DMS Serverless does not support the source engine {source.engine}."
        )
    if source.engine == "db2" and source.attributes.get("SslMode", "none") != "none":
        raise invalid_combination("AWS DMS Serverless does not support SSL for Db2.")
    every = rules.get("rules")
    for rule in every if isinstance(every, list) else ():
        locator = rule.get("object-locator") if isinstance(rule, dict) else None
        kind = locator.get("table-type") if isinstance(locator, dict) else None
        if kind in {"view", "all"}:
            raise invalid_value("AWS DMS Serverless does not support views.")


def _name(text: str) -> str:
    return identifier("ReplicationConfigIdentifier", text, longest=255)


def _check_name_free(call: Call, name: str) -> None:
    for other in call.all(ReplicationConfig):
        if other.name == name:
            raise already_exists(f"Replication Config {name} already exists.", other.arn)
