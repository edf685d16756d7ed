"""What the loader gave up on is replayed, whichever trigger woke it: real queues and rights."""

from __future__ import annotations

import io
import json
import signal
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from dmslake.blueprint.archive import HANDLER
from dmslake.sandbox.environment import environment
from tests.cli.running import run
from tests.pipeline.conftest import Make
from tests.pipeline.pipelines import Pipeline, read_until, until
from tests.pipeline.test_operator import operator
from tests.sandbox.calls import Calls, statement

# More than one invocation takes, with names that events have to carry in code.
NAMES = [f"{table}/LOAD{n:08X}.csv" for table in ("a b+c", "é=%2F") for n in range(1, 8)]


@dataclass(frozen=True)
class Damaged:
    """A pipeline whose loader can be kept from writing into the lake."""

    pipeline: Pipeline
    calls: Calls

    @property
    def name(self) -> str:
        return self.pipeline.name

    @property
    def _role(self) -> str:
        return f"{self.name}-loader-{self.calls.sandbox.region}"

    def url(self, queue: str = "loader-failed") -> str:
        return self.calls.sqs.get_queue_url(QueueName=f"{self.name}-{queue}")["QueueUrl"]

    def damage(self, below: str = "") -> None:
        """Deny the loader to write, below a folder of the lake or anywhere."""
        denied = statement("s3:PutObject", Resource=f"arn:aws:s3:::{self.name}-lake/{below}*")
        denied["Statement"][0]["Effect"] = "Deny"
        self.calls.iam.put_role_policy(
            RoleName=self._role, PolicyName="deny", PolicyDocument=json.dumps(denied)
        )

    def repair(self) -> None:
        self.calls.iam.delete_role_policy(RoleName=self._role, PolicyName="deny")

    def stage(self, names: list[str]) -> None:
        """Stage objects, each with a text of its own, and wait until all are given up."""
        before = self.dead
        for name in names:
            key = f"dms/{self.name}/{name}"
            self.calls.s3.put_object(Bucket=f"{self.name}-staging", Key=key, Body=name.encode())
        until(lambda: self.dead, lambda dead: dead == before + len(names), seconds=90)

    @property
    def dead(self) -> int:
        """How many dead letters can be received."""
        return self._count("ApproximateNumberOfMessages")

    @property
    def hidden(self) -> int:
        return self._count("ApproximateNumberOfMessagesNotVisible")

    def _count(self, name: Any) -> int:
        found = self.calls.sqs.get_queue_attributes(QueueUrl=self.url(), AttributeNames=[name])
        return int(found["Attributes"][name])

    def lake(self) -> list[str]:
        """Return the texts of the staged objects that are in the lake."""
        return sorted(text for text in self._texts() if text in NAMES)

    def _texts(self) -> Iterator[str]:
        bucket = f"{self.name}-lake"
        for entry in self.calls.s3.list_objects_v2(Bucket=bucket).get("Contents", []):
            found = self.calls.s3.get_object(Bucket=bucket, Key=entry["Key"])
            yield found["Body"].read().decode()


def give_up_at_once(calls: Calls, queue_url: str) -> None:
    """Make the queue before the loader impatient: half an hour of deliveries is no test."""
    found = calls.sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["RedrivePolicy"])
    policy = {**json.loads(found["Attributes"]["RedrivePolicy"]), "maxReceiveCount": 1}
    attributes: Any = {"VisibilityTimeout": "3", "RedrivePolicy": json.dumps(policy)}
    calls.sqs.set_queue_attributes(QueueUrl=queue_url, Attributes=attributes)


@pytest.fixture
def damaged_at_once(pipeline: Make, calls: Calls) -> Callable[[str], Damaged]:
    """Makes pipelines whose loader may write nothing, and that Lambda gives up on at once."""

    def made(name: str) -> Damaged:
        found = Damaged(pipeline(name), calls)
        found.pipeline.up()
        found.pipeline.healthy()
        function: Any = {"FunctionName": f"{name}-loader"}
        known = calls.functions.get_function_event_invoke_config(**function)
        calls.functions.put_function_event_invoke_config(
            **function, DestinationConfig=known["DestinationConfig"], MaximumRetryAttempts=0
        )
        found.damage()
        return found

    return made


@pytest.fixture(params=["s3", "sqs"])
def damaged(request: pytest.FixtureRequest, pipeline: Make, calls: Calls) -> Damaged:
    trigger = request.param
    made = pipeline(f"redrive{trigger}")
    with made.file.open("a") as file:
        file.write(f"\nloader: {{trigger: {trigger}}}\n")
    made.up()
    made.healthy()
    found = Damaged(made, calls)
    if trigger == "sqs":
        give_up_at_once(calls, found.url("staged"))
    found.damage()
    return found


def test_dead_letters_are_replayed_to_none_whichever_trigger_made_them(damaged: Damaged) -> None:
    pipeline = damaged.pipeline
    damaged.stage(NAMES)

    looked = pipeline("redrive", "--dry-run", "--json")
    assert looked.code == 0, looked
    data = looked.document["data"]
    assert data["before"] == {"waiting": len(NAMES), "hidden": 0}
    prefix = f"s3://{damaged.name}-staging/dms/{damaged.name}/"
    assert {o.removeprefix(prefix) for e in data["examples"] for o in e["objects"]} <= {*NAMES}
    assert (damaged.dead, damaged.hidden) == (len(NAMES), 0)

    in_vain = pipeline("redrive")
    assert in_vain.code == 4
    assert f"error: {len(NAMES)} of {len(NAMES)} dead letters still fail\n" in in_vain.err
    assert "AccessDenied" in in_vain.err
    assert "fix: remove the cause, then run it again: dmslake redrive" in in_vain.err
    assert (damaged.dead, damaged.hidden) == (len(NAMES), 0)
    assert damaged.lake() == []

    damaged.repair()
    replay_the_rest(damaged)


def replay_the_rest(damaged: Damaged) -> None:
    pipeline = damaged.pipeline
    some = pipeline("redrive", "--max", "3")
    assert some.code == 0, some
    assert some.out == (
        f"dead letters of pipeline {damaged.name}: {len(NAMES)} before, {len(NAMES) - 3} after: "
        "3 moved\n"
    )
    assert len(damaged.lake()) == 3

    rest = pipeline("redrive", "--json")
    assert rest.code == 0, rest
    data = rest.document["data"]
    assert (data["moved"], data["failed"], data["after"]) == (
        len(NAMES) - 3, 0, {"waiting": 0, "hidden": 0},
    )  # fmt: skip
    assert damaged.lake() == sorted(NAMES)
    assert pipeline("redrive").out == (
        f"pipeline {damaged.name} has no dead letters: nothing to replay\n"
    )


def test_some_still_fail_and_what_is_no_event_is_left(
    damaged_at_once: Callable[[str], Damaged], calls: Calls
) -> None:
    damaged = damaged_at_once("redrivesome")
    damaged.stage(NAMES)
    calls.sqs.send_message(QueueUrl=damaged.url(), MessageBody="whose is this?")
    damaged.damage("raw/redrivesome/a b+c/")

    found = damaged.pipeline("redrive", "--json")
    assert found.code == 4
    document = found.document
    assert (document["ok"], document["error"]["code"]) == (False, "objects_failed")
    data = document["data"]
    assert (data["tried"], data["moved"], data["failed"]) == (len(NAMES), 7, 7)
    assert data["after"] == {"waiting": 8, "hidden": 0}
    assert {o for one in data["failing"] for o in one["objects"]} == {
        f"s3://redrivesome-staging/dms/redrivesome/{name}" for name in NAMES[:7]
    }
    (junk,) = data["left"]
    assert "its body is not JSON" in junk["why"]
    assert junk["message"] in document["warnings"][0]

    damaged.repair()
    assert damaged.lake() == sorted(NAMES[7:])
    leaves_junk(damaged, junk["message"])


def leaves_junk(damaged: Damaged, junk: str) -> None:
    """Replay as somebody who has only the rights that are asked for."""
    mine, sandbox = damaged.pipeline, damaged.calls.sandbox
    keys = operator(damaged.calls, mine("plan", "--permissions").out)
    variables = {**environment(sandbox, {}), **keys}
    rest = run("redrive", "-f", str(mine.file), **variables)
    assert rest.code == 0, rest
    assert "8 before, 1 after: 7 moved, 1 left, no event of the pipeline\n" in rest.out
    assert f"! message {junk} was left in queue" in rest.out
    assert damaged.lake() == sorted(NAMES)


# Says where it can be seen that it runs, and takes its time.
SLOW = """
import os, time
import boto3

def handle(event, context):
    boto3.client("s3").put_object(
        Bucket=os.environ["DMSLAKE_LAKE_BUCKET"], Key="raw/running", Body=b""
    )
    time.sleep(2)
    return {"batchItemFailures": []}
"""
# Does not know what SQS wants to be told.
OLD = """
def handle(event, context):
    return {"copied": len(event["Records"])}
"""


def put_code(calls: Calls, function: str, code: str) -> None:
    """Put other code in the place of the loader's."""
    module, _, _ = HANDLER.rpartition(".")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        opened.writestr(f"{module.replace('.', '/')}.py", code)
    calls.functions.update_function_code(FunctionName=function, ZipFile=buffer.getvalue())


def test_ctrl_c_finishes_what_is_in_flight_and_gives_the_rest_back(
    damaged_at_once: Callable[[str], Damaged], calls: Calls
) -> None:
    damaged = damaged_at_once("redrivestop")
    damaged.stage(NAMES)
    damaged.repair()
    put_code(calls, "redrivestop-loader", SLOW)
    one: Any = {"FunctionName": "redrivestop-loader", "ReservedConcurrentExecutions": 1}
    calls.functions.put_function_concurrency(**one)

    def running() -> bool:
        found = calls.s3.list_objects_v2(Bucket="redrivestop-lake", Prefix="raw/running")
        return found["KeyCount"] == 1

    with damaged.pipeline.started("redrive") as process:
        read_until(process, f"replaying {len(NAMES)} dead letters of pipeline redrivestop, up to 1")
        until(running, bool)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
        assert process.returncode == 130
    assert "stopping: the calls in flight are finished first" in said
    assert f"error: redrive was interrupted: 10 of about {len(NAMES)} dead letters are mov" in said
    assert "fix: the others are in the queue as before; dmslake redrive continues" in said
    assert (damaged.dead, damaged.hidden) == (len(NAMES) - 10, 0)


def test_a_loader_of_another_version_is_named_and_up_repairs_it(
    damaged_at_once: Callable[[str], Damaged], calls: Calls
) -> None:
    damaged = damaged_at_once("redriveold")
    made = damaged.pipeline
    damaged.stage(NAMES[:2])
    damaged.repair()
    put_code(calls, "redriveold-loader", OLD)
    found = made("redrive")
    assert found.code == 1
    assert "error: function redriveold-loader cannot replay dead letters\n" in found.err
    assert "why: it does not answer which messages failed\n" in found.err
    assert "bring it to this one: dmslake up\n" in found.err
    assert (damaged.dead, damaged.hidden) == (2, 0)
    made.up()
    assert made("redrive").code == 0
    assert damaged.lake() == sorted(NAMES[:2])


def test_without_a_pipeline_there_is_nothing_to_do_it_with(pipeline: Make) -> None:
    made = pipeline("redrivenone")
    for option in ((), ("--dry-run",)):
        found = made("redrive", *option)
        assert found.code == 1
        assert "error: pipeline redrivenone has no loader\n" in found.err
        assert "fix: make it: dmslake up" in found.err
