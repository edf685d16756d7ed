from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmslake.sandbox.dms.positions import checkpoint_text, lsn_of
from dmslake.sandbox.dms.replication.model import Checkpoint, Start
from tests.sandbox.dms.harness import SOURCE, Harness, eventually, refusal

WITH_SLOT: dict[str, Any] = {**SOURCE, "PostgreSQLSettings": {"SlotName": "mine"}}


@pytest.fixture
def parts(dms: Harness) -> tuple[str, str, str]:
    """Connected parts whose source names a slot."""
    instance, _, target = dms.create_parts()
    source = dms.create_endpoint("with-slot", WITH_SLOT)
    assert dms.connect(instance, source) == "successful"
    return instance, source, target


@pytest.mark.parametrize("position", ["4AF/B00000D0", "checkpoint:V1#1#000004AF/B00000D0#0#0#*#0"])
def test_a_position_reaches_the_data_plane(
    dms: Harness, parts: tuple[str, str, str], position: str
) -> None:
    task = dms.create_task(parts, MigrationType="cdc", CdcStartPosition=position)

    assert dms.task(task)["CdcStartPosition"] == position
    run = dms.start_task(task)
    assert run.job.start_position == 0x4AF_B00000D0
    assert run.job.source.slot_name == "mine"


def test_a_checkpoint_of_one_task_begins_another(dms: Harness, parts: tuple[str, str, str]) -> None:
    first = dms.create_task(parts, MigrationType="cdc")
    dms.start_task(first).on_checkpoint(Checkpoint(lsn=0x1_0000_00FF))
    assert "RecoveryCheckpoint" not in dms.task(first)
    dms.stop_task(first)
    saved = dms.task(first)["RecoveryCheckpoint"]

    second = dms.create_task(parts, "second", MigrationType="cdc", CdcStartPosition=saved)

    assert dms.start_task(second).job.start_position == 0x1_0000_00FF


def test_a_later_start_may_begin_somewhere_else(dms: Harness, parts: tuple[str, str, str]) -> None:
    task = dms.create_task(parts, MigrationType="cdc")
    dms.start_task(task)
    dms.stop_task(task)
    started = len(dms.plane.runs)
    start = {"ReplicationTaskArn": task, "StartReplicationTaskType": "start-replication"}

    assert refusal(dms.client.start_replication_task, **start)[0] == (
        "InvalidParameterCombinationException"
    )
    dms.client.start_replication_task(**start, CdcStartPosition="1/A")  # type: ignore[arg-type]  # literals
    dms.advance(dms.delays.task_start)
    eventually(lambda: len(dms.plane.runs) > started)
    job = dms.plane.runs[-1].job
    assert (job.start, job.start_position) == (Start.FRESH, 0x1_0000_000A)


def test_a_stopped_task_knows_what_it_took_before(
    dms: Harness, parts: tuple[str, str, str]
) -> None:
    task = dms.create_task(parts)
    assert dms.start_task(task).job.mappings_of_last_run is None
    dms.stop_task(task)

    resumed = dms.start_task(task, "resume-processing")

    assert resumed.job.mappings_of_last_run == resumed.job.mappings


@given(st.integers(min_value=0, max_value=2**64 - 1))
def test_a_position_is_read_back_from_a_checkpoint(lsn: int) -> None:
    assert lsn_of(checkpoint_text(lsn)) == lsn


@pytest.mark.parametrize("text", ["", "1", "1/", "G/1", "1/123456789", "2018-03-08T12:12:12"])
def test_other_text_is_no_position(text: str) -> None:
    assert lsn_of(text) is None
