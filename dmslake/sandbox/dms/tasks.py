"""Replication tasks: created, changed, described and deleted. Running them is in `task_runs`."""

from __future__ import annotations

from dataclasses import replace

from dmslake.sandbox.dms import endpoints, instances, tags
from dmslake.sandbox.dms.faults import already_exists, invalid_state, invalid_value, not_found
from dmslake.sandbox.dms.names import identifier
from dmslake.sandbox.dms.paging import Listing
from dmslake.sandbox.dms.parameters import Json
from dmslake.sandbox.dms.positions import start_of
from dmslake.sandbox.dms.quotas import check_quota
from dmslake.sandbox.dms.records import Endpoint, Task
from dmslake.sandbox.dms.service import Call, Service
from dmslake.sandbox.dms.table_mappings import read_mappings, same_mappings
from dmslake.sandbox.dms.task_rules import check_endpoints, check_mappings, check_settings
from dmslake.sandbox.dms.task_settings import apply_settings, same_but_for_severities
from dmslake.sandbox.dms.task_view import wire

LONGEST_IDENTIFIER = 255
IDLE = frozenset({"ready", "stopped", "failed", "failed-move"})
DELETABLE = IDLE | {"moving"}
LISTING: Listing[Task] = Listing(
    filters={
        "replication-task-arn": lambda task: [task.arn],
        "replication-task-id": lambda task: [task.name],
        "migration-type": lambda task: [task.migration_type],
        "endpoint-arn": lambda task: [task.source_arn, task.target_arn],
        "replication-instance-arn": lambda task: [task.instance_arn],
    },
    order=lambda task: task.name,
    noun="Tasks",
)


def create(call: Call) -> Json:
    """CreateReplicationTask."""
    service, asked = call.service, call.input
    name = identifier(
        "ReplicationTaskIdentifier",
        asked.text("ReplicationTaskIdentifier"),
        longest=LONGEST_IDENTIFIER,
    )
    labels = tags.read(asked.structures("Tags"))
    mappings = asked.text("TableMappings")
    rules = read_mappings(mappings)
    settings = apply_settings(asked.optional_text("ReplicationTaskSettings"))
    check_settings(settings)
    with service.lock:
        _check_name_free(call, name)
        check_quota(service, call.region, Task)
        source = _check_parts(call)
        check_mappings(service, source, rules)
        point = start_of(asked, asked.text("MigrationType"), source)
        task = Task(
            arn=service.new_arn(call.region, "task", asked.optional_text("ResourceIdentifier")),
            region=call.region,
            name=name,
            status="creating",
            created=service.clock(),
            due=service.after(service.delays.task_create),
            tags=labels,
            instance_arn=asked.text("ReplicationInstanceArn"),
            source_arn=asked.text("SourceEndpointArn"),
            target_arn=asked.text("TargetEndpointArn"),
            migration_type=asked.text("MigrationType"),
            table_mappings=mappings,
            settings=settings,
            data=asked.optional_text("TaskData"),
            start_position=point.position,
            start_time=point.time,
        )
        service.store.put(task)
        return {"ReplicationTask": wire(service, task)}


def modify(call: Call) -> Json:
    """ModifyReplicationTask: everything while idle, log severities only while running."""
    service, asked = call.service, call.input
    mappings = asked.optional_text("TableMappings")
    rules = None if mappings is None else read_mappings(mappings)
    with service.lock:
        task = find(service, asked.text("ReplicationTaskArn"))
        if rules is not None:
            check_mappings(service, endpoints.find(service, task.source_arn), rules)
        changed = _changed(call, task)
        if task.status == "running":
            _check_only_severities(task, changed)
            service.store.put(changed)
            return {"ReplicationTask": wire(service, changed)}
        if task.status not in IDLE:
            raise invalid_state(
                f"Replication Task {task.name} cannot be modified in {task.status} state."
            )
        changed = replace(
            changed,
            status="modifying",
            before_modifying=task.status,
            due=service.after(service.delays.task_modify),
        )
        service.store.put(changed)
        return {"ReplicationTask": wire(service, changed)}


def describe(call: Call) -> Json:
    """DescribeReplicationTasks."""
    bare = call.input.flag("WithoutSettings") is True
    with call.service.lock:
        tasks, marker = LISTING.page(call.all(Task), call.input)
        return {
            "ReplicationTasks": [wire(call.service, task, bare=bare) for task in tasks],
            "Marker": marker,
        }


def delete(call: Call) -> Json:
    """DeleteReplicationTask: only an idle one; its position is lost."""
    service = call.service
    with service.lock:
        task = find(service, call.input.text("ReplicationTaskArn"))
        if task.status not in DELETABLE:
            raise invalid_state(
                f"Replication Task {task.name} cannot be deleted in {task.status} state; "
                "stop it first."
            )
        due = service.after(service.delays.task_delete)
        task = replace(task, status="deleting", due=due)
        service.store.put(task)
        return {"ReplicationTask": wire(service, task)}


def find(service: Service, arn: str) -> Task:
    """Return a task, or raise ResourceNotFoundFault."""
    task = service.store.get(Task, arn)
    if task is None:
        raise not_found(f"Replication Task {arn} not found.")
    return task


def _check_parts(call: Call) -> Endpoint:
    service, asked = call.service, call.input
    instance = instances.find(service, asked.text("ReplicationInstanceArn"))
    source = endpoint_of(service, asked.text("SourceEndpointArn"), "source")
    target = endpoint_of(service, asked.text("TargetEndpointArn"), "target")
    if instance.status != "available":
        raise invalid_state(
            f"Replication Instance {instance.name} is not in available state; "
            f"it is {instance.status}."
        )
    check_endpoints(source, target, asked.text("MigrationType"))
    return source


def endpoint_of(service: Service, arn: str, kind: str) -> Endpoint:
    """Return an endpoint that replication may go from or to, or refuse it."""
    endpoint = endpoints.find(service, arn)
    if endpoint.type != kind:
        raise invalid_value(f"Endpoint {arn} is not a {kind} endpoint.")
    if endpoint.status == "deleting":
        raise invalid_state(f"Endpoint {endpoint.name} is in deleting state.")
    return endpoint


def _changed(call: Call, task: Task) -> Task:
    asked = call.input
    kind = asked.optional_text("MigrationType")
    if kind is not None and kind != task.migration_type:
        raise invalid_value(
            f"The migration type of Replication Task {task.name} cannot be changed."
        )
    settings = apply_settings(asked.optional_text("ReplicationTaskSettings"), task.settings)
    check_settings(settings)
    mappings = asked.optional_text("TableMappings")
    same = mappings is None or same_mappings(mappings, task.table_mappings)
    data = asked.optional_text("TaskData")
    source = endpoints.find(call.service, task.source_arn)
    point = start_of(asked, task.migration_type, source)
    if point:
        task = replace(task, start_position=point.position, start_time=point.time)
    return replace(
        task,
        name=_new_name(call, task),
        table_mappings=task.table_mappings if same or mappings is None else mappings,
        settings=settings,
        data=task.data if data is None else data,
    )


def _check_only_severities(task: Task, changed: Task) -> None:
    same = replace(changed, settings=task.settings) == task
    if not same or not same_but_for_severities(task.settings, changed.settings):
        raise invalid_state(
            "Replication Task, excluding logging severity task settings, cannot be modified "
            "while it is running state"
        )


def _check_name_free(call: Call, name: str) -> None:
    for other in call.all(Task):
        if other.name == name:
            raise already_exists(f"Replication Task {name} already exists.", other.arn)


def _new_name(call: Call, task: Task) -> str:
    wanted = call.input.optional_text("ReplicationTaskIdentifier")
    if wanted is None or wanted.lower() == task.name:
        return task.name
    name = identifier("ReplicationTaskIdentifier", wanted, longest=LONGEST_IDENTIFIER)
    _check_name_free(call, name)
    return name
