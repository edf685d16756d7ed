"""MoveReplicationTask: a task goes to another instance and keeps its position."""

from __future__ import annotations

from dataclasses import replace

from dmslake.sandbox.dms import instances, tasks
from dmslake.sandbox.dms.faults import invalid_combination, invalid_state
from dmslake.sandbox.dms.instance_rules import ENGINE_VERSIONS
from dmslake.sandbox.dms.parameters import Json
from dmslake.sandbox.dms.records import Instance, Task
from dmslake.sandbox.dms.service import Call, Service
from dmslake.sandbox.dms.task_view import wire


def move(call: Call) -> Json:
    """MoveReplicationTask: an idle task, to another instance of the same engine or a newer one."""
    service, asked = call.service, call.input
    with service.lock:
        task = tasks.find(service, asked.text("ReplicationTaskArn"))
        target = instances.find(service, asked.text("TargetReplicationInstanceArn"))
        if task.status not in tasks.IDLE:
            raise invalid_state(
                f"Replication Task {task.name} cannot be moved in {task.status} state; "
                "stop it first."
            )
        _check_target(service, task, target)
        task = replace(
            task,
            status="moving",
            before_modifying=task.status,
            moving_to=target.arn,
            due=service.after(service.delays.task_move),
        )
        service.store.put(task)
        return {"ReplicationTask": wire(service, task)}


def moved(service: Service, task: Task) -> Task:
    """Return a task as it stands after its move: on the new instance, or failed on the old one."""
    target = service.store.get(Instance, task.moving_to or "")
    task = replace(task, due=None, moving_to=None)
    if target is None or target.status != "available":
        return replace(
            task,
            status="failed-move",
            failure="The target replication instance is not available.",
        )
    rested = "ready" if task.fresh_started is None else "stopped"
    before = rested if task.before_modifying == "failed-move" else task.before_modifying
    return replace(task, status=before, instance_arn=target.arn)


def _check_target(service: Service, task: Task, target: Instance) -> None:
    if target.arn == task.instance_arn:
        raise invalid_combination(
            f"Replication Task {task.name} is already on Replication Instance {target.name}."
        )
    if target.status != "available":
        raise invalid_state(
            f"Replication Instance {target.name} is not in available state; it is {target.status}."
        )
    now = instances.find(service, task.instance_arn)
    if _version(target) < _version(now):
        raise invalid_state(
            f"Replication Task {task.name} cannot be moved to an instance with an older engine."
        )


def _version(instance: Instance) -> int:
    return ENGINE_VERSIONS.index(str(instance.attributes["EngineVersion"]))
