"""The whole pipeline: what it is made of, and which part stands on which."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dmslake.aws.clients import Account
from dmslake.blueprint.pipeline import pipeline
from dmslake.engine.graph import in_order
from dmslake.engine.jobs import all_needs
from dmslake.engine.plan import Action, Plan, Step
from dmslake.engine.resource import Resource
from dmslake.kinds.registry import KINDS
from dmslake.lake.config import LoaderConfig
from dmslake.lake.routing import Clock
from dmslake.spec import Spec, load_spec
from tests.blueprint.specs import ACCOUNT, spec
from tests.spec.texts import ENVIRON, ROOT, SPECS

Parts = dict[str, Any]


def parts(found: Spec, account: Account = ACCOUNT, **options: bool) -> Parts:
    return {str(r.address): r for r in pipeline(found, account, **options)}


SHOP = parts(spec())


def stands_on(made: Parts) -> dict[str, set[str]]:
    """Return everything that each part needs, directly or through others."""
    ordered = in_order(list(made.values()))
    steps = tuple(Step(action=Action.CREATE, resource=r) for r in ordered)
    return {str(a): {str(n) for n in needs} for a, needs in all_needs(Plan(steps)).items()}


def test_it_is_made_of_every_kind() -> None:
    assert {type(resource) for resource in SHOP.values()} == set(KINDS)


def test_how_many_there_are_of_each() -> None:
    several = {"account_role": 2, "bucket": 2, "connection_test": 2, "endpoint": 2, "log_group": 2}
    found = Counter(resource.kind for resource in SHOP.values())
    assert found == {**dict.fromkeys((kind.kind for kind in KINDS), 1), **several, "role": 2}


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
    assert earlier in stands_on(SHOP)[later]


def test_the_instance_waits_for_nothing_but_its_network() -> None:
    # It takes minutes: everything else is made meanwhile.
    assert stands_on(SHOP)["replication_instance.shop-instance"] == {
        "subnet_group.shop-subnets", "account_role.dms-vpc-role",
    }  # fmt: skip


def test_the_source_endpoint_waits_for_nothing() -> None:
    assert stands_on(SHOP)["endpoint.shop-source"] == set()


def test_the_run_stands_on_everything() -> None:
    assert stands_on(SHOP)["task_run.shop-task"] == set(SHOP) - {"task_run.shop-task"}


def test_shared_roles_are_never_owned_and_everything_that_can_be_is() -> None:
    # These carry no tags of their own, and go with what they stand on.
    tagless = {
        "account_role", "bucket_notification", "connection_test", "failure_destination",
        "invoke_permission", "task_run",
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
        made = parts(spec(), purge=purge)
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


FILES = [ROOT / "config.example.yaml", *sorted((SPECS / "good").glob("*.yaml"))]


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_every_good_spec_can_be_drawn(file: Path) -> None:
    found = load_spec(file, environ=ENVIRON)
    ordered = in_order(pipeline(found, ACCOUNT))
    assert ordered[-1].kind == "task_run"


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
    made = pipeline(found, account, purge=purge)
    ordered: tuple[Resource[Any], ...] = in_order(made)
    assert ordered[-1].kind == "task_run"
    assert len({r.address for r in made}) == len(made)
    assert all(r.owner in (None, found.name) for r in made)
    assert [r.desired() for r in made] == [r.desired() for r in pipeline(found, account)]
