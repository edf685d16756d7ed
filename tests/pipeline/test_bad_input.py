"""What is wrong outside: names that are taken, sources that are not there, servers that die."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3

from dmslake.sandbox.environment import spec_variables
from dmslake.sandbox.model import Sandbox
from tests.cli.running import run
from tests.pipeline.conftest import Make
from tests.pipeline.pipelines import Pipeline, execute, until
from tests.sandbox.calls import Calls
from tests.sandbox.dms.ministack import ADMINISTRATOR, running

SECRET = "wrong-horse-battery"
TRUST = '{"Version": "2012-10-17", "Statement": []}'


def test_names_that_somebody_has_stop_everything_before_it_begins(
    pipeline: Make, calls: Calls
) -> None:
    taken = pipeline("taken")
    queue, role = "taken-loader-failed", "taken-loader-eu-west-1"
    calls.sqs.create_queue(QueueName=queue)
    calls.iam.create_role(RoleName=role, AssumeRolePolicyDocument=TRUST)
    found = taken("up", "--yes")
    assert found.code == 1
    for name in (f"queue {queue}", f"role {role}"):
        assert f"  ! {name}: it exists and was not made by dmslake\n" in found.out
        assert f"{name}: it exists and was not made by dmslake" in found.err
    assert "error: 2 things are in the way\n" in found.err
    assert f"dmslake up --adopt queue.{queue} --adopt role.{role}\n" in found.err
    buckets = [bucket["Name"] for bucket in calls.s3.list_buckets()["Buckets"]]
    assert "taken-lake" not in buckets
    removed = taken("down", "--yes", "--delete-data", "--confirm", "taken")
    assert removed.code == 0
    assert f"kept: queue {queue}: it exists and was not made by dmslake" in removed.out
    assert calls.sqs.get_queue_url(QueueName=queue)
    assert calls.iam.get_role(RoleName=role)


def test_a_bucket_of_another_account_is_a_conflict(
    pipeline: Make, sandbox: Sandbox, tmp_path: Path
) -> None:
    far = pipeline("far")
    with running(tmp_path) as url:
        theirs: Any = boto3.client(
            "s3", endpoint_url=url, region_name="eu-west-1",
            aws_access_key_id="210987654321", aws_secret_access_key="x",
        )  # fmt: skip
        where = {"LocationConstraint": "eu-west-1"}
        theirs.create_bucket(Bucket="far-lake", CreateBucketConfiguration=where)
        services = {
            "AWS_ENDPOINT_URL": url,
            "AWS_ENDPOINT_URL_DATABASE_MIGRATION_SERVICE": sandbox.dms_url,
            "AWS_CA_BUNDLE": str(sandbox.authority),
            "AWS_REGION": "eu-west-1",
        }
        environment = {**services, **ADMINISTRATOR, **spec_variables(sandbox)}
        found = run("up", "--yes", "-f", str(far.file), **environment)
        assert found.code == 1
        assert "  ! lake bucket far-lake: it exists and belongs to another account" in found.out
        assert [bucket["Name"] for bucket in theirs.list_buckets()["Buckets"]] == ["far-lake"]


def test_a_source_that_is_not_there_is_told_and_a_corrected_spec_goes_on(pipeline: Make) -> None:
    lost = pipeline("lost")
    lost.write(("port: ${SANDBOX_DB_PORT}", "port: 1"))
    found = lost("up", "--yes")
    assert found.code == 1
    assert "error: up did not finish: " in found.err
    assert "connection test of source endpoint lost-source failed" in found.err
    assert "Connection refused" in found.err
    assert "check source.host, port, username, password and ssl" in found.err
    assert "run of replication task lost-task: skipped: it needs connection_test.lost-source" in (
        found.err
    )
    status = lost("status", "--check")
    assert status.code == 5
    assert "! the connection test of lost-source failed: " in status.out
    lost.write()
    lost.up()
    lost.healthy()


def test_a_wrong_password_is_told_but_never_shown(pipeline: Make, sandbox: Sandbox) -> None:
    locked = pipeline("locked", DB_PASSWORD=SECRET)
    locked.write(("${SANDBOX_DB_PASSWORD}", "${DB_PASSWORD}"))
    found = locked("up", "--yes", "--debug", "-vv")
    assert found.code == 1
    assert 'password authentication failed for user "dms"' in found.err
    assert "check source.host, port, username, password and ssl" in found.err
    assert SECRET not in found.out + found.err

    right = Pipeline(locked.name, sandbox, locked.folder, {"DB_PASSWORD": sandbox.source.password})
    planned = right("plan")
    assert "      password: changed\n" in planned.out
    right.up()
    as_json = right("plan", "--exit-code", "--json")
    assert as_json.code == 0
    for secret in (SECRET, sandbox.source.password):
        assert secret not in planned.out + planned.err + as_json.out


def test_a_table_that_may_not_be_read_is_named_and_the_others_load(
    pipeline: Make, sandbox: Sandbox
) -> None:
    partly = pipeline("partly", "open", "closed", READER_PASSWORD=SECRET)
    execute(
        sandbox,
        f"CREATE ROLE reader LOGIN REPLICATION PASSWORD '{SECRET}'",
        "GRANT USAGE ON SCHEMA partly TO reader",
        "GRANT SELECT ON partly.open TO reader",
        superuser=True,
    )
    partly.write(
        ("${SANDBOX_DB_USER}", "reader"),
        ("${SANDBOX_DB_PASSWORD}", "${READER_PASSWORD}"),
        ("type: full-load-and-cdc", "type: full-load"),
    )
    partly.up()
    seen = until(partly.status, lambda status: status["task"]["tables_errored"] > 0)
    states = {table["table"]: table["state"] for table in seen["tables"]}
    assert states["closed"] == "Table error"
    seen = until(partly.status, lambda s: any(t["newest_partition"] for t in s["tables"]))
    assert {t["table"]: t["full_load_rows"] for t in seen["tables"]} == {"open": 1, "closed": 0}
    checked = partly("status", "--check")
    assert checked.code == 5
    assert "! no changes arrive for partly.closed: " in checked.out
    assert "SELECT right" in checked.out


def test_a_spec_for_another_region_is_refused(pipeline: Make) -> None:
    abroad = pipeline("abroad")
    abroad.write(("version: 1\n", "version: 1\naws: {region: us-east-1}\n"))
    found = abroad("up", "--yes")
    assert found.code == 2
    assert "error: the spec is for us-east-1, but the region is eu-west-1\n" in found.err
    abroad.write()
    found = abroad("plan", "--region", "us-east-1")
    assert found.code == 2
    assert "is in eu-west-1, not in us-east-1" in found.err
