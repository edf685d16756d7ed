"""One run at a time: who is first works, who is second is told of the first."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from dmslake.aws.clients import Clients
from dmslake.errors import AccessError, LockedError, NotFoundError
from dmslake.operations.holder import Holder, parse_holder, this_machine, this_run
from dmslake.operations.lock import Lock, Renewal, held, key_of, lockable
from tests.contract.recording import Calls, denied

BUCKET = "acme-staging"
SINCE = datetime(2026, 11, 23, 14, 47, 2, tzinfo=UTC)
ALICE = Holder(who="alice@laptop", command="up", since=SINCE, run="a", machine="far", pid=7)
BOB = replace(ALICE, who="bob@build", run="b")


@pytest.fixture(autouse=True)
def bucket(aws: Clients) -> None:
    where: Any = {"LocationConstraint": "eu-west-1"}
    aws.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)


def now() -> datetime:
    return datetime.now(UTC)


def lock(aws: Clients, holder: Holder, pipeline: str = "shop", **options: Any) -> Lock:
    return Lock(aws, BUCKET, pipeline, holder, **{"now": now, **options})


def holder_in(aws: Clients) -> Holder | None:
    return parse_holder(aws.s3.get_object(Bucket=BUCKET, Key=key_of("shop"))["Body"].read())


def keys(aws: Clients) -> list[str]:
    return [entry["Key"] for entry in aws.s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def refusal(found: Lock) -> LockedError:
    with pytest.raises(LockedError) as raised:
        found.acquire()
    return raised.value


def test_who_is_second_is_told_who_is_first_since_when_and_what_to_do(aws: Clients) -> None:
    lock(aws, ALICE).acquire()
    error = refusal(lock(aws, BOB))
    assert error.what == (
        "pipeline shop is being worked on by alice@laptop: `dmslake up`, since 2026-11-23 "
        "14:47:02 UTC"
    )
    assert "it ends at " in error.why
    assert "--force-unlock" in error.fix
    assert holder_in(aws) == ALICE


def test_what_lies_in_the_bucket_can_be_read_by_people(aws: Clients) -> None:
    lock(aws, ALICE, now=lambda: SINCE).acquire()
    body = json.loads(aws.s3.get_object(Bucket=BUCKET, Key=".dmslake/shop.lock")["Body"].read())
    assert body == {
        "who": "alice@laptop", "command": "up", "since": "2026-11-23T14:47:02+00:00", "run": "a",
        "machine": "far", "pid": 7, "expires": "2026-11-23T14:49:02+00:00",
    }  # fmt: skip


def test_another_pipeline_in_the_bucket_is_not_in_the_way(aws: Clients) -> None:
    lock(aws, ALICE).acquire()
    lock(aws, BOB, "other").acquire()
    assert keys(aws) == [".dmslake/other.lock", ".dmslake/shop.lock"]


def test_after_the_release_it_is_free(aws: Clients) -> None:
    first = lock(aws, ALICE)
    first.acquire()
    first.release()
    assert keys(aws) == []
    lock(aws, BOB).acquire()
    assert holder_in(aws) == BOB


def test_a_claim_that_is_not_renewed_ends(aws: Clients) -> None:
    lock(aws, ALICE).acquire()
    lock(aws, BOB, lifetime=-1).acquire()
    assert holder_in(aws) == BOB


def test_a_run_of_this_machine_whose_process_is_gone_blocks_nobody(aws: Clients) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait(timeout=30)
    dead = replace(ALICE, machine=this_machine(), pid=process.pid)
    lock(aws, dead).acquire()
    lock(aws, BOB).acquire()
    assert holder_in(aws) == BOB


def test_a_run_of_this_machine_that_lives_is_in_the_way(aws: Clients) -> None:
    lock(aws, this_run("down", SINCE)).acquire()
    assert "`dmslake down`" in refusal(lock(aws, BOB)).what


def test_a_claim_can_be_taken_by_force_and_its_first_holder_learns_of_it(aws: Clients) -> None:
    first, second = lock(aws, ALICE), lock(aws, BOB)
    first.acquire()
    second.acquire(force=True)
    assert first.renew() is Renewal.LOST
    first.release()
    assert holder_in(aws) == BOB
    assert second.renew() is Renewal.KEPT


def test_what_is_no_claim_of_ours_is_respected_until_it_is_old(aws: Clients) -> None:
    aws.s3.put_object(Bucket=BUCKET, Key=key_of("shop"), Body=b"\xff[")
    assert "somebody whose claim cannot be read" in refusal(lock(aws, ALICE)).what
    lock(aws, ALICE).acquire(force=True)


def test_a_claim_that_was_removed_is_not_made_anew(aws: Clients) -> None:
    first = lock(aws, ALICE)
    first.acquire()
    aws.s3.delete_object(Bucket=BUCKET, Key=key_of("shop"))
    assert first.renew() is Renewal.GONE
    assert keys(aws) == []
    aws.s3.delete_bucket(Bucket=BUCKET)
    assert first.renew() is Renewal.GONE
    first.release()


def test_a_write_whose_answer_got_lost_is_still_ours(aws: Clients) -> None:
    first = lock(aws, ALICE)
    first.acquire()
    same = lock(aws, ALICE)  # as botocore sends a request again
    same.acquire()
    assert same.renew() is Renewal.KEPT
    assert first.renew() is Renewal.KEPT


def test_without_a_bucket_there_is_nothing_to_lock(aws: Clients) -> None:
    with pytest.raises(NotFoundError) as raised:
        Lock(aws, "acme-nowhere", "shop", ALICE, now=now).acquire()
    assert raised.value.what == "locking pipeline shop: PutObject failed"


def test_who_may_not_write_is_told_which_right_is_missing(aws: Clients, heard: Calls) -> None:
    with denied(heard), pytest.raises(AccessError) as raised:
        lock(aws, ALICE).acquire()
    assert "s3:PutObject" in raised.value.fix


@pytest.mark.parametrize(
    ("tags", "ours"), [({}, False), ({"dmslake:pipeline": "other"}, False),
                       ({"dmslake:pipeline": "shop"}, True)],
)  # fmt: skip
def test_only_a_bucket_of_the_pipeline_is_written_to(
    aws: Clients, tags: dict[str, str], ours: bool
) -> None:
    if tags:
        tagging: Any = {"TagSet": [{"Key": key, "Value": value} for key, value in tags.items()]}
        aws.s3.put_bucket_tagging(Bucket=BUCKET, Tagging=tagging)
    assert lockable(aws, BUCKET, "shop") is ours
    assert not lockable(aws, "acme-nowhere", "shop")


def hold(found: Lock, on_lost: Callable[[], None], every: float = 0.02, **options: Any) -> Any:
    return held(found, force=False, on_lost=on_lost, every=every, **options)


def never() -> None:
    raise AssertionError("nobody took it")


def test_it_is_held_and_renewed_while_the_block_runs(aws: Clients) -> None:
    seen = threading.Event()

    def told() -> datetime:
        seen.set()
        return now()

    with hold(lock(aws, ALICE, now=told), never):
        seen.clear()
        assert seen.wait(10)
        refusal(lock(aws, BOB))
    assert keys(aws) == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_it_is_released_however_the_block_ends(aws: Clients, error: type[BaseException]) -> None:
    with pytest.raises(error), hold(lock(aws, ALICE), never):
        raise error
    assert keys(aws) == []


def test_who_loses_it_meanwhile_is_told(aws: Clients) -> None:
    lost = threading.Event()
    with hold(lock(aws, ALICE), lost.set):
        lock(aws, BOB).acquire(force=True)
        assert lost.wait(10)
    assert holder_in(aws) == BOB


def test_a_renewal_that_fails_is_tried_again(aws: Clients, heard: Calls) -> None:
    with hold(lock(aws, ALICE), never):
        with denied(heard):
            heard.clear()
            waiting = threading.Event()
            while "s3:PutObject" not in heard.actions:
                assert not waiting.wait(0.01)
        heard.clear()
        while "s3:PutObject" not in heard.actions:
            assert not waiting.wait(0.01)
    assert keys(aws) == []


def test_of_many_at_once_one_gets_it(aws: Clients) -> None:
    together = threading.Barrier(8)

    def attempt(number: int) -> bool:
        found = lock(aws, replace(ALICE, run=str(number)))
        together.wait(timeout=10)
        try:
            found.acquire()
        except LockedError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(attempt, range(8)))
    holder = holder_in(aws)
    assert holder is not None
    assert got[int(holder.run)]


def test_this_run_names_user_machine_and_process() -> None:
    found = this_run("up", SINCE)
    assert (found.command, found.since, found.pid) == ("up", SINCE, os.getpid())
    assert "@" in found.who
    assert not found.is_over
    assert this_run("up", SINCE).run != found.run


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"who": 1}', b"\xff", b"null"])
def test_what_is_no_holder(body: bytes) -> None:
    assert parse_holder(body) is None
