"""What the deploy tool calls, with real rows: secrets, keys, moves, reloads, serverless."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from dmslake.sandbox import launcher
from tests.sandbox.dms.harness import MAPPINGS, eventually
from tests.sandbox.dms.whole_sandbox import BUCKET, SETTINGS, Pipeline


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    folder = tmp_path_factory.mktemp("service") / "sandbox"
    made = Pipeline(folder)
    made.prepare_account()
    yield made
    launcher.destroy(folder)


def reader_of_secret(pipeline: Pipeline) -> dict[str, str]:
    """Put the database's login into a secret; return the endpoint's settings for it."""
    source = pipeline.sandbox.source
    login = {
        "host": source.host,
        "port": source.port,
        "username": source.username,
        "password": source.password,
    }
    secret = pipeline.calls.client("secretsmanager").create_secret(
        Name="shop", SecretString=json.dumps(login)
    )["ARN"]
    allowed = {
        "Effect": "Allow",
        "Action": "secretsmanager:GetSecretValue",
        "Resource": secret,
    }
    role = pipeline.role(
        "dms-secret",
        json.dumps({"Version": "2012-10-17", "Statement": [allowed]}),
        f"dms.{pipeline.sandbox.region}.amazonaws.com",
    )
    return {"SecretsManagerSecretId": secret, "SecretsManagerAccessRoleArn": role}


def create_source(pipeline: Pipeline) -> str:
    made = pipeline.dms.create_endpoint(
        EndpointIdentifier="secret-source",
        EndpointType="source",
        EngineName="postgres",
        DatabaseName=pipeline.sandbox.source.database,
        PostgreSQLSettings=reader_of_secret(pipeline),  # type: ignore[arg-type]  # its members
    )
    return made["Endpoint"]["EndpointArn"]


def create_target(pipeline: Pipeline, key: str) -> str:
    settings: Any = {
        "BucketName": BUCKET,
        "BucketFolder": "in",
        "ServiceAccessRoleArn": "arn:aws:iam::123456789012:role/dms-staging",
        "CdcMaxBatchInterval": 1,
        "IncludeOpForFullLoad": True,
        "EncryptionMode": "sse-kms",
        "ServerSideEncryptionKmsKeyId": key,
    }
    made = pipeline.dms.create_endpoint(
        EndpointIdentifier="kms-target", EndpointType="target", EngineName="s3", S3Settings=settings
    )["Endpoint"]["EndpointArn"]
    eventually(lambda: _status(pipeline, made) == "active")
    pipeline.dms.modify_endpoint(
        EndpointArn=made, EngineName="s3", S3Settings={"ServerSideEncryptionKmsKeyId": key}
    )
    return made


def _status(pipeline: Pipeline, endpoint: str) -> str:
    filters: Any = [{"Name": "endpoint-arn", "Values": [endpoint]}]
    return pipeline.dms.describe_endpoints(Filters=filters)["Endpoints"][0]["Status"]


def create_instance(pipeline: Pipeline, name: str) -> str:
    made = pipeline.dms.create_replication_instance(
        ReplicationInstanceIdentifier=name, ReplicationInstanceClass="dms.t3.medium"
    )
    return made["ReplicationInstance"]["ReplicationInstanceArn"]


def start(pipeline: Pipeline, task: str, how: Any = "start-replication") -> None:
    eventually(lambda: pipeline.status() in {"ready", "stopped"})
    pipeline.dms.start_replication_task(ReplicationTaskArn=task, StartReplicationTaskType=how)
    eventually(lambda: pipeline.status() == "running")


def rows(pipeline: Pipeline, table: str, *, changes: bool) -> list[str]:
    return sorted(
        line.split(",")[1]
        for key, content in pipeline.staged().items()
        if f"/{table}/" in key and ("/LOAD" not in key) is changes
        for line in content.splitlines()
    )


def has(pipeline: Pipeline, table: str, loaded: str, changed: str) -> None:
    """Wait until a table's files hold exactly these ids."""

    def holds() -> bool:
        return (
            rows(pipeline, table, changes=False) == loaded.split()
            and rows(pipeline, table, changes=True) == changed.split()
        )

    eventually(holds, seconds=20)


def replicating(pipeline: Pipeline) -> tuple[str, str, str]:
    """Have a task replicate one row; return it and its endpoints."""
    key = pipeline.calls.client("kms").create_key()["KeyMetadata"]["Arn"]
    pipeline.sql("CREATE TABLE orders AS SELECT 1 AS id")
    pipeline.sql("CREATE TABLE items AS SELECT 1 AS id")
    pipeline.sql("ALTER TABLE orders ADD PRIMARY KEY (id); ALTER TABLE items ADD PRIMARY KEY (id)")
    first = create_instance(pipeline, "first")
    source, target = create_source(pipeline), create_target(pipeline, key)
    let_use(pipeline, key)
    pipeline.connect(first, source, target)
    task = pipeline.dms.create_replication_task(
        ReplicationTaskIdentifier="task",
        ReplicationInstanceArn=first,
        SourceEndpointArn=source,
        TargetEndpointArn=target,
        MigrationType="full-load-and-cdc",
        TableMappings=MAPPINGS.replace("%", "orders"),
        ReplicationTaskSettings=SETTINGS,
    )["ReplicationTask"]["ReplicationTaskArn"]
    start(pipeline, task)
    has(pipeline, "orders", "1", "")
    head = pipeline.calls.s3.head_object(Bucket=BUCKET, Key=next(iter(pipeline.staged())))
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", key)
    return task, source, target


def let_use(pipeline: Pipeline, key: str) -> None:
    """Let the role that writes use a key."""
    allowed = {"Effect": "Allow", "Action": "kms:GenerateDataKey", "Resource": key}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    pipeline.calls.iam.put_role_policy(
        RoleName="dms-staging", PolicyName="kms", PolicyDocument=document
    )


def with_items() -> str:
    """Return mappings of both tables."""
    orders = json.loads(MAPPINGS.replace("%", "orders"))["rules"][0]
    items = json.loads(MAPPINGS.replace("%", "items"))["rules"][0]
    return json.dumps({"rules": [orders, {**items, "rule-id": "2", "rule-name": "2"}]})


def test_a_task_is_reloaded_moved_and_given_a_table(pipeline: Pipeline) -> None:
    task, source, target = replicating(pipeline)
    pipeline.sql("INSERT INTO orders VALUES (2)")
    has(pipeline, "orders", "1", "2")
    orders: Any = [{"SchemaName": "public", "TableName": "orders"}]
    pipeline.dms.reload_tables(ReplicationTaskArn=task, TablesToReload=orders)
    has(pipeline, "orders", "1 2", "2")
    pipeline.dms.stop_replication_task(ReplicationTaskArn=task)
    eventually(lambda: pipeline.status() == "stopped")

    pipeline.sql("INSERT INTO orders VALUES (3)")
    second = create_instance(pipeline, "second")
    eventually(lambda: pipeline.states() == {"available", "active"})
    pipeline.dms.move_replication_task(ReplicationTaskArn=task, TargetReplicationInstanceArn=second)
    pipeline.kill()
    pipeline.start()
    eventually(lambda: pipeline.status() == "stopped")
    pipeline.connect(second, source, target)
    pipeline.dms.modify_replication_task(ReplicationTaskArn=task, TableMappings=with_items())
    start(pipeline, task, "resume-processing")

    has(pipeline, "items", "1", "")
    pipeline.sql("INSERT INTO items VALUES (2)")
    has(pipeline, "items", "1", "2")
    has(pipeline, "orders", "1 2", "2 3")


def test_a_key_that_the_role_may_not_use_fails_the_test(pipeline: Pipeline) -> None:
    ends, instance = endpoints(pipeline), instance_of(pipeline)
    pipeline.calls.iam.delete_role_policy(RoleName="dms-staging", PolicyName="kms")
    pipeline.dms.stop_replication_task(ReplicationTaskArn=task_of(pipeline))
    eventually(lambda: pipeline.status() == "stopped")

    pipeline.dms.test_connection(ReplicationInstanceArn=instance, EndpointArn=ends["TARGET"])

    eventually(lambda: connection(pipeline, ends["TARGET"])["Status"] == "failed")
    assert "kms:GenerateDataKey" in connection(pipeline, ends["TARGET"])["LastFailureMessage"]
    settings = pipeline.dms.describe_endpoints()["Endpoints"]
    key = next(one["S3Settings"] for one in settings if "S3Settings" in one)
    let_use(pipeline, key["ServerSideEncryptionKmsKeyId"])
    pipeline.dms.test_connection(ReplicationInstanceArn=instance, EndpointArn=ends["TARGET"])
    eventually(lambda: connection(pipeline, ends["TARGET"])["Status"] == "successful")


def test_a_serverless_replication_replicates_and_survives_a_kill(pipeline: Pipeline) -> None:
    pipeline.sql("CREATE TABLE served (id int PRIMARY KEY)")
    pipeline.sql("INSERT INTO served VALUES (1)")
    ends = endpoints(pipeline)
    config = pipeline.dms.create_replication_config(
        ReplicationConfigIdentifier="serverless",
        SourceEndpointArn=ends["SOURCE"],
        TargetEndpointArn=ends["TARGET"],
        ReplicationType="full-load-and-cdc",
        TableMappings=MAPPINGS.replace("%", "served"),
        ReplicationSettings=SETTINGS,
        ComputeConfig={"MaxCapacityUnits": 2},
    )["ReplicationConfig"]["ReplicationConfigArn"]

    pipeline.dms.start_replication(
        ReplicationConfigArn=config, StartReplicationType="start-replication"
    )
    has(pipeline, "served", "1", "")
    pipeline.kill()
    pipeline.sql("INSERT INTO served VALUES (2)")
    pipeline.start()

    has(pipeline, "served", "1", "2")
    pipeline.dms.stop_replication(ReplicationConfigArn=config)
    eventually(lambda: _replication(pipeline)[0] == "stopped")
    pipeline.dms.delete_replication_config(ReplicationConfigArn=config)
    eventually(lambda: _replication(pipeline) == ["gone"])
    slots = pipeline.sql("SELECT count(*) FROM pg_replication_slots")
    assert slots == [(1,)]  # that of the task


def test_a_sandbox_can_play_engines_that_it_does_not_read(pipeline: Pipeline) -> None:
    pipeline.start(idle_engines=True)
    asked: Any = {
        "EndpointIdentifier": "mysql",
        "EndpointType": "source",
        "EngineName": "mysql",
        "ServerName": "db.example.com",
        "Port": 3306,
        "Username": "dms",
        "Password": "secret",
    }
    source = pipeline.dms.create_endpoint(**asked)["Endpoint"]["EndpointArn"]

    pipeline.connect(instance_of(pipeline), source)

    assert connection(pipeline, source)["Status"] == "successful"


def endpoints(pipeline: Pipeline) -> dict[str, str]:
    found = pipeline.dms.describe_endpoints()["Endpoints"]
    return {str(one["EndpointType"]): one["EndpointArn"] for one in found}


def instance_of(pipeline: Pipeline) -> str:
    """Return the instance that the task is on."""
    task = pipeline.dms.describe_replication_tasks()["ReplicationTasks"][0]
    return task["ReplicationInstanceArn"]


def task_of(pipeline: Pipeline) -> str:
    task = pipeline.dms.describe_replication_tasks()["ReplicationTasks"][0]
    return task["ReplicationTaskArn"]


def connection(pipeline: Pipeline, endpoint: str) -> Any:
    """Return the connection of an endpoint from the task's instance."""
    filters: Any = [
        {"Name": "endpoint-arn", "Values": [endpoint]},
        {"Name": "replication-instance-arn", "Values": [instance_of(pipeline)]},
    ]
    return pipeline.dms.describe_connections(Filters=filters)["Connections"][0]


def _replication(pipeline: Pipeline) -> list[str]:
    found = pipeline.dms.describe_replications()["Replications"]
    return [one["Status"] for one in found] or ["gone"]
