"""`dmslake backfill --engine s3-batch` as a user runs it: killed, and run again."""

from __future__ import annotations

from pathlib import Path

from dmslake.sandbox.model import Sandbox
from tests.backfill.batch.loaders import deployed
from tests.pipeline.pipelines import Pipeline, read_until
from tests.sandbox.calls import Calls

COMMAND = ("backfill", "--engine", "s3-batch")


def test_a_killed_command_finds_its_job_again(
    calls: Calls, sandbox: Sandbox, tmp_path: Path
) -> None:
    loader = deployed(calls)
    loader.stage(f"s/t/LOAD{number:08X}.csv" for number in range(150))
    mine = Pipeline(loader.spec.name, sandbox, tmp_path)
    mine.write()
    with mine.started(*COMMAND) as running:
        read_until(running, "job 1")
        running.kill()
        running.wait(10)
    done = mine(*COMMAND, "--json")
    assert done.code == 0, done
    data = done.document["data"]
    assert (data["continued"], data["engine"]) == (True, "s3-batch")
    assert data["objects"] == {"copied": 150}
    assert len(loader.lake()) == 150
    assert len(loader.jobs()) == 1


def test_what_fails_makes_the_command_end_with_four(
    calls: Calls, sandbox: Sandbox, tmp_path: Path
) -> None:
    loader = deployed(calls)
    loader.stage(("s/t/LOAD00000001.csv", "s/t/LOAD00000002.csv", "s/secret/LOAD00000001.csv"))
    loader.deny("secret")
    mine = Pipeline(loader.spec.name, sandbox, tmp_path)
    mine.write()
    done = mine(*COMMAND)
    assert done.code == 4, done
    assert "AccessDenied" in done.out
    held = mine(*COMMAND, "--rate", "5", "--json")
    assert (held.code, held.document["error"]["code"]) == (2, "usage")
