"""The service as a process, in a whole sandbox: killed, stopped, and started again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg2
import pytest

from dmslake.sandbox import launcher
from dmslake.sandbox.dms.delays import NAMES
from dmslake.sandbox.model import Sandbox
from tests.sandbox.calls import Calls
from tests.sandbox.dms.harness import MAPPINGS, eventually

if TYPE_CHECKING:
    from mypy_boto3_dms import DatabaseMigrationServiceClient

BUCKET = "staging"
POLICY = "arn:aws:iam::aws:policy/service-role"
SETTINGS = json.dumps(
    {
        "FullLoadSettings": {"TargetTablePrepMode": "DO_NOTHING"},
        "Logging": {"EnableLogging": True},
        "ChangeProcessingDdlHandlingPolicy": {"HandleSourceTableTruncated": False},
    }
)


class Pipeline:
    """A sandbox with one replicating task."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.delays = dict.fromkeys(NAMES, 0.05)
        self.sandbox = self.start()

    def start(self) -> Sandbox:
        self.sandbox = launcher.start(self.folder, delays=self.delays)
        self.calls = Calls(self.sandbox)
        return self.sandbox

    @property
    def dms(self) -> DatabaseMigrationServiceClient:
        client: DatabaseMigrationServiceClient = self.calls.client("dms")
        return client

    def sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        source = self.sandbox.source
        opened = psycopg2.connect(
            host=source.host,
            port=source.port,
            dbname=source.database,
            user=source.username,
            password=source.password,
        )
        opened.autocommit = True
        with closing(opened), opened.cursor() as cursor:
            cursor.execute(statement, values)
            return list(cursor.fetchall()) if cursor.description else []

    def staged(self) -> dict[str, str]:
        """Return the staged objects' contents by key."""
        s3 = self.calls.client("s3")
        keys = [one["Key"] for one in s3.list_objects_v2(Bucket=BUCKET).get("Contents", ())]
        return {key: s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode() for key in keys}

    def ids(self, *, changes: bool) -> list[str]:
        """Return the ids in the load's files, or in the change files, sorted."""
        return sorted(
            line.split(",")[1]
            for key, content in self.staged().items()
            if ("/LOAD" not in key) is changes
            for line in content.splitlines()
        )

    def prepare_account(self) -> str:
        """Create the bucket and the roles; return the ARN of the role that writes."""
        self.calls.client("s3").create_bucket(
            Bucket=BUCKET,
            CreateBucketConfiguration={"LocationConstraint": self.sandbox.region},
        )
        for name, policy in (
            ("dms-vpc-role", "AmazonDMSVPCManagementRole"),
            ("dms-cloudwatch-logs-role", "AmazonDMSCloudWatchLogsRole"),
        ):
            self._role(name)
            self.calls.client("iam").attach_role_policy(
                RoleName=name, PolicyArn=f"{POLICY}/{policy}"
            )
        return self._role("dms-staging", _writes())

    def create_task(self, role: str) -> str:
        """Create everything a task needs, tested, and the task; return its ARN."""
        source = self.sandbox.source
        instance = self.dms.create_replication_instance(
            ReplicationInstanceIdentifier="i", ReplicationInstanceClass="dms.t3.medium"
        )["ReplicationInstance"]["ReplicationInstanceArn"]
        reader = self.dms.create_endpoint(
            EndpointIdentifier="source",
            EndpointType="source",
            EngineName="postgres",
            ServerName=source.host,
            Port=source.port,
            DatabaseName=source.database,
            Username=source.username,
            Password=source.password,
        )["Endpoint"]["EndpointArn"]
        writer = self.dms.create_endpoint(
            EndpointIdentifier="target",
            EndpointType="target",
            EngineName="s3",
            S3Settings={
                "BucketName": BUCKET,
                "BucketFolder": "in",
                "ServiceAccessRoleArn": role,
                "CdcMaxBatchInterval": 1,
                "IncludeOpForFullLoad": True,
            },
        )["Endpoint"]["EndpointArn"]
        eventually(lambda: self._states() == {"available", "active"})
        for endpoint in (reader, writer):
            self.dms.test_connection(ReplicationInstanceArn=instance, EndpointArn=endpoint)
        eventually(lambda: self._connections() == {"successful"})
        return self.dms.create_replication_task(
            ReplicationTaskIdentifier="task",
            ReplicationInstanceArn=instance,
            SourceEndpointArn=reader,
            TargetEndpointArn=writer,
            MigrationType="full-load-and-cdc",
            TableMappings=MAPPINGS.replace("%", "orders"),
            ReplicationTaskSettings=SETTINGS,
        )["ReplicationTask"]["ReplicationTaskArn"]

    def status(self) -> str:
        tasks = self.dms.describe_replication_tasks()["ReplicationTasks"]
        return tasks[0]["Status"] if tasks else "gone"

    def start_task(self, task: str) -> None:
        eventually(lambda: self.status() == "ready")
        self.dms.start_replication_task(
            ReplicationTaskArn=task, StartReplicationTaskType="start-replication"
        )
        eventually(lambda: self.status() == "running")

    def kill(self) -> None:
        """Kill the DMS process without a word."""
        server = next(one for one in launcher.status(self.folder).servers if one.name == "dms")
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
        eventually(lambda: not launcher.status(self.folder).is_running)

    def log(self, task: str) -> list[str]:
        """Return the task's log in CloudWatch."""
        answer = self.calls.client("logs").get_log_events(
            logGroupName="dms-tasks-i",
            logStreamName=f"dms-task-{task.rpartition(':')[2]}",
            startFromHead=True,
        )
        return [event["message"] for event in answer["events"]]

    def _role(self, name: str, policy: str = "") -> str:
        iam = self.calls.client("iam")
        trust = {
            "Effect": "Allow",
            "Principal": {"Service": "dms.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        created = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
        if policy:
            iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy)
        return str(created["Role"]["Arn"])

    def _states(self) -> set[str]:
        instances = self.dms.describe_replication_instances()["ReplicationInstances"]
        endpoints = self.dms.describe_endpoints()["Endpoints"]
        return {one["ReplicationInstanceStatus"] for one in instances} | {
            one["Status"] for one in endpoints
        }

    def _connections(self) -> set[str]:
        return {one["Status"] for one in self.dms.describe_connections()["Connections"]}


def _writes() -> str:
    objects = ["s3:PutObject", "s3:DeleteObject", "s3:PutObjectTagging"]
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": objects, "Resource": f"arn:aws:s3:::{BUCKET}/*"},
                {
                    "Effect": "Allow",
                    "Action": "s3:ListBucket",
                    "Resource": f"arn:aws:s3:::{BUCKET}",
                },
            ],
        }
    )


@pytest.fixture
def pipeline(tmp_path: Path) -> Iterator[Pipeline]:
    folder = tmp_path / "sandbox"
    yield Pipeline(folder)
    launcher.destroy(folder)


def numbers(first: int, last: int) -> list[str]:
    return sorted(str(number) for number in range(first, last + 1))


def insert(pipeline: Pipeline, first: int, last: int) -> None:
    pipeline.sql("INSERT INTO orders SELECT n, 'x' FROM generate_series(%s, %s) n", first, last)


def replicating(pipeline: Pipeline) -> str:
    """Have 100 rows loaded and 10 changes captured; return the task's ARN."""
    pipeline.sql("CREATE TABLE orders (id int PRIMARY KEY, note text)")
    insert(pipeline, 1, 100)
    task = pipeline.create_task(pipeline.prepare_account())
    pipeline.start_task(task)
    eventually(lambda: pipeline.ids(changes=False) == numbers(1, 100), seconds=30)
    insert(pipeline, 101, 110)
    eventually(lambda: pipeline.ids(changes=True) == numbers(101, 110), seconds=30)
    return task


def test_a_killed_service_goes_on_without_losing_a_change(pipeline: Pipeline) -> None:
    replicating(pipeline)

    insert(pipeline, 111, 120)
    pipeline.kill()
    insert(pipeline, 121, 130)
    pipeline.start()

    # After a kill a change may come twice, in another file; none may be missing.
    eventually(lambda: set(pipeline.ids(changes=True)) == set(numbers(101, 130)), seconds=30)
    assert pipeline.ids(changes=False) == numbers(1, 100)
    assert pipeline.status() == "running"


def test_a_stopped_service_flushes_and_goes_on_exactly_there(pipeline: Pipeline) -> None:
    replicating(pipeline)

    insert(pipeline, 111, 120)
    launcher.stop(pipeline.folder)
    pipeline.start()
    insert(pipeline, 121, 130)

    eventually(lambda: pipeline.ids(changes=True) == numbers(101, 130), seconds=30)
    assert pipeline.ids(changes=False) == numbers(1, 100)


def test_a_task_s_end_is_in_its_log_and_leaves_no_slot(pipeline: Pipeline) -> None:
    task = replicating(pipeline)
    assert pipeline.sql("SELECT count(*) FROM pg_replication_slots") == [(1,)]

    pipeline.dms.stop_replication_task(ReplicationTaskArn=task)
    eventually(lambda: pipeline.status() == "stopped")
    pipeline.dms.delete_replication_task(ReplicationTaskArn=task)
    eventually(lambda: pipeline.status() == "gone")

    assert pipeline.sql("SELECT count(*) FROM pg_replication_slots") == [(0,)]
    lines = pipeline.log(task)
    assert sum("Load finished for table 'public'.'orders'. 100 rows" in one for one in lines) == 1
    assert "stopped: Stop Reason NORMAL" in lines[-1]
    written = next(pipeline.folder.rglob("dms.log")).read_text()
    assert pipeline.sandbox.source.password not in written


def run_service(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dmslake.sandbox.dms", *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_other_machines_cannot_be_served(tmp_path: Path) -> None:
    options = ("--state", str(tmp_path), "--cloud-endpoint", "http://127.0.0.1:9", "--region", "x")

    done = run_service(*options, "--host", "0.0.0.0")  # noqa: S104 - to be refused

    assert done.returncode == 2
    assert "loopback only" in done.stderr


def test_wrong_delays_are_named(tmp_path: Path) -> None:
    options = ("--state", str(tmp_path), "--cloud-endpoint", "http://127.0.0.1:9", "--region", "x")

    done = run_service(*options, "--delays", "coffee=1")

    assert done.returncode == 2
    assert "coffee" in done.stderr
    assert "instance_create" in done.stderr
