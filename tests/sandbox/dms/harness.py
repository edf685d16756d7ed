"""A DMS with a real boto3 client in front of it and doubles behind it."""

from __future__ import annotations

import functools
import json
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.model import ListShape, OperationModel, Shape, StructureShape

from dmslake.sandbox.dms.delays import Delays
from dmslake.sandbox.dms.operations import ADVANCES
from dmslake.sandbox.dms.server import DmsServer
from dmslake.sandbox.dms.service import Service
from dmslake.sandbox.dms.store import Store
from tests.sandbox.dms.fakes import ACCOUNT, ROLE, FakeClock, FakeCloud, FakePlane, FakeRun

if TYPE_CHECKING:
    from mypy_boto3_dms import DatabaseMigrationServiceClient

REGION = "eu-west-1"
SELECT_ALL = {
    "rules": [
        {
            "rule-type": "selection",
            "rule-id": "1",
            "rule-name": "1",
            "object-locator": {"schema-name": "public", "table-name": "%"},
            "rule-action": "include",
        }
    ]
}
MAPPINGS = json.dumps(SELECT_ALL)
SOURCE: dict[str, Any] = {
    "EndpointType": "source",
    "EngineName": "postgres",
    "ServerName": "db.example.com",
    "Port": 5432,
    "DatabaseName": "shop",
    "Username": "dms",
    "Password": "hunter2-secret",
}
TARGET: dict[str, Any] = {
    "EndpointType": "target",
    "EngineName": "s3",
    "S3Settings": {"BucketName": "staging", "BucketFolder": "in", "ServiceAccessRoleArn": ROLE},
}


def eventually(what: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until something is so, for work that really happens in threads."""
    deadline = time.monotonic() + seconds
    never = threading.Event()
    while not what():
        assert time.monotonic() < deadline, "it never became so"
        never.wait(0.002)


def client_of(url: str, region: str = REGION) -> DatabaseMigrationServiceClient:
    """Return a boto3 client that checks each answer against the service's model."""
    client = _session().client(
        "dms",
        endpoint_url=url,
        region_name=region,
        config=Config(retries={"total_max_attempts": 1}, proxies={}, parameter_validation=False),
    )
    client.meta.events.register("before-parse.database-migration-service.*", _check_answer)
    return client


@functools.cache
def _session() -> boto3.Session:
    return boto3.Session(aws_access_key_id="AKIAEXAMPLE", aws_secret_access_key="secret")


def refusal(call: Callable[..., object], **parameters: object) -> tuple[str, str]:
    """Return code and message with which the service refuses a call."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    error = caught.value.response["Error"]
    assert caught.value.response["ResponseMetadata"]["RequestId"]
    return error["Code"], error["Message"]


class Harness:
    """The service, its doubles and the passing of time."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.clock = FakeClock()
        self.cloud = FakeCloud()
        self.plane = FakePlane()
        self.delays = Delays()
        self._crashed: list[Service] = []
        self.start()

    def start(self) -> None:
        """Start the service on what the state directory holds."""
        self.service = Service(
            store=Store(self.state),
            cloud=self.cloud,
            plane=self.plane,
            clock=self.clock,
            delays=self.delays,
            account=ACCOUNT,
        )
        self.service.start(ADVANCES)
        self.server = DmsServer(self.service, "127.0.0.1", 0)
        self._thread = self.server.serve_in_thread()
        self.client = client_of(self.server.url)

    def stop(self) -> None:
        """Stop the service cleanly."""
        self._stop_http()
        self.service.close(timeout=5.0)
        for crashed in self._crashed:
            crashed.runs.stop_all(timeout=5.0)

    def crash(self) -> None:
        """Leave without a word: nothing is flushed, nothing is written."""
        self._stop_http()
        self._crashed.append(self.service)
        self.service.store.close()
        self.service.pool.shutdown(wait=False, cancel_futures=True)

    def advance(self, seconds: float) -> None:
        """Let time pass, with what it brings."""
        self.clock.advance(seconds)
        self.service.settle()

    def _stop_http(self) -> None:
        self.client.close()
        self.server.shutdown()
        self.server.server_close()
        self._thread.join(timeout=5)

    def create_group(self, name: str = "group") -> None:
        self.client.create_replication_subnet_group(
            ReplicationSubnetGroupIdentifier=name,
            ReplicationSubnetGroupDescription="for tests",
            SubnetIds=["subnet-a", "subnet-b"],
        )

    def create_instance(self, name: str = "instance") -> str:
        """Create an available instance; return its ARN."""
        created = self.client.create_replication_instance(
            ReplicationInstanceIdentifier=name, ReplicationInstanceClass="dms.t3.medium"
        )
        self.advance(self.delays.instance_create)
        return created["ReplicationInstance"]["ReplicationInstanceArn"]

    def create_endpoint(self, name: str, members: Mapping[str, Any]) -> str:
        """Create an active endpoint; return its ARN."""
        created = self.client.create_endpoint(EndpointIdentifier=name, **members)
        self.advance(self.delays.endpoint_create)
        return created["Endpoint"]["EndpointArn"]

    def connect(self, instance: str, endpoint: str) -> str:
        """Test a connection to its end; return the status."""
        self.client.test_connection(ReplicationInstanceArn=instance, EndpointArn=endpoint)
        return self.connected(instance, endpoint)

    def connected(self, instance: str, endpoint: str) -> str:
        """Wait for a test that is under way; return the status."""
        self.advance(self.delays.connection_test)
        eventually(lambda: self.connection(instance, endpoint)["Status"] != "testing")
        return str(self.connection(instance, endpoint)["Status"])

    def connection(self, instance: str, endpoint: str) -> Mapping[str, Any]:
        """Return a connection as the client sees it."""
        described = self.client.describe_connections(
            Filters=[
                {"Name": "replication-instance-arn", "Values": [instance]},
                {"Name": "endpoint-arn", "Values": [endpoint]},
            ]
        )
        return described["Connections"][0]

    def create_parts(self) -> tuple[str, str, str]:
        """Create instance, source and target, connected; return their ARNs."""
        instance = self.create_instance()
        source = self.create_endpoint("source", SOURCE)
        target = self.create_endpoint("target", TARGET)
        assert self.connect(instance, source) == "successful"
        assert self.connect(instance, target) == "successful"
        return instance, source, target

    def create_task(self, parts: tuple[str, str, str], name: str = "task", **more: Any) -> str:
        """Create a ready task; return its ARN."""
        instance, source, target = parts
        members = {"MigrationType": "full-load-and-cdc", "TableMappings": MAPPINGS, **more}
        created = self.client.create_replication_task(
            ReplicationTaskIdentifier=name,
            ReplicationInstanceArn=instance,
            SourceEndpointArn=source,
            TargetEndpointArn=target,
            **members,
        )
        self.advance(self.delays.task_create)
        return created["ReplicationTask"]["ReplicationTaskArn"]

    def start_task(self, task: str, how: str = "start-replication") -> FakeRun:
        """Start a task; return its run once it is in progress."""
        before = len(self.plane.runs)
        self.client.start_replication_task(
            ReplicationTaskArn=task,
            StartReplicationTaskType=how,  # type: ignore[arg-type]  # any of the three
        )
        self.advance(self.delays.task_start)
        eventually(lambda: len(self.plane.runs) > before)
        return self.plane.runs[-1]

    def stop_task(self, task: str) -> None:
        """Stop a task and wait until it is stopped."""
        self.client.stop_replication_task(ReplicationTaskArn=task)
        self.advance(self.delays.task_stop)
        self.await_status(task, "stopped")

    def create_config(self, parts: tuple[str, str], name: str = "serverless", **more: Any) -> str:
        """Create a serverless replication; return its ARN."""
        source, target = parts
        members = {
            "ReplicationConfigIdentifier": name,
            "SourceEndpointArn": source,
            "TargetEndpointArn": target,
            "ReplicationType": "full-load-and-cdc",
            "TableMappings": MAPPINGS,
            "ComputeConfig": {"MaxCapacityUnits": 4},
            **more,
        }
        created = self.client.create_replication_config(**members)
        return created["ReplicationConfig"]["ReplicationConfigArn"]

    def replication(self, arn: str) -> Mapping[str, Any]:
        """Return a serverless replication as the client sees it."""
        described = self.client.describe_replications(
            Filters=[{"Name": "replication-config-arn", "Values": [arn]}]
        )
        return described["Replications"][0]

    def await_replication(self, arn: str, status: str) -> Mapping[str, Any]:
        """Wait until a serverless replication has a status; return it."""

        def has_come() -> bool:
            self.advance(0.05)
            return bool(self.replication(arn)["Status"] == status)

        eventually(has_come)
        return self.replication(arn)

    def task(self, arn: str) -> Mapping[str, Any]:
        """Return a task as the client sees it."""
        described = self.client.describe_replication_tasks(
            Filters=[{"Name": "replication-task-arn", "Values": [arn]}]
        )
        return described["ReplicationTasks"][0]

    def await_status(self, task: str, status: str) -> Mapping[str, Any]:
        """Wait until a task has a status; return the task."""
        eventually(lambda: self.task(task)["Status"] == status)
        return self.task(task)


def _check_answer(
    operation_model: OperationModel, response_dict: dict[str, Any], **_: object
) -> None:
    if response_dict["status_code"] == 200 and operation_model.output_shape is not None:
        _check_members(operation_model.output_shape, json.loads(response_dict["body"]))


def _check_members(shape: Shape, value: Any) -> None:
    if isinstance(shape, StructureShape):
        for name, member in value.items():
            assert name in shape.members, f"{shape.name} has no member {name}"
            _check_members(shape.members[name], member)
    elif isinstance(shape, ListShape):
        for member in value:
            _check_members(shape.member, member)
    else:
        kinds: dict[str, tuple[type, ...]] = {
            "string": (str,),
            "blob": (str,),
            "boolean": (bool,),
            "integer": (int,),
            "long": (int,),
            "timestamp": (int, float),
        }
        expected = kinds[shape.type_name]
        assert isinstance(value, expected), f"{shape.name} is {value!r}, not {expected}"
        assert not isinstance(value, bool) or bool in expected
