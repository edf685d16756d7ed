"""Serverless replications: started through their seven stages, stopped, and what becomes of them.

DMS tests both endpoints itself in one of the stages; a failed test fails the replication.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from dmslake.sandbox.dms import probes, replication_configs
from dmslake.sandbox.dms.delays import Delays
from dmslake.sandbox.dms.faults import invalid_combination, invalid_state
from dmslake.sandbox.dms.jobs import drop_what_is_left
from dmslake.sandbox.dms.parameters import Json
from dmslake.sandbox.dms.records import (
    Endpoint,
    Record,
    ReplicationConfig,
    StartKind,
    StoredStatistics,
)
from dmslake.sandbox.dms.replication_view import DEPROVISION_AFTER, wire_replication
from dmslake.sandbox.dms.run_results import (
    forget,
    launch_run,
    look_after,
    look_after_stop,
    put_stopped,
)
from dmslake.sandbox.dms.run_view import tables_of, wire_table
from dmslake.sandbox.dms.service import Call, Service
from dmslake.sandbox.dms.task_runs import START_KINDS, TABLES, check_kind
from dmslake.sandbox.dms.task_states import begun

_log = logging.getLogger(__name__)
_POSITIONS = ("CdcStartTime", "CdcStartPosition", "CdcStopPosition")
_TESTING, _PROVISIONING = "testing_connection", "provisioning_capacity"


def start(call: Call) -> Json:
    """StartReplication: no tests beforehand, and no start point of one's own."""
    service, asked = call.service, call.input
    with service.lock:
        config = replication_configs.find(service, asked.text("ReplicationConfigArn"))
        if config.status not in replication_configs.IDLE:
            raise invalid_state(
                f"Replication {config.name} cannot be started in {config.status} state."
            )
        word = asked.text("StartReplicationType")
        kind = START_KINDS.get(word)
        if kind is None:
            raise invalid_combination(f"Start Type : {word}, is not valid")
        _check_start(call, config, word, kind)
        config = replace(
            begun(service, config, kind), start_word=word, capacity=None, provisioned=None
        )
        # The answers of an earlier start say nothing about this one.
        for key in _tests(config).values():
            service.tests.drop(key)
        config = _enter(service, config, next(iter(_stages(service.delays))))
        return {"Replication": wire_replication(service, config)}


def stop(call: Call) -> Json:
    """StopReplication: flushes what is pending; the capacity stays for a while."""
    service = call.service
    with service.lock:
        config = replication_configs.find(service, call.input.text("ReplicationConfigArn"))
        if config.status != "running" and config.status not in _stages(service.delays):
            raise invalid_state(f"Replication {config.name} is currently not running.")
        service.runs.stop(config.arn)
        due = service.after(service.delays.replication_stop)
        config = replace(config, status="stopping", due=due)
        service.store.put(config)
        return {"Replication": wire_replication(service, config)}


def describe(call: Call) -> Json:
    """DescribeReplications."""
    service = call.service
    with service.lock:
        configs, marker = replication_configs.LISTING.page(call.all(ReplicationConfig), call.input)
        return {
            "Replications": [wire_replication(service, one) for one in configs],
            "Marker": marker,
        }


def describe_tables(call: Call) -> Json:
    """DescribeReplicationTableStatistics: empty until it has seen its tables."""
    service = call.service
    with service.lock:
        config = replication_configs.find(service, call.input.text("ReplicationConfigArn"))
        tables = tables_of(service, config)
    page, marker = TABLES.page(tables, call.input)
    return {
        "ReplicationConfigArn": config.arn,
        "ReplicationTableStatistics": [wire_table(table) for table in page],
        "Marker": marker,
    }


def advance(service: Service, record: Record) -> None:
    """Move a replication on, and start its run again after a restart of the service."""
    config = service.store.get(ReplicationConfig, record.key)
    if config is None:
        return
    if config.status == "running":
        look_after(service, config)
    elif config.status in _stages(service.delays):
        _advance_stage(service, config)
    elif config.status in {"stopped", "failed"}:
        _deprovision(service, config)
    elif service.is_due(config):
        _advance_due(service, config)


def _advance_due(service: Service, config: ReplicationConfig) -> None:
    if config.status == "stopping":
        look_after_stop(service, config)
    elif config.status == "modifying":
        service.store.put(replace(config, status=config.before_modifying, due=None))
    elif config.status == "deleting":
        _advance_deleting(service, config)


def _advance_stage(service: Service, config: ReplicationConfig) -> None:
    if config.status == _TESTING and not _is_tested(service, config):
        return
    # A failed test has ended it.
    config = replication_configs.find(service, config.arn)
    if config.status == "failed" or not service.is_due(config):
        return
    stages = list(_stages(service.delays))
    if config.status == _PROVISIONING:
        least = config.compute["MinCapacityUnits"]
        capacity = least if isinstance(least, int) else 1
        config = replace(config, capacity=capacity, provisioned=service.clock())
    if config.status == stages[-1]:
        launch_run(service, config)
        service.store.put(replace(config, status="running", due=None))
        return
    _enter(service, config, stages[stages.index(config.status) + 1])


def _enter(service: Service, config: ReplicationConfig, stage: str) -> ReplicationConfig:
    config = replace(config, status=stage, due=service.after(_stages(service.delays)[stage]))
    service.store.put(config)
    return config


def _is_tested(service: Service, config: ReplicationConfig) -> bool:
    """Tell whether both endpoints answered; fails the replication when one did not."""
    tests = _tests(config)
    for end, key in tests.items():
        endpoint = service.store.get(Endpoint, end)
        if key not in service.tests and endpoint is not None:
            _launch_test(service, key, endpoint)
    if not service.is_due(config) or not all(service.tests.is_done(key) for key in tests.values()):
        return False
    for key in tests.values():
        ended = service.tests.take(key)
        failure = ended.result() if ended is not None and ended.exception() is None else "broken"
        if failure is not None:
            for other in tests.values():
                service.tests.drop(other)
            put_stopped(service, config, "FATAL_ERROR", failure)
            return False
    return True


def _tests(config: ReplicationConfig) -> dict[str, str]:
    """Return the key of each endpoint's test."""
    return {end: f"{config.arn} {end}" for end in (config.source_arn, config.target_arn)}


def _launch_test(service: Service, key: str, endpoint: Endpoint) -> None:
    service.tests.start(key, lambda: probes.probe(service, endpoint))


def _deprovision(service: Service, config: ReplicationConfig) -> None:
    rests = config.stopped is not None and config.provisioned is not None
    if rests and config.stopped and service.clock() >= config.stopped + DEPROVISION_AFTER:
        service.store.put(replace(config, provisioned=None, capacity=None))
        service.store.remove(StoredStatistics, config.arn)


def _advance_deleting(service: Service, config: ReplicationConfig) -> None:
    if config.arn not in service.deletions:
        service.deletions.start(config.arn, drop_what_is_left(service, config))
        return
    ended = service.deletions.take(config.arn)
    if ended is None:
        return
    error = ended.exception()
    if error is not None:
        _log.error("replication %s left something on its source", config.name, exc_info=error)
    forget(service, config)


def _check_start(call: Call, config: ReplicationConfig, word: str, kind: StartKind) -> None:
    given = [name for name in _POSITIONS if name in call.input]
    if given:
        raise invalid_combination(f"AWS DMS Serverless does not support {', '.join(given)}.")
    if kind is StartKind.RESUME and config.migration_type == "full-load":
        raise invalid_combination(
            "Start Type : RESUME_PROCESSING, not valid for replications of type full-load"
        )
    check_kind(word, kind, config)


def _stages(delays: Delays) -> dict[str, float]:
    """Return the stages before it runs, in their order, with the seconds that each lasts."""
    return {
        "initializing": delays.replication_initialize,
        "preparing_metadata_resources": delays.replication_prepare_metadata,
        _TESTING: delays.replication_test,
        "fetching_metadata": delays.replication_fetch_metadata,
        "calculating_capacity": delays.replication_calculate,
        _PROVISIONING: delays.replication_provision,
        "replication_starting": delays.replication_start,
    }
