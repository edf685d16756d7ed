from __future__ import annotations

from typing import Any

from dmslake.sandbox.dms.replication.model import Checkpoint, Start
from tests.sandbox.dms.harness import Harness, refusal

STATE = "InvalidResourceStateFault"


def move(dms: Harness, task: str, instance: str) -> dict[str, Any]:
    answer = dms.client.move_replication_task(
        ReplicationTaskArn=task, TargetReplicationInstanceArn=instance
    )
    return dict(answer["ReplicationTask"])


def refused(dms: Harness, task: str, instance: str) -> tuple[str, str]:
    return refusal(
        dms.client.move_replication_task,
        ReplicationTaskArn=task,
        TargetReplicationInstanceArn=instance,
    )


def test_a_stopped_task_moves_and_goes_on_from_its_position(dms: Harness) -> None:
    parts = dms.create_parts()
    task = dms.create_task(parts)
    run = dms.start_task(task)
    run.on_checkpoint(Checkpoint(lsn=255))
    dms.stop_task(task)
    other = dms.create_instance("other")

    moving = move(dms, task, other)

    assert (moving["Status"], moving["TargetReplicationInstanceArn"]) == ("moving", other)
    assert moving["ReplicationInstanceArn"] == parts[0]
    dms.advance(dms.delays.task_move)
    moved = dms.task(task)
    assert (moved["Status"], moved["ReplicationInstanceArn"]) == ("stopped", other)
    assert "TargetReplicationInstanceArn" not in moved
    assert moved["RecoveryCheckpoint"].startswith("checkpoint:V1#1#00000000/000000FF")
    code, message = refusal(
        dms.client.start_replication_task,
        ReplicationTaskArn=task,
        StartReplicationTaskType="resume-processing",
    )
    assert (code, "replication instance other" in message) == (STATE, True)
    for endpoint in parts[1:]:
        assert dms.connect(other, endpoint) == "successful"
    resumed = dms.start_task(task, "resume-processing")
    assert (resumed.job.start, resumed.job.checkpoint) == (Start.RESUME, Checkpoint(lsn=255))
    dms.client.delete_replication_instance(ReplicationInstanceArn=parts[0])


def test_a_task_that_never_ran_stays_ready(dms: Harness) -> None:
    task = dms.create_task(dms.create_parts())

    move(dms, task, dms.create_instance("other"))
    dms.advance(dms.delays.task_move)

    assert dms.task(task)["Status"] == "ready"


def test_a_running_task_does_not_move(dms: Harness) -> None:
    task = dms.create_task(dms.create_parts())
    other = dms.create_instance("other")
    dms.start_task(task)

    code, message = refused(dms, task, other)

    assert (code, "running state" in message) == (STATE, True)


def test_where_a_task_cannot_move(dms: Harness) -> None:
    parts = dms.create_parts()
    task = dms.create_task(parts)
    old = dms.client.create_replication_instance(
        ReplicationInstanceIdentifier="old",
        ReplicationInstanceClass="dms.t3.medium",
        EngineVersion="3.5.4",
    )["ReplicationInstance"]["ReplicationInstanceArn"]

    assert refused(dms, task, parts[0])[0] == "InvalidParameterCombinationException"
    assert "not in available state" in refused(dms, task, old)[1]
    dms.advance(dms.delays.instance_create)
    assert "older engine" in refused(dms, task, old)[1]
    assert refused(dms, task, f"{old}x")[0] == "ResourceNotFoundFault"
    assert refused(dms, f"{task}x", old)[0] == "ResourceNotFoundFault"


def test_a_moving_task_can_only_be_deleted_and_holds_both_instances(dms: Harness) -> None:
    parts = dms.create_parts()
    task = dms.create_task(parts)
    other = dms.create_instance("other")
    move(dms, task, other)

    assert refused(dms, task, other)[0] == STATE
    assert refusal(dms.client.modify_replication_task, ReplicationTaskArn=task)[0] == STATE
    for instance in (parts[0], other):
        delete = dms.client.delete_replication_instance
        assert refusal(delete, ReplicationInstanceArn=instance)[0] == STATE
    dms.client.delete_replication_task(ReplicationTaskArn=task)
    assert dms.task(task)["Status"] == "deleting"


def test_a_move_fails_when_its_instance_is_not_available_at_its_end(dms: Harness) -> None:
    parts = dms.create_parts()
    task = dms.create_task(parts)
    other = dms.create_instance("other")
    move(dms, task, other)
    dms.client.modify_replication_instance(
        ReplicationInstanceArn=other, AllocatedStorage=99, ApplyImmediately=True
    )
    dms.advance(dms.delays.task_move)

    failed = dms.task(task)
    assert (failed["Status"], failed["ReplicationInstanceArn"]) == ("failed-move", parts[0])
    assert "not available" in failed["LastFailureMessage"]
    dms.advance(dms.delays.instance_modify)
    move(dms, task, other)
    dms.advance(dms.delays.task_move)
    assert dms.task(task)["Status"] == "ready"


def test_a_move_survives_a_crash(dms: Harness) -> None:
    task = dms.create_task(dms.create_parts())
    other = dms.create_instance("other")
    move(dms, task, other)

    dms.crash()
    dms.start()
    dms.advance(dms.delays.task_move)

    assert dms.task(task)["ReplicationInstanceArn"] == other
