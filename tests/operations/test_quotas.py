"""Quotas: told before they are reached, and with their numbers when they are."""

from __future__ import annotations

import pytest

from dmslake.aws.clients import Clients
from dmslake.blueprint.pipeline import pipeline
from dmslake.engine.plan import Action, Plan, Step
from dmslake.errors import CloudError, DmslakeError, WaitError
from dmslake.operations.quotas import check_quotas, explained, read_quotas, wanted_of
from tests.aws import moto_dms
from tests.contract.recording import Calls, denied
from tests.contract.samples import ACCOUNT, spec

WANTED = pipeline(spec(), ACCOUNT).wanted
PLAN = Plan(tuple(Step(action=Action.CREATE, resource=resource) for resource in WANTED))
NEEDED = {
    "AllocatedStorage": 50, "Endpoints": 2, "ReplicationInstances": 1, "ReplicationTasks": 1,
    "ReplicationSubnetGroups": 1,
}  # fmt: skip


def test_what_a_plan_needs() -> None:
    assert dict(wanted_of(PLAN)) == NEEDED
    changes = Plan(tuple(Step(action=Action.UPDATE, resource=resource) for resource in WANTED))
    assert not wanted_of(changes)


@pytest.mark.parametrize("name", NEEDED)
def test_a_quota_that_is_reached_is_named_with_its_numbers(name: str) -> None:
    most = 100
    fits = {**dict.fromkeys(NEEDED, (0, 1000)), name: (most - NEEDED[name], most)}
    assert list(check_quotas(PLAN, fits)) == []
    (found,) = check_quotas(PLAN, {**fits, name: (most - NEEDED[name] + 1, most)})
    assert found.fatal
    assert found.what == f"the quota {name} of DMS is reached"
    assert f"{most - NEEDED[name] + 1}" in found.why
    assert f"of {most}" in found.why
    assert "higher quota" in found.fix


def test_what_is_not_known_is_no_limit() -> None:
    assert list(check_quotas(PLAN, {})) == []


REACHED = CloudError(
    "replication_instance.shop: CreateReplicationInstance failed",
    why="ResourceQuotaExceededFault: too many", service_code="ResourceQuotaExceededFault",
)  # fmt: skip


def test_an_error_about_a_quota_says_which_and_how_many(
    aws: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    moto_dms.complete(monkeypatch, ReplicationInstances=(60, 60))
    assert read_quotas(aws)["ReplicationInstances"] == (60, 60)
    error = explained(REACHED, aws)
    assert error.what == REACHED.what
    assert error.why == f"{REACHED.why} (used: ReplicationInstances 60 of 60)"
    assert "higher quota" in error.fix


def test_where_none_is_used_up_all_are_told(aws: Clients) -> None:
    assert "Endpoints 2 of 1000" in explained(REACHED, aws).why


@pytest.mark.parametrize(
    "error",
    [
        DmslakeError("x"), WaitError("x"), CloudError("x", service_code="AccessDenied"),
        CloudError("x", service_code="LimitExceeded"),
    ],
    ids=["ours", "wait", "denied", "another service"],
)  # fmt: skip
def test_other_errors_stay_as_they_are(aws: Clients, heard: Calls, error: DmslakeError) -> None:
    assert explained(error, aws) is error
    assert heard.actions == set()


def test_an_error_that_cannot_be_explained_stays_as_it_is(aws: Clients, heard: Calls) -> None:
    with denied(heard):
        assert explained(REACHED, aws) is REACHED
