"""The drain: what was staged last reaches the lake before the loader goes, or it is said."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from dmslake.aws.clients import Clients
from dmslake.engine.assessment import assess_removal
from dmslake.engine.plan import Action
from dmslake.engine.resource import Live
from dmslake.kinds import drain as kind
from dmslake.kinds.drain import Drain
from dmslake.lake.config import LoaderConfig
from dmslake.lake.routing import Route
from tests.contract.recording import Calls, denied
from tests.kinds.aws.conftest import ACCOUNT

CONFIG = LoaderConfig(
    pipeline="shop",
    staging_bucket="staging",
    staging_prefix="dms",
    lake_bucket="lake",
    lake_prefix="raw",
    account="123456789012",
)
DRAIN = Drain(name="shop", staging_bucket="staging", staging_prefix="dms", config=CONFIG)
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def stage(aws: Clients, *keys: str) -> None:
    for key in keys:
        aws.s3.put_object(Bucket="staging", Key=key, Body=b"x")


def load(aws: Clients, key: str) -> None:
    """Do what the loader does."""
    arrived = aws.s3.head_object(Bucket="staging", Key=key)["LastModified"]
    route = CONFIG.router().route(key, arrived)
    assert isinstance(route, Route)
    aws.s3.copy_object(
        Bucket="lake", Key=route.target, CopySource={"Bucket": "staging", "Key": key}
    )


def fresh(**changes: Any) -> Drain:
    return replace(DRAIN, memory=kind.Memory(), **changes)


@pytest.fixture
def s3(aws: Clients) -> Clients:
    here: Any = {"LocationConstraint": "eu-west-1"}
    for bucket in ("staging", "lake"):
        aws.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=here)
    return aws


def test_nothing_staged_is_nothing_to_wait_for(s3: Clients) -> None:
    assert fresh().read(s3) is None


def test_it_exists_until_everything_is_in_the_lake(s3: Clients) -> None:
    first, second = "dms/public/a b/LOAD00000001.csv", "dms/public/orders/LOAD00000001.csv"
    stage(s3, first, second)
    drain = fresh()
    live = drain.read(s3)
    assert live == Live(state=f"waiting for 2 objects to reach the lake, the newest {second}")
    assert assess_removal(drain, live).action is Action.DELETE
    load(s3, second)
    told = f"waiting for one object to reach the lake, the newest {first}"
    assert drain.read(s3) == Live(state=told)
    load(s3, first)
    assert drain.read(s3) is None


def test_what_the_loader_leaves_out_is_not_waited_for(s3: Clients) -> None:
    stage(s3, "elsewhere/a/b/c.csv", "dms/awsdms_test.txt", "dms/public/", ".dmslake/shop.lock")
    assert fresh().read(s3) is None


def test_what_is_staged_longer_than_that_counts_as_done(s3: Clients) -> None:
    old = NOON - timedelta(hours=7)
    listed = [
        {"Key": "dms/public/orders/old.csv", "LastModified": old},
        {"Key": "dms/public/orders/new.csv", "LastModified": NOON},
    ]
    fake = SimpleNamespace(
        get_paginator=lambda _: SimpleNamespace(paginate=lambda **_: [{"Contents": listed}]),
        head_object=s3.s3.head_object,
        head_bucket=s3.s3.head_bucket,
    )
    clients = Clients(s3._session, ACCOUNT)
    clients._made["s3"] = fake
    assert "one object" in str(fresh().read(clients))
    assert "2 objects" in str(fresh(since_hours=8).read(clients))


def test_a_million_staged_objects_take_the_memory_of_a_few(
    s3: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kind, "_LOOKED_AT", 5)
    stage(s3, *(f"dms/public/orders/{number:04}.csv" for number in range(30)))
    drain = fresh()
    assert "waiting for 5 objects" in str(drain.read(s3))
    assert len(drain.memory.waiting or ()) == 5


def test_what_went_from_staging_meanwhile_is_not_waited_for(s3: Clients) -> None:
    key = "dms/public/orders/LOAD00000001.csv"
    stage(s3, key)
    drain = fresh()
    assert drain.read(s3) is not None
    s3.s3.delete_object(Bucket="staging", Key=key)
    assert drain.read(s3) is None


def test_an_older_copy_in_the_lake_is_not_the_one(s3: Clients) -> None:
    key = "dms/public/orders/LOAD00000001.csv"
    stage(s3, key)
    load(s3, key)
    head: Any = s3.s3.head_object

    def older(**request: Any) -> Any:
        answer = dict(head(**request))
        if request["Bucket"] == "lake":
            answer["LastModified"] -= timedelta(hours=1)
        return answer

    clients = Clients(s3._session, ACCOUNT)
    fake = SimpleNamespace(
        get_paginator=s3.s3.get_paginator, head_object=older, head_bucket=s3.s3.head_bucket
    )
    clients._made["s3"] = fake
    assert fresh().read(clients) is not None


def with_task(aws: Clients, status: str) -> Clients:
    clients = Clients(aws._session, ACCOUNT)
    tasks = {"ReplicationTasks": [{"Status": status}]}
    clients._made["dms"] = SimpleNamespace(describe_replication_tasks=lambda **_: tasks)
    return clients


def test_while_the_task_runs_there_is_more_to_come(s3: Clients, said: Calls) -> None:
    drain = fresh(task="shop-task")
    live = drain.read(with_task(s3, "running"))
    assert live == Live(state="waiting for the replication task to stop")
    assert said.actions == {"s3:CreateBucket"}
    assert drain.read(with_task(s3, "stopped")) is None


@pytest.mark.parametrize("bucket", ["staging", "lake"])
def test_a_bucket_that_is_gone_is_nothing_to_wait_for(s3: Clients, bucket: str) -> None:
    key = "dms/public/orders/LOAD00000001.csv"
    stage(s3, key)
    if bucket == "staging":
        s3.s3.delete_object(Bucket="staging", Key=key)
    s3.s3.delete_bucket(Bucket=bucket)
    assert fresh().read(s3) is None


def test_a_loader_that_is_gone_moves_nothing_any_more(s3: Clients) -> None:
    stage(s3, "dms/public/orders/LOAD00000001.csv")
    assert fresh(loader="shop-loader").read(s3) is None


def test_a_lake_that_may_not_be_read_is_waited_for_blindly(s3: Clients, said: Calls) -> None:
    stage(s3, "dms/public/orders/LOAD00000001.csv")
    drain = fresh()
    assert drain.read(s3) is not None
    head = s3.s3.head_object

    def blind(**request: Any) -> Any:
        with denied(said):
            return head(**request)

    fake = SimpleNamespace(head_object=blind, head_bucket=s3.s3.head_bucket)
    s3._made["s3"] = fake
    told = "waiting without seeing what arrives, for want of s3:GetObject on bucket lake"
    assert drain.read(s3) == Live(state=told)


def test_it_does_nothing_itself(s3: Clients, said: Calls) -> None:
    said.clear()
    DRAIN.create(s3)
    DRAIN.update(s3, {})
    DRAIN.delete(s3)
    assert said.actions == set()
    assert not Drain.insists
    assert Drain.patience.limit == 600
