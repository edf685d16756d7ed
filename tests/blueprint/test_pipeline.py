"""The whole pipeline: what it is made of, and which part stands on which."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dmslake.aws.clients import Account
from dmslake.blueprint.names import Names
from dmslake.blueprint.pipeline import pipeline, removal
from dmslake.engine.graph import in_order
from dmslake.engine.jobs import all_needs, jobs_of
from dmslake.engine.plan import Action, Plan, Step
from dmslake.kinds.registry import KINDS
from dmslake.lake.config import LoaderConfig
from dmslake.lake.routing import Clock
from dmslake.spec import Spec, load_spec
from tests.blueprint.specs import ACCOUNT, spec
from tests.spec.texts import ENVIRON, ROOT, SPECS

Parts = dict[str, Any]


def parts(found: Spec, account: Account = ACCOUNT) -> Parts:
    return {str(r.address): r for r in pipeline(found, account).wanted}


def unwanted(found: Spec) -> set[str]:
    return {str(r.address) for r in pipeline(found, ACCOUNT).unwanted}


def removed(found: Spec, *, purge: bool = False) -> Parts:
    return {str(r.address): r for r in removal(found, ACCOUNT, purge=purge)}


SHOP = parts(spec())


def stands_on(found: Spec, *, down: bool = False) -> dict[str, set[str]]:
    """Return everything wanted that each part needs, directly or through others."""
    made = pipeline(found, ACCOUNT)
    ordered = in_order(removal(found, ACCOUNT) if down else made.all)
    steps = tuple(Step(action=Action.CREATE, resource=r) for r in ordered)
    gone = {r.address for r in made.unwanted}
    return {str(a): {str(n) for n in ns - gone} for a, ns in all_needs(Plan(steps)).items()}


def test_the_good_specs_together_use_every_kind() -> None:
    used = {
        type(resource)
        for file in FILES
        for resource in removal(load_spec(file, environ=ENVIRON), ACCOUNT)
    }
    assert used == set(KINDS)


def test_the_reference_architecture() -> None:
    assert Counter(resource.kind for resource in SHOP.values()) == {
        "account_role": 2, "bucket": 2, "bucket_notification": 1, "connection_test": 2,
        "endpoint": 2, "failure_destination": 1, "function": 1, "invoke_permission": 1,
        "log_group": 2, "queue": 1, "replication_instance": 1, "replication_task": 1, "role": 2,
        "subnet_group": 1, "sweep": 1, "table_loads": 1, "task_run": 1,
    }  # fmt: skip


# What has to be there before: left needs right.
NEEDS = [
    # no object is missed: everything that moves one is there before the first can be staged
    ("task_run.shop-task", "bucket_notification.dmslake-shop"),
    ("bucket_notification.dmslake-shop", "invoke_permission.dmslake-shop"),
    ("bucket_notification.dmslake-shop", "function.shop-loader"),
    ("bucket_notification.dmslake-shop", "failure_destination.shop-loader"),
    ("failure_destination.shop-loader", "queue.shop-loader-failed"),
    ("function.shop-loader", "role.shop-loader-eu-west-1"),
    ("function.shop-loader", "log_group./aws/lambda/shop-loader"),
    ("function.shop-loader", "bucket.acme-lake"),
    # a task starts only after both tests
    ("task_run.shop-task", "connection_test.shop-source"),
    ("task_run.shop-task", "connection_test.shop-staging"),
    ("task_run.shop-task", "replication_task.shop-task"),
    ("replication_task.shop-task", "replication_instance.shop-instance"),
    ("replication_task.shop-task", "log_group.dms-tasks-shop-instance"),
    ("replication_task.shop-task", "account_role.dms-cloudwatch-logs-role"),
    ("replication_instance.shop-instance", "subnet_group.shop-subnets"),
    ("subnet_group.shop-subnets", "account_role.dms-vpc-role"),
    ("endpoint.shop-staging", "role.shop-dms-staging-eu-west-1"),
    ("endpoint.shop-staging", "bucket.acme-staging"),
]


@pytest.mark.parametrize(("later", "earlier"), NEEDS)
def test_what_has_to_be_there_before(later: str, earlier: str) -> None:
    assert earlier in stands_on(spec())[later]


def test_the_instance_waits_for_nothing_but_its_network() -> None:
    # It takes minutes: everything else is made meanwhile.
    assert stands_on(spec())["replication_instance.shop-instance"] == {
        "subnet_group.shop-subnets", "account_role.dms-vpc-role",
    }  # fmt: skip


def test_the_source_endpoint_waits_for_nothing() -> None:
    assert stands_on(spec())["endpoint.shop-source"] == set()


def test_the_run_stands_on_everything() -> None:
    rest = {"task_run.shop-task", "table_loads.shop-task", "sweep.shop-loader"}
    assert stands_on(spec())["task_run.shop-task"] == set(SHOP) - rest


def test_shared_roles_are_never_owned_and_everything_that_can_be_is() -> None:
    # These carry no tags of their own, and go with what they stand on.
    tagless = {
        "account_role", "bucket_notification", "connection_test", "failure_destination",
        "invoke_permission", "sweep", "table_loads", "task_run",
    }  # fmt: skip
    for resource in SHOP.values():
        assert resource.owner == (None if resource.kind in tagless else "shop"), resource.address


def test_the_tags_of_the_spec_are_on_everything_that_can_carry_them() -> None:
    made = parts(spec(aws="{tags: {team: data}}"))
    for resource in made.values():
        if resource.owner:
            assert resource.desired()["tags"] == {"team": "data", "dmslake:pipeline": "shop"}


def test_two_buckets_or_one() -> None:
    one = parts(spec(staging="{bucket: acme, prefix: in}", lake="{bucket: acme, prefix: out}"))
    assert [a for a in SHOP if a.startswith("bucket.")] == [
        "bucket.acme-staging",
        "bucket.acme-lake",
    ]
    assert [a for a in one if a.startswith("bucket.")] == ["bucket.acme"]
    assert one["bucket_notification.dmslake-shop"].prefix == "in/"


def test_only_staged_objects_expire() -> None:
    made = parts(spec(staging="{bucket: acme, prefix: in, expire_after_days: 30}"))
    assert (made["bucket.acme"].expire_after_days, made["bucket.acme"].expire_prefix) == (30, "in/")
    assert made["bucket.acme-lake"].expire_after_days is None


def test_data_goes_only_when_asked() -> None:
    for purge in (False, True):
        made = removed(spec(), purge=purge)
        assert {made["bucket.acme-staging"].purge, made["bucket.acme-lake"].purge} == {purge}


def test_without_a_prefix_every_object_wakes_the_loader() -> None:
    made = parts(spec(staging="{bucket: acme-staging}"))
    assert made["bucket_notification.dmslake-shop"].prefix == ""
    assert made["bucket.acme-staging"].expire_prefix == ""


def test_the_roles_are_where_the_organisation_wants_them() -> None:
    boundary = "arn:aws:iam::123456789012:policy/boundary"
    made = parts(spec(aws=f"{{role_path: /data/, permissions_boundary: '{boundary}'}}"))
    for address in ("role.shop-loader-eu-west-1", "role.shop-dms-staging-eu-west-1"):
        assert (made[address].path, made[address].boundary) == ("/data/", boundary)
    loader = "arn:aws:iam::123456789012:role/data/shop-loader-eu-west-1"
    assert made["function.shop-loader"].role == loader


def test_the_loader_can_read_the_settings_that_it_is_given() -> None:
    made = parts(
        spec(
            lake="{bucket: acme-lake, prefix: raw, clock: filename, timezone: Europe/Paris}",
            loader="{memory_mb: 512, timeout_s: 90}",
        )
    )
    function = made["function.shop-loader"]
    assert (function.memory_mb, function.timeout_s) == (512, 90)
    assert LoaderConfig.from_environment(function.environment) == LoaderConfig(
        pipeline="shop",
        staging_bucket="acme-staging",
        staging_prefix="dms",
        lake_bucket="acme-lake",
        lake_prefix="raw",
        clock=Clock.FILENAME,
        timezone="Europe/Paris",
        account=ACCOUNT.id,
    )


def test_the_source_is_what_the_spec_says_and_is_not_reachable_from_outside() -> None:
    instance = "instance: {class: dms.r5.large, storage_gb: 80, multi_az: true}"
    network = "network: {subnets: [subnet-a, subnet-b], security_groups: [sg-a]}"
    made = parts(spec(replication=f"{{{instance}, {network}}}"))
    source = made["endpoint.shop-source"]
    assert (source.server, source.port, source.database) == ("db.internal", 5432, "shop")
    machine = made["replication_instance.shop-instance"].desired()
    assert machine["class"] == "dms.r5.large"
    assert machine["storage_gb"] == 80
    assert machine["multi_az"] is True
    assert machine["security_groups"] == ("sg-a",)
    assert machine["publicly_accessible"] is False


def test_no_password_is_in_what_is_compared_or_shown() -> None:
    for resource in SHOP.values():
        assert ENVIRON["SHOP_DB_PASSWORD"] not in f"{resource!r}{resource.desired()}"


NETWORK = "network: {subnets: [subnet-a, subnet-b]}"
SERVERLESS = spec(replication=f"{{serverless: {{max_capacity: 2}}, {NETWORK}}}")
SHARED = "arn:aws:dms:eu-west-1:123456789012:rep:SHARED"
ON_SHARED = spec(replication=f"{{instance: {{arn: '{SHARED}'}}}}")
QUEUED = spec(loader="{trigger: sqs, concurrency: 5}")


def test_with_a_queue_s3_calls_the_queue_and_the_direct_way_is_unwanted() -> None:
    made = parts(QUEUED)
    notification = made["bucket_notification.dmslake-shop"]
    assert (notification.function_arn, notification.queue_arn) == (
        None, "arn:aws:sqs:eu-west-1:123456789012:shop-staged",
    )  # fmt: skip
    assert made["queue.shop-staged"].visibility_timeout_s >= 6 * 60
    assert made["function.shop-loader"].concurrency == 5
    assert "event_source_mapping.shop-staged" in stands_on(QUEUED)["task_run.shop-task"]
    assert "invoke_permission.dmslake-shop" in unwanted(QUEUED)
    assert {"queue.shop-staged", "event_source_mapping.shop-staged"} <= unwanted(spec())


def test_what_lambda_still_tries_reaches_the_dead_letters_after_a_switch() -> None:
    for found in (spec(), QUEUED):
        made = stands_on(found)
        assert "failure_destination.shop-loader" in made["bucket_notification.dmslake-shop"]
        assert "failure_destination.shop-loader" not in unwanted(found)


def test_the_old_way_goes_after_the_new_one_is_open_and_staging_is_swept_last() -> None:
    opened = "bucket_notification.dmslake-shop"
    for found in (spec(), QUEUED):
        old = [r for r in pipeline(found, ACCOUNT).unwanted if r.gone_after and r.kind != "role"]
        assert {str(a) for r in old for a in r.gone_after if r.kind in _OF_TRIGGERS} == {opened}
        assert opened in stands_on(found)["sweep.shop-loader"]
    sweep = parts(spec())["sweep.shop-loader"]
    assert "queue_drain.shop-staged" in {str(a) for a in sweep.after}


_OF_TRIGGERS = ("event_source_mapping", "invoke_permission", "queue", "queue_drain")


def test_serverless_has_no_machine_and_what_ran_before_is_gone_before_it() -> None:
    made = parts(SERVERLESS)
    assert not [a for a in made if a.startswith(("replication_instance", "replication_task"))]
    assert {"task_run.shop-task", "replication_instance.shop-instance"} <= unwanted(SERVERLESS)
    config = made["replication_config.shop-serverless"]
    assert "task_run.shop-task" in {str(a) for a in config.after}
    task = SHOP["replication_task.shop-task"]
    assert "replication_config.shop-serverless" in {str(a) for a in task.after}


def test_a_shared_instance_is_looked_at_and_ours_goes_after_the_task_moved() -> None:
    made = parts(ON_SHARED)
    assert made["replication_task.shop-task"].instance == SHARED
    assert not [a for a in made if a.startswith(("subnet_group", "replication_instance"))]
    (own,) = (r for r in pipeline(ON_SHARED, ACCOUNT).unwanted if r.kind == "replication_instance")
    assert [str(a) for a in own.gone_after] == ["replication_task.shop-task"]


def test_what_the_organisation_made_is_taken_as_it_is() -> None:
    role = "arn:aws:iam::123456789012:role/org/loader"
    found = spec(
        staging="{bucket: acme-staging, prefix: dms, existing: true}",
        lake="{bucket: acme-lake, prefix: raw, existing: true}",
        loader=f"{{role: '{role}'}}",
        replication="{network: {subnet_group: org-subnets}}",
    )
    made = parts(found)
    assert made["function.shop-loader"].role == role
    assert {a for a in made if a.startswith("shared_")} == {
        f"shared_role.{role}", "shared_bucket.acme-staging", "shared_bucket.acme-lake",
        "shared_subnet_group.org-subnets",
    }  # fmt: skip
    assert {"role.shop-loader-eu-west-1", "subnet_group.shop-subnets"} <= unwanted(found)
    assert not [a for a in removed(found) if a.startswith("bucket.")]


def test_removal_lets_the_loader_finish_between_the_run_and_its_trigger() -> None:
    needs = stands_on(spec(), down=True)
    assert "drain.shop-loader" in needs["task_run.shop-task"]
    assert "bucket_notification.dmslake-shop" in needs["drain.shop-loader"]


def test_a_certificate_gets_another_name_with_another_text() -> None:
    names = {Names("shop", ACCOUNT).certificate(text) for text in ("one", "two")}
    assert len(names) == 2
    assert all(name.startswith("shop-ca-") for name in names)


FILES = [ROOT / "config.example.yaml", *sorted((SPECS / "good").glob("*.yaml"))]


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_every_good_spec_can_be_drawn(file: Path) -> None:
    found = load_spec(file, environ=ENVIRON)
    made = pipeline(found, ACCOUNT)
    assert in_order(made.all)
    assert in_order(removal(found, ACCOUNT))
    assert {"task_run", "replication"} & {r.kind for r in made.wanted}


names = st.from_regex(r"[a-z](-?[a-z0-9]){1,11}", fullmatch=True)
prefixes = st.sampled_from(["", "dms", "a/b/c", "raw"])


@st.composite
def specs(draw: st.DrawFn) -> Spec:
    staging, lake = draw(names) + "-s", draw(names) + "-l"
    one_bucket = draw(st.booleans())
    folder = f"prefix: {draw(prefixes)}" if not one_bucket else "prefix: in"
    form = draw(st.sampled_from(["csv", "parquet"]))
    kind = draw(st.sampled_from(["full-load", "cdc", "full-load-and-cdc"]))
    network = "network: {subnets: [subnet-a, subnet-b]}"
    lake_folder = "out" if one_bucket else draw(prefixes)
    return spec(
        name=draw(names),
        staging=f"{{bucket: {staging}, {folder}, format: {form}}}",
        lake=f"{{bucket: {staging if one_bucket else lake}, prefix: '{lake_folder}'}}",
        replication=f"{{type: {kind}, {network}}}",
    )


@settings(max_examples=40, deadline=None)  # a password's fingerprint takes its time
@given(specs(), st.sampled_from(["eu-west-1", "cn-north-1"]), st.booleans())
def test_any_spec_gives_a_pipeline_that_can_be_built_and_taken_down(
    found: Spec, region: str, purge: bool
) -> None:
    account = replace(ACCOUNT, region=region)
    made = removal(found, account, purge=purge)
    assert in_order(made)
    assert len({r.address for r in made}) == len(made)
    assert all(r.owner in (None, found.name) for r in made)
    again = removal(found, account, purge=purge)
    assert [r.desired() for r in made] == [r.desired() for r in again]


GOOD = [load_spec(file, environ=ENVIRON) for file in FILES]


@pytest.mark.parametrize("before", GOOD, ids=[file.stem for file in FILES])
def test_from_any_good_spec_to_any_other_there_is_an_order(before: Spec) -> None:
    """Whatever is there and whatever is replaced: the jobs of a plan never wait in a circle."""
    for after in GOOD:
        renamed = after.model_copy(update={"name": before.name})
        made, wanted = pipeline(before, ACCOUNT), pipeline(renamed, ACCOUNT)
        there = {r.address for r in made.wanted}
        for action in (Action.UPDATE, Action.REPLACE):
            steps = []
            for resource in in_order(wanted.all):
                known = resource.address in there
                if resource in wanted.unwanted:
                    if known:
                        steps.append(Step(action=Action.DELETE, resource=resource))
                else:
                    todo = action if known and not resource.given else Action.CREATE
                    steps.append(Step(action=todo, resource=resource))
            TopologicalSorter(jobs_of(Plan(tuple(steps)))).prepare()
