"""Somebody takes a right away by hand: the plan shows it, the status shows what it does."""

from __future__ import annotations

import json
from typing import Any

from tests.pipeline.conftest import Make
from tests.pipeline.pipelines import Pipeline, until
from tests.sandbox.calls import Calls

ROLE = "drift-loader-eu-west-1"
STAGED = "dms/drift/a b/LOAD00000099.csv"


def take_away_put_object(calls: Calls) -> None:
    live: Any = calls.iam.get_role_policy(RoleName=ROLE, PolicyName="dmslake")["PolicyDocument"]
    document = json.loads(live) if isinstance(live, str) else live
    for statement in document["Statement"]:
        if statement["Sid"] == "WriteLake":
            statement["Action"].remove("s3:PutObject")
    calls.iam.put_role_policy(
        RoleName=ROLE, PolicyName="dmslake", PolicyDocument=json.dumps(document)
    )


def damage(drifting: Pipeline, calls: Calls) -> dict[str, Any]:
    """Stage an object that the loader may not write, and wait until Lambda gives up on it."""
    calls.s3.put_object(Bucket="drift-staging", Key=STAGED, Body=b"1\n")
    return until(drifting.status, lambda status: bool(status["loader"]["dead_letters"]))


def test_drift_is_shown_its_damage_is_shown_and_up_repairs_it(pipeline: Make, calls: Calls) -> None:
    # A pipeline of its own: what failed is told for an hour, also when it is repaired.
    drifting = pipeline("drift", "a b")
    drifting.up()
    drifting.healthy()
    take_away_put_object(calls)

    planned = drifting("plan", "--exit-code")
    assert planned.code == 3
    assert f"  ~ role {ROLE}\n      policy.WriteLake.Action: " in planned.out
    assert '"s3:PutObject", ' in planned.out
    assert "1 to change, 22 unchanged" in planned.out

    seen = damage(drifting, calls)
    (letter,) = seen["loader"]["examples"]
    assert letter["objects"] == [f"s3://drift-staging/{STAGED}"]
    assert "AccessDenied" in letter["error"]
    assert any(STAGED in finding["what"] for finding in seen["findings"])
    checked = drifting("status", "--check")
    assert checked.code == 5
    assert "! 1 event was given up and put into the dead-letter queue" in checked.out

    drifting.up()
    assert drifting.is_as_planned()
    calls.s3.put_object(Bucket="drift-staging", Key=STAGED, Body=b"1\n")
    prefix = "raw/drift/a b/"
    until(
        lambda: calls.s3.list_objects_v2(Bucket="drift-lake", Prefix=prefix).get("Contents", []),
        lambda found: any("LOAD00000099-" in entry["Key"] for entry in found),
    )
