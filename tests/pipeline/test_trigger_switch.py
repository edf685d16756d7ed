"""`loader.trigger` changes while files arrive: the lake gets all of them, and nothing else."""

from __future__ import annotations

import itertools
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from dmslake.aws.clients import Account
from dmslake.aws.errors import unless_absent
from dmslake.blueprint.loader_config import loader_config
from dmslake.blueprint.names import Names
from dmslake.lake.config import LoaderConfig
from dmslake.lake.routing import Route
from dmslake.sandbox.environment import environment
from dmslake.spec import load_spec
from tests.pipeline.conftest import Make
from tests.pipeline.pipelines import Pipeline, read_until, until
from tests.sandbox.calls import Calls

TABLES = ("orders", "a b", "a+b%", "ünïcode=1")
DIRECT, QUEUED = "loader: {trigger: s3}", "loader: {trigger: sqs}"
_SETTLING = "on its way to all of S3"


@dataclass(frozen=True)
class Live:
    """A pipeline that is up, and what it has staged and loaded."""

    pipeline: Pipeline
    calls: Calls
    names: Names
    config: LoaderConfig

    @classmethod
    def of(cls, pipeline: Pipeline, calls: Calls) -> Live:
        sandbox = pipeline.sandbox
        spec = load_spec(pipeline.file, environ=environment(sandbox))
        names = Names(spec.name, Account(id=sandbox.account, region=sandbox.region))
        return cls(pipeline, calls, names, loader_config(spec, names))

    def choose(self, trigger: str) -> None:
        self.pipeline.write()
        self.pipeline.file.write_text(f"{self.pipeline.file.read_text()}{trigger}\n")

    def stage(self, *keys: str) -> None:
        for key in keys:
            bucket = self.config.staging_bucket
            self.calls.s3.put_object(Bucket=bucket, Key=f"dms/{key}", Body=key.encode())

    def listed(self, bucket: str) -> dict[str, Any]:
        pages = self.calls.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return {one["Key"]: one for page in pages for one in page.get("Contents", ())}

    def missing(self) -> set[str]:
        """Return where the staged objects belong and are not, and what is there unasked."""
        router = self.config.router()
        staged = self.listed(self.config.staging_bucket).items()
        routes = [router.route(key, found["LastModified"]) for key, found in staged]
        wanted = {route.target for route in routes if isinstance(route, Route)}
        return wanted ^ self.listed(self.config.lake_bucket).keys()

    def arrives(self) -> None:
        assert until(self.missing, lambda found: not found, seconds=60) == set()

    def dead_letters(self) -> int:
        return self._waiting(self.names.dead_letters) or 0

    def _waiting(self, queue: str) -> int | None:
        """Return how many messages are in a queue; None when there is no such queue."""
        wanted: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        sqs: Any = self.calls.sqs
        urls = sqs.list_queues(QueueNamePrefix=queue).get("QueueUrls", [])
        for url in urls:
            if url.endswith(f"/{queue}"):
                found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=wanted)
                return sum(map(int, found["Attributes"].values()))
        return None

    @property
    def ways(self) -> set[str]:
        """Return which ways from S3 to the function stand."""
        functions = self.calls.functions
        policy = unless_absent(
            lambda: functions.get_policy(FunctionName=self.names.function),
            "ResourceNotFoundException",
        )
        mappings = functions.list_event_source_mappings(FunctionName=self.names.function)
        found = {"mapping" for _ in mappings["EventSourceMappings"]}
        if policy is not None and self.names.notification in policy["Policy"]:
            found.add("permission")
        if self._waiting(self.names.queue) is not None:
            found.add("queue")
        return found

    def forget_notification(self) -> None:
        """Do what somebody does by mistake, or S3 while a change is on its way: tell nobody."""
        self.calls.s3.put_bucket_notification_configuration(
            Bucket=self.config.staging_bucket, NotificationConfiguration={}
        )

    @property
    def tags(self) -> dict[str, str]:
        found = self.calls.functions.get_function(FunctionName=self.names.function)
        return dict(found.get("Tags", {}))

    def is_finished(self) -> None:
        found = self.pipeline("plan", "--exit-code")
        assert found.code == 0, found.out
        assert "dmslake:sweep-since" not in self.tags


@pytest.fixture
def live(pipeline: Make, calls: Calls) -> Callable[[str], Live]:
    """Brings up a pipeline of this name."""

    def made(name: str) -> Live:
        found = pipeline(name)
        found.up()
        return Live.of(found, calls)

    return made


@contextmanager
def staging(live: Live) -> Iterator[None]:
    """Stage an object of each table again and again for as long as the block runs."""
    stop = threading.Event()
    failures: list[Exception] = []

    def stage() -> None:
        for number in itertools.count(1):
            second, milli = divmod(number, 1000)
            for table in TABLES:
                live.stage(f"{live.pipeline.name}/{table}/20261123-14{second:04}{milli:03}.csv")
            if stop.wait(0.05):
                return

    def run() -> None:
        try:
            stage()
        except Exception as error:  # noqa: BLE001 - whatever it is, the test has to say so
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
    assert failures == []


@pytest.mark.timeout(180)
def test_switching_to_and_fro_while_files_arrive_loses_nothing(live: Callable[[str], Live]) -> None:
    there = live("switching")
    with staging(there):
        for trigger, ways in (
            (QUEUED, {"queue", "mapping"}),
            (DIRECT, {"permission"}),
            (QUEUED, {"queue", "mapping"}),
        ):
            there.choose(trigger)
            there.pipeline.up()
            assert there.ways == ways
    there.arrives()
    assert len(there.listed(there.config.staging_bucket)) > 4 * len(TABLES)
    assert there.dead_letters() == 0
    there.is_finished()


@pytest.mark.parametrize(("before", "after"), [(DIRECT, QUEUED), (QUEUED, DIRECT)])
def test_what_no_event_told_of_is_swept_also_after_a_kill(
    live: Callable[[str], Live], before: str, after: str
) -> None:
    there = live("lostto" + ("queue" if after is QUEUED else "function"))
    there.choose(before)
    there.pipeline.up()
    there.arrives()
    there.forget_notification()
    lost = [f"{there.pipeline.name}/{table}/20261123-1500{n:05}.csv" for table in TABLES
            for n in range(13)]  # fmt: skip
    there.stage(*lost)
    there.choose(after)
    assert "sweep of staging bucket" in there.pipeline("plan").out

    with there.pipeline.started("up", "--yes", "--settle", "60") as process:
        read_until(process, _SETTLING)
        process.kill()
        assert process.wait(timeout=10) == -signal.SIGKILL
    assert len(there.missing()) == len(lost), "no event told of them"
    assert "dmslake:sweep-since" in there.tags
    assert {"permission", "queue", "mapping"} == there.ways, "the old way stands until S3 is done"
    assert there.pipeline("plan", "--exit-code").code == 3

    there.pipeline.up()
    assert there.missing() == set(), "up ends when they are in the lake"
    assert there.ways == ({"queue", "mapping"} if after is QUEUED else {"permission"})
    assert there.dead_letters() == 0
    there.is_finished()


def test_what_the_loader_cannot_move_is_named_once_and_left_to_the_dead_letters(
    live: Callable[[str], Live],
) -> None:
    there = live("poisoned")
    there.arrives()
    there.forget_notification()
    good = [f"poisoned/orders/20261123-1600{n:05}.csv" for n in range(12)]
    poison = f"poisoned/{'x' * 740}/{'y' * 250}.csv"  # its key in the lake would be too long
    there.stage(*good, poison)
    there.choose(QUEUED)
    done = there.pipeline("up", "--yes")
    assert done.code == 1
    assert "one object could not be moved into the lake" in done.err
    assert "dmslake redrive" in done.err
    assert there.missing() == set()
    until(there.dead_letters, lambda found: found == 1, seconds=30)
    there.is_finished()


def test_somebody_who_overwrites_the_notification_meanwhile_is_noticed(
    live: Callable[[str], Live],
) -> None:
    there = live("overwritten")
    there.arrives()
    there.choose(QUEUED)
    with there.pipeline.started("up", "--yes", "--settle", "600") as process:
        read_until(process, _SETTLING)
        there.forget_notification()
        assert process.stderr is not None
        said = process.stderr.read()
        assert process.wait(timeout=30) == 1
    assert "somebody else wrote the bucket's notifications" in said
    there.stage("overwritten/orders/20261123-170000000.csv")
    there.pipeline.up()
    assert there.missing() == set()
    there.is_finished()
