"""`status`: one look at a pipeline."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime

import pytest

from dmslake.aws.clients import Clients
from dmslake.blueprint.names import Names
from dmslake.errors import AccessError
from dmslake.monitor.subject import Subject
from dmslake.operations.observe import observe, subject_of
from tests.contract.recording import Calls, denied
from tests.contract.samples import ACCOUNT, spec

NOW = datetime(2026, 11, 23, 14, 47, 2, tzinfo=UTC)


def test_what_is_watched_are_the_names_that_the_blueprint_gives() -> None:
    found = subject_of(spec(), Names("shop", ACCOUNT))
    assert found == Subject(
        pipeline="shop",
        task="shop-task",
        instance="shop-instance",
        source_endpoint="shop-source",
        target_endpoint="shop-staging",
        function="shop-loader",
        function_log_group="/aws/lambda/shop-loader",
        dead_letters="shop-loader-failed",
        lake_bucket="shop-contract-lake",
        lake_prefix="raw",
        template="{schema}/{table}/year={year}/month={month}/day={day}/hour={hour}/"
        "{stem}-{stamp}{ext}",
    )
    names = [field.name for field in fields(found)]
    assert [name for name in names if not getattr(found, name)] == ["serverless"]


def test_a_pipeline_that_does_not_exist_is_no_error(aws: Clients, heard: Calls) -> None:
    snapshot, verdict = observe(spec(), aws, now=NOW)
    assert (snapshot.at, snapshot.task, snapshot.tables) == (NOW, None, ())
    assert verdict.headline == "there is no pipeline"
    assert not verdict.healthy
    assert all(
        action.split(":")[1].startswith(("Get", "List", "Describe", "Filter", "Receive"))
        for action in heard.actions
    )


def test_the_time_of_a_look_is_now_in_utc(aws: Clients) -> None:
    before = datetime.now(UTC)
    snapshot, _ = observe(spec(), aws)
    assert before <= snapshot.at <= datetime.now(UTC)


def test_what_may_not_be_read_is_an_error_of_ours(aws: Clients, heard: Calls) -> None:
    with denied(heard), pytest.raises(AccessError) as raised:
        observe(spec(), aws, now=NOW)
    assert raised.value.what.startswith("reading the pipeline: ")
    assert raised.value.fix
