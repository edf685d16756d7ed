"""The loader and backfills at work on the same objects at once: nothing twice, nothing lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from dmslake.aws.clients import Account
from dmslake.blueprint.loader_config import loader_config
from dmslake.blueprint.names import Names
from dmslake.lake.config import LoaderConfig
from dmslake.lake.routing import Route
from dmslake.sandbox.environment import environment
from dmslake.spec import load_spec
from tests.pipeline.conftest import Make
from tests.pipeline.pipelines import Pipeline, until
from tests.sandbox.calls import Calls

BEFORE, MEANWHILE = 60, 60


def config_of(pipeline: Pipeline) -> LoaderConfig:
    sandbox = pipeline.sandbox
    spec = load_spec(pipeline.file, environ=environment(sandbox))
    names = Names(spec.name, Account(id=sandbox.account, region=sandbox.region))
    return loader_config(spec, names)


def stage(calls: Calls, pipeline: Pipeline, numbers: range) -> None:
    for number in numbers:
        key = f"dms/{pipeline.name}/a b+%/LOAD{number:08X}.csv"
        calls.s3.put_object(Bucket=f"{pipeline.name}-staging", Key=key, Body=key.encode())


@contextmanager
def arriving(calls: Calls, pipeline: Pipeline) -> Iterator[None]:
    """Stage objects while the block runs; all of them are staged when it is over."""
    numbers = range(BEFORE, BEFORE + MEANWHILE)
    thread = threading.Thread(target=stage, args=(calls, pipeline, numbers))
    thread.start()
    try:
        yield
    finally:
        thread.join()


def listed(calls: Calls, bucket: str) -> dict[str, datetime]:
    found: dict[str, datetime] = {}
    for page in calls.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        found |= {one["Key"]: one["LastModified"] for one in page.get("Contents", ())}
    return found


def expected(calls: Calls, config: LoaderConfig) -> dict[str, str]:
    """Return the lake key of each staged object, with that object's key."""
    router = config.router()
    found = {}
    for key, modified in listed(calls, config.staging_bucket).items():
        route = router.route(key, modified)
        if isinstance(route, Route):
            found[route.target] = key
    return found


def test_the_loader_and_backfills_share_the_work_and_each_object_arrives_once(
    pipeline: Make, calls: Calls
) -> None:
    shop = pipeline("together")
    shop.up()
    shop.healthy()
    config = config_of(shop)
    stage(calls, shop, range(BEFORE))
    with arriving(calls, shop):
        done = [shop("backfill", "--json") for _ in range(3)]
    assert [one.code for one in done] == [0, 0, 0], done

    def lake() -> set[str]:
        return set(listed(calls, config.lake_bucket))

    wanted = expected(calls, config)
    assert len(wanted) >= BEFORE + MEANWHILE
    until(lake, lambda seen: seen >= set(wanted), seconds=60)
    last = shop("backfill", "--json")
    assert last.code == 0
    assert last.document["data"]["objects"].keys() <= {"present", "skipped"}
    assert lake() == set(expected(calls, config))
    for target, key in wanted.items():
        if "/a b+%/" in key:
            body = calls.s3.get_object(Bucket=config.lake_bucket, Key=target)["Body"].read()
            assert body.decode() == key
