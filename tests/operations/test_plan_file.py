"""A reviewed plan in a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dmslake.engine.plan import Action, Plan, Step
from dmslake.errors import DmslakeError, StaleError, UsageError
from dmslake.operations.plan_document import PlanData, plan_data
from dmslake.operations.plan_file import check_same, read_plan, write_plan
from tests.contract.samples import ACCOUNT, spec
from tests.engine.toy import toy


def plan(*names: str) -> PlanData:
    steps = tuple(Step(action=Action.CREATE, resource=toy(name)) for name in names)
    return plan_data(Plan(steps), spec(), ACCOUNT)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    write_plan(tmp_path / "plan.json", plan("a", "b"), ("bucket.x",))
    found = read_plan(tmp_path / "plan.json")
    assert (found.plan, found.adopt, found.format_version) == (plan("a", "b"), ("bucket.x",), 1)


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(DmslakeError) as raised:
        write_plan(tmp_path / "nowhere" / "plan.json", plan())
    assert raised.value.what.endswith("nowhere/plan.json")
    assert raised.value.why == "No such file or directory"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as raised:
        read_plan(tmp_path / "plan.json")
    assert raised.value.fix.startswith("write one: dmslake plan --out ")


@pytest.mark.parametrize("body", ["", "[]", '{"kind": "other"}', "\udcff"])
def test_a_file_that_is_no_plan(tmp_path: Path, body: str) -> None:
    file = tmp_path / "plan.json"
    file.write_text(body, errors="surrogateescape")
    with pytest.raises(UsageError) as raised:
        read_plan(file)
    assert raised.value.what == f"{file} is no plan of this version of dmslake"


def test_a_plan_of_a_later_version_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    write_plan(file, plan("a"))
    file.write_text(json.dumps({**json.loads(file.read_text()), "format_version": 2}))
    with pytest.raises(UsageError, match="no plan of this version") as raised:
        read_plan(file)
    assert "format_version" in raised.value.why


def test_the_same_plan_is_accepted() -> None:
    check_same(plan("a"), plan("a"), "again")


@pytest.mark.parametrize("field", ["pipeline", "account", "region"])
def test_a_plan_for_something_else_is_refused(field: str) -> None:
    other = plan("a").model_copy(update={field: "210987654321"})
    with pytest.raises(StaleError) as raised:
        check_same(other, plan("a"), "again")
    assert raised.value.what == f"the plan is for another {field}"
    assert "210987654321" in raised.value.why
    assert raised.value.fix == "again"


def test_a_plan_that_no_longer_fits_is_refused_with_every_difference() -> None:
    with pytest.raises(StaleError) as raised:
        check_same(plan("a"), plan("b"), "again")
    assert raised.value.why.splitlines()[1:] == [
        "    toy a: was to be created, which is no longer needed",
        "    toy b: is to be created, which was not in the plan",
    ]
