"""`dmslake down`: nothing is left but what it says, and data only goes when asked."""

from __future__ import annotations

from collections.abc import Callable

from tests.pipeline.conftest import Make
from tests.sandbox.calls import Calls

Keys = Callable[[str], list[str]]


def buckets_of(calls: Calls, name: str) -> list[str]:
    found = [bucket["Name"] for bucket in calls.s3.list_buckets()["Buckets"]]
    return [bucket for bucket in found if bucket.startswith(f"{name}-")]


def test_down_leaves_data_and_shared_roles_and_says_so(
    pipeline: Make, calls: Calls, keys: Keys
) -> None:
    leaving = pipeline("leaving")
    leaving.up()
    leaving.healthy()
    before = keys("leaving-lake")

    found = leaving("down", "--yes")
    assert found.code == 0
    head, *kept = found.out[found.out.index("pipeline leaving is removed") :].splitlines()
    assert head.startswith("pipeline leaving is removed (")
    assert sorted(line.split(":")[1].strip() for line in kept) == [
        "account role dms-cloudwatch-logs-role",
        "account role dms-vpc-role",
        "lake bucket leaving-lake",
        "staging bucket leaving-staging",
    ]
    assert keys("leaving-lake") == before

    again = leaving("down", "--yes")
    assert again.code == 0
    assert again.out.startswith("nothing of pipeline leaving is left to remove\n")

    totals = leaving("plan", "--json").document["data"]["totals"]
    assert totals == {"create": 18, "nothing": 5}

    gone = leaving("down", "--yes", "--delete-data", "--confirm", "leaving")
    assert gone.code == 0
    assert buckets_of(calls, "leaving") == []
    assert calls.iam.get_role(RoleName="dms-vpc-role")


def test_down_with_data_takes_everything_at_once(pipeline: Make, calls: Calls) -> None:
    going = pipeline("going")
    going.up()  # and its loader may still be writing
    unsure = going("down", "--yes", "--delete-data")
    assert unsure.code == 2
    assert "--yes alone deletes no data" in unsure.err
    assert going("down", "--delete-data", "--confirm", "going").code == 0
    assert buckets_of(calls, "going") == []
    totals = going("plan", "--json").document["data"]["totals"]
    assert totals == {"create": 20, "nothing": 3}
