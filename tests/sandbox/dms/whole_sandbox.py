"""A whole sandbox with one replicating task in it."""

from __future__ import annotations

import json
import os
import signal
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg2

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

    def start(self, *, idle_engines: bool | None = None) -> Sandbox:
        self.sandbox = launcher.start(self.folder, delays=self.delays, idle_engines=idle_engines)
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
        found = s3.list_objects_v2(Bucket=BUCKET).get("Contents", ())
        # What a connection test puts there is gone in a moment.
        keys = [one["Key"] for one in found if "test_connection" not in one["Key"]]
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
            self.role(name)
            self.calls.client("iam").attach_role_policy(
                RoleName=name, PolicyArn=f"{POLICY}/{policy}"
            )
        return self.role("dms-staging", writes())

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
        self.connect(instance, reader, writer)
        return self.dms.create_replication_task(
            ReplicationTaskIdentifier="task",
            ReplicationInstanceArn=instance,
            SourceEndpointArn=reader,
            TargetEndpointArn=writer,
            MigrationType="full-load-and-cdc",
            TableMappings=MAPPINGS.replace("%", "orders"),
            ReplicationTaskSettings=SETTINGS,
        )["ReplicationTask"]["ReplicationTaskArn"]

    def connect(self, instance: str, *endpoints: str) -> None:
        """Test endpoints from an instance."""
        eventually(lambda: self.states() == {"available", "active"})
        for endpoint in endpoints:
            self.dms.test_connection(ReplicationInstanceArn=instance, EndpointArn=endpoint)
        eventually(lambda: self._connections() == {"successful"})

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

    def role(self, name: str, policy: str = "", principal: str = "dms.amazonaws.com") -> str:
        """Create a role that a service may assume; return its ARN."""
        iam = self.calls.client("iam")
        trust = {
            "Effect": "Allow",
            "Principal": {"Service": principal},
            "Action": "sts:AssumeRole",
        }
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        created = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
        if policy:
            iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy)
        return str(created["Role"]["Arn"])

    def states(self) -> set[str]:
        """Return the states of all instances and endpoints."""
        instances = self.dms.describe_replication_instances()["ReplicationInstances"]
        endpoints = self.dms.describe_endpoints()["Endpoints"]
        return {one["ReplicationInstanceStatus"] for one in instances} | {
            one["Status"] for one in endpoints
        }

    def _connections(self) -> set[str]:
        return {one["Status"] for one in self.dms.describe_connections()["Connections"]}


def writes() -> str:
    """Return the policy of the role that writes."""
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
