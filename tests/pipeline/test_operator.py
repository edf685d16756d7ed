"""Who runs dmslake: with the rights that it asks for, alone, and told what fails after all."""

from __future__ import annotations

import json
import re
import signal
import uuid
from pathlib import Path

from dmslake.sandbox.environment import environment
from dmslake.sandbox.model import Sandbox
from tests.cli.running import run
from tests.pipeline.conftest import Make
from tests.pipeline.pipelines import Pipeline, read_until
from tests.sandbox.calls import Calls


def operator(calls: Calls, policy: str) -> dict[str, str]:
    """Make a user with one policy; return the variables with which one is that user."""
    name = f"operator-{uuid.uuid4().hex[:8]}"
    calls.iam.create_user(UserName=name)
    calls.iam.put_user_policy(UserName=name, PolicyName="dmslake", PolicyDocument=policy)
    key = calls.iam.create_access_key(UserName=name)["AccessKey"]
    return {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }


def test_the_printed_policy_is_enough_for_everything(
    pipeline: Make, sandbox: Sandbox, calls: Calls
) -> None:
    mine = pipeline("operated")
    printed = mine("plan", "--permissions")
    assert printed.code == 0, printed
    keys = operator(calls, printed.out)
    variables = {**environment(sandbox, {}), **keys, "DMSLAKE_SETTLE": "0"}

    def operated(*arguments: str) -> None:
        done = run(*arguments, "-f", str(mine.file), **variables)
        assert done.code == 0, done.err

    operated("plan")
    operated("up", "--yes")
    mine.healthy()
    operated("status")
    mine.write(
        ("storage_gb: 50", "storage_gb: 60"), ("class: dms.t3.medium", "class: dms.t3.large")
    )
    operated("up", "--yes")
    assert mine.is_as_planned()
    operated("down", "--delete-data", "--confirm", "operated")


def test_one_right_less_is_named_with_what_it_was_needed_for(
    pipeline: Make, sandbox: Sandbox, calls: Calls
) -> None:
    mine = pipeline("unfit")
    policy = json.loads(mine("plan", "--permissions").out)
    for statement in policy["Statement"]:
        statement["Action"] = [a for a in statement["Action"] if a != "lambda:GetFunction"]
    keys = operator(calls, json.dumps(policy))
    found = run("plan", "-f", str(mine.file), **{**environment(sandbox, {}), **keys})
    assert found.code == 1
    assert "error: function.unfit-loader: GetFunction failed" in found.err
    assert re.search(r"fix: allow lambda:GetFunction( on arn:\S+:unfit-loader)? for the", found.err)


def test_two_at_once_one_works_and_one_is_refused(pipeline: Make) -> None:
    twice = pipeline("twofold")
    with twice.started("up", "--yes") as first:
        read_until(first, "creating subnet group")
        first.send_signal(signal.SIGSTOP)
        second = twice("up", "--yes")
        first.send_signal(signal.SIGCONT)
        assert second.code == 1
        refusal = "error: pipeline twofold is being worked on by "
        assert refusal in second.err
        assert "`dmslake up`, since " in second.err
        assert "--force-unlock" in second.err
        first.communicate(timeout=60)
        assert first.returncode == 0
    assert twice.is_as_planned()


def test_a_task_that_fails_a_moment_later_is_not_said_to_be_up(pipeline: Make) -> None:
    empty = pipeline("empty")
    empty.write(("empty.%", "nowhere.%"))
    found = empty("up", "--yes")
    assert found.code == 1
    assert "is up" not in found.out
    assert "correct tables.include: " in found.err


def test_a_reviewed_plan_is_carried_out_as_it_is(pipeline: Make, tmp_path: Path) -> None:
    reviewed: Pipeline = pipeline("reviewed")
    file = str(tmp_path / "plan.json")
    assert reviewed("plan", "--out", file).code == 0
    done = reviewed("up", file)
    assert done.code == 0, done
    assert reviewed.is_as_planned()
    assert reviewed("up", file, "--json").document["error"]["code"] == "stale"
