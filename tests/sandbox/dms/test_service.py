"""The service as it runs by itself: real time, and many callers at once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dmslake.sandbox.dms.delays import NAMES, Delays
from dmslake.sandbox.dms.operations import ADVANCES
from dmslake.sandbox.dms.records import Endpoint, Instance, Task
from dmslake.sandbox.dms.server import DmsServer
from dmslake.sandbox.dms.service import Service
from dmslake.sandbox.dms.store import Store
from tests.sandbox.dms.fakes import ACCOUNT, FakeCloud, FakePlane
from tests.sandbox.dms.harness import MAPPINGS, SOURCE, TARGET, client_of, eventually

CALLERS = 8


@dataclass
class Running:
    service: Service
    server: DmsServer
    plane: FakePlane


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    plane = FakePlane()
    service = Service(
        store=Store(tmp_path / "state"),
        cloud=FakeCloud(),
        plane=plane,
        clock=lambda: datetime.now(UTC),
        delays=Delays(**dict.fromkeys(NAMES, 0.02)),
        account=ACCOUNT,
    )
    service.start(ADVANCES)
    service.run_by_itself()
    server = DmsServer(service, "127.0.0.1", 0)
    thread = server.serve_in_thread()
    yield Running(service, server, plane)
    server.shutdown()
    server.server_close()
    thread.join(timeout=5)
    assert service.close(timeout=5.0)


def test_time_passes_without_any_request(running: Running) -> None:
    store = running.service.store
    with closing(client_of(running.server.url)) as client:
        endpoint = client.create_endpoint(EndpointIdentifier="e", **SOURCE)["Endpoint"]
        instance = client.create_replication_instance(
            ReplicationInstanceIdentifier="i", ReplicationInstanceClass="dms.t3.medium"
        )["ReplicationInstance"]

    eventually(lambda: [one.status for one in store.all(Endpoint)] == ["active"])
    eventually(lambda: [one.status for one in store.all(Instance)] == ["available"])
    assert store.get(Endpoint, endpoint["EndpointArn"])
    assert store.get(Instance, instance["ReplicationInstanceArn"])


def test_many_callers_at_once_each_get_their_own(running: Running) -> None:
    def live(number: int) -> str:
        with closing(client_of(running.server.url)) as client:
            instance = client.create_replication_instance(
                ReplicationInstanceIdentifier=f"i{number}",
                ReplicationInstanceClass="dms.t3.medium",
            )["ReplicationInstance"]["ReplicationInstanceArn"]
            ends = [
                client.create_endpoint(EndpointIdentifier=f"{kind}{number}", **members)["Endpoint"][
                    "EndpointArn"
                ]
                for kind, members in (("source", SOURCE), ("target", TARGET))
            ]
            store = running.service.store
            eventually(lambda: _status(store.get(Instance, instance)) == "available")
            for end in ends:
                eventually(lambda end=end: _status(store.get(Endpoint, end)) == "active")  # type: ignore[misc]  # a lambda's default
                client.test_connection(ReplicationInstanceArn=instance, EndpointArn=end)
            filters = [{"Name": "replication-instance-arn", "Values": [instance]}]
            eventually(
                lambda: (
                    {
                        one["Status"]
                        for one in client.describe_connections(Filters=filters)["Connections"]  # type: ignore[arg-type]  # literal names
                    }
                    == {"successful"}
                )
            )
            task = client.create_replication_task(
                ReplicationTaskIdentifier=f"task{number}",
                ReplicationInstanceArn=instance,
                SourceEndpointArn=ends[0],
                TargetEndpointArn=ends[1],
                MigrationType="full-load-and-cdc",
                TableMappings=MAPPINGS,
            )["ReplicationTask"]["ReplicationTaskArn"]
            eventually(lambda: _status(store.get(Task, task)) == "ready")
            client.start_replication_task(
                ReplicationTaskArn=task, StartReplicationTaskType="start-replication"
            )
            eventually(lambda: _status(store.get(Task, task)) == "running")
            client.stop_replication_task(ReplicationTaskArn=task)
            eventually(lambda: _status(store.get(Task, task)) == "stopped")
            client.delete_replication_task(ReplicationTaskArn=task)
            eventually(lambda: store.get(Task, task) is None)
            return task

    with ThreadPoolExecutor(CALLERS) as callers:
        tasks = list(callers.map(live, range(CALLERS)))

    assert len(set(tasks)) == CALLERS
    assert len(running.plane.runs) == CALLERS
    assert len(running.plane.dropped) == CALLERS


def test_a_name_is_given_once_however_many_ask(running: Running) -> None:
    def create(_: int) -> bool:
        with closing(client_of(running.server.url)) as client:
            try:
                client.create_endpoint(EndpointIdentifier="same", **SOURCE)
            except client.exceptions.ResourceAlreadyExistsFault:
                return False
            return True

    with ThreadPoolExecutor(CALLERS) as callers:
        created = list(callers.map(create, range(CALLERS)))

    assert created.count(True) == 1


def _status(record: Instance | Endpoint | Task | None) -> str:
    return "absent" if record is None else record.status
