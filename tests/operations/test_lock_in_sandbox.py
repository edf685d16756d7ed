"""The same lock where writes are really conditional, and the clock is the service's own."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from dmslake.aws.clients import Account, Clients
from dmslake.errors import LockedError
from dmslake.operations.holder import Holder
from dmslake.operations.lock import Lock, Renewal
from dmslake.sandbox.model import Sandbox
from tests.sandbox.calls import Calls

# This machine's clock may be wrong by years: only the service's counts.
WRONG = datetime(1999, 1, 1, tzinfo=UTC)
ALICE = Holder(who="alice@laptop", command="up", since=WRONG, run="a")
BOB = replace(ALICE, who="bob@build", run="b")


@pytest.fixture
def cloud(sandbox: Sandbox) -> Calls:
    return Calls(sandbox)


@pytest.fixture
def ours(cloud: Calls) -> Clients:
    """Clients of the sandbox."""
    sandbox = cloud.sandbox
    account = Account(id=sandbox.account, region=sandbox.region)
    found = Clients(cloud.session(sandbox.keys), account)
    found._made["s3"] = cloud.s3
    return found


def lock(aws: Clients, bucket: str, holder: Holder, lifetime: float = 120.0) -> Lock:
    return Lock(aws, bucket, "shop", holder, now=lambda: WRONG, lifetime=lifetime)


def test_of_many_at_once_exactly_one_gets_it(ours: Clients, cloud: Calls) -> None:
    bucket, together = cloud.bucket(), threading.Barrier(8)

    def attempt(number: int) -> bool:
        found = lock(ours, bucket, replace(ALICE, run=str(number)))
        together.wait(timeout=10)
        try:
            found.acquire()
        except LockedError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(8))) == 1


def test_a_claim_is_renewed_lost_and_released(ours: Clients, cloud: Calls) -> None:
    bucket = cloud.bucket()
    first, second = lock(ours, bucket, ALICE), lock(ours, bucket, BOB)
    first.acquire()
    with pytest.raises(LockedError, match=r"alice@laptop: `dmslake up`, since 1999"):
        second.acquire()
    assert first.renew() is Renewal.KEPT
    second.acquire(force=True)
    assert first.renew() is Renewal.LOST
    first.release()
    assert second.renew() is Renewal.KEPT
    second.release()
    assert "Contents" not in cloud.s3.list_objects_v2(Bucket=bucket)
    assert second.renew() is Renewal.GONE


def test_the_services_clock_says_when_a_claim_ends(ours: Clients, cloud: Calls) -> None:
    bucket = cloud.bucket()
    lock(ours, bucket, ALICE).acquire()
    with pytest.raises(LockedError) as raised:
        lock(ours, bucket, BOB).acquire()
    seconds = int(raised.value.why.rpartition("(in ")[2].removesuffix(" s)"))
    assert 60 <= seconds <= 121
