"""What goes wrong around a backfill: each has one outcome and one exit code, and none is hidden.

`docs/backfill.md` lists them; the commands are real processes against the tests' own S3.
"""

from __future__ import annotations

import resource
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from dmslake.backfill.ledger import Ledger, State
from dmslake.errors import LedgerError
from tests.backfill.faults.commands import Shop
from tests.backfill.faults.kept import LAKE, STAGING, Bucket, Kept, World
from tests.backfill.faults.server import serving
from tests.backfill.faults.shop import Backfill, keys, target

ORDERS = [f"dms/public/orders/LOAD{number:08X}.csv" for number in range(40)]
SECRET = [f"dms/public/secret/LOAD{number:08X}.csv" for number in range(10)]


@pytest.fixture
def world() -> World:
    found = World()
    found.stage(ORDERS)
    return found


@pytest.fixture
def shop(world: World, tmp_path: Path) -> Iterator[Shop]:
    with serving(world) as stand:
        yield Shop(stand.url, tmp_path)


def lake_is_whole(world: World) -> bool:
    expected = {target(key, one.modified): one.etag for key, one in world.staging.objects.items()}
    return {key: one.etag for key, one in world.lake.objects.items()} == expected


def test_an_empty_staging_is_a_success_of_nothing(shop: Shop, world: World) -> None:
    world.staging.objects.clear()
    done = shop()
    assert (done.code, done.objects) == (0, {})


def test_tables_that_may_not_be_read_fail_and_the_others_are_copied(
    shop: Shop, world: World
) -> None:
    world.stage(SECRET)
    world.denied = lambda staged, _: "Access Denied" if "/secret/" in staged else ""
    done = shop()
    assert (done.code, done.objects) == (4, {"copied": 40, "failed": 10})
    assert done.error["what"] == "10 staged objects are not in the lake"
    assert "AccessDenied: dms/public/secret/" in done.error["why"]
    world.denied = lambda *_: ""
    done = shop()
    assert (done.code, done.objects) == (0, {"present": 40, "copied": 10})
    assert lake_is_whole(world)


def test_a_key_of_kms_that_is_denied_fails_its_objects_alone(shop: Shop, world: World) -> None:
    told = "User: ann is not authorized to perform: kms:Decrypt on the resource"
    world.denied = lambda staged, _: told if staged in ORDERS[:3] else ""
    done = shop()
    assert (done.code, done.objects) == (4, {"copied": 37, "failed": 3})
    (failure,) = done.document["data"]["failures"]
    assert (failure["code"], failure["text"], failure["objects"]) == ("AccessDenied", told, 3)


def test_archived_objects_fail_until_they_are_restored(shop: Shop, world: World) -> None:
    kept = world.staging.objects[ORDERS[0]]
    world.staging.put(ORDERS[0], kept._replace(storage_class="GLACIER"))
    world.staging.put(ORDERS[1], kept._replace(storage_class="DEEP_ARCHIVE"))
    done = shop()
    assert (done.code, done.objects) == (4, {"copied": 38, "failed": 2})
    assert "InvalidObjectState" in done.error["why"]
    world.restored = {ORDERS[0], ORDERS[1]}
    assert shop().objects == {"present": 38, "copied": 2}


def test_a_lake_in_another_region_is_copied_to_where_it_lies(tmp_path: Path) -> None:
    world = World({STAGING: Bucket(), LAKE: Bucket(region="us-east-2")})
    world.stage(ORDERS)
    with serving(world) as stand:
        done = Shop(stand.url, tmp_path)()
    assert (done.code, done.objects) == (0, {"copied": 40})


def test_a_lake_of_another_account_is_refused(tmp_path: Path) -> None:
    world = World({STAGING: Bucket(), LAKE: Bucket(owner="999999999999")})
    world.stage(ORDERS)
    with serving(world) as stand:
        done = Shop(stand.url, tmp_path)()
    assert (done.code, done.error["code"]) == (1, "access")
    assert done.error["what"] == f"the bucket {LAKE} may not be used"
    assert not world.copies


def test_a_lake_that_is_not_there_is_told(shop: Shop, world: World) -> None:
    del world.buckets[LAKE]
    done = shop()
    assert (done.code, done.error["code"]) == (1, "not_found")
    assert done.error["what"] == f"the bucket {LAKE} does not exist"


def test_a_lake_that_goes_in_mid_run_ends_it(shop: Shop, world: World) -> None:
    def take_away(made: int) -> None:
        if made >= 5:
            world.buckets.pop(LAKE, None)

    world.on_copy = take_away
    done = shop("--concurrency", "2")
    assert (done.code, done.error["code"]) == (1, "cloud")
    assert "NoSuchBucket" in done.error["why"]
    world.on_copy = lambda _: None
    world.buckets[LAKE] = Bucket()
    done = shop()
    assert (done.code, done.objects["copied"]) == (0, 40)


def test_credentials_that_expire_in_mid_run_end_it_and_it_continues(
    shop: Shop, world: World
) -> None:
    world.on_copy = lambda made: world.expired.add("AKIDEXAMPLE") if made >= 5 else None
    done = shop("--concurrency", "2")
    assert (done.code, done.error["code"]) == (1, "access")
    assert "ExpiredToken" in done.error["why"]
    assert "credentials are renewed" in done.error["fix"]
    made = world.copies
    assert made < 40
    shop.access_key = "AKIDRENEWED"
    done = shop()
    assert (done.code, done.document["data"]["continued"]) == (0, True)
    assert "failed" not in done.objects
    assert lake_is_whole(world)
    assert world.copies == 40


def test_keys_with_every_odd_character_arrive(shop: Shop, world: World) -> None:
    odd = "".join(map(chr, range(0x20, 0x7F))).replace("/", "")
    world.stage([*keys(64), f"dms/public/t{odd}/20261123-144702000.csv", f"dms/s/t/{odd}é\u2028😀"])
    assert shop().code == 0
    assert lake_is_whole(world)


def test_a_staging_that_grows_is_copied_as_far_as_it_was_listed(shop: Shop, world: World) -> None:
    later = [f"dms/public/orders/LOAD{number:08X}.csv" for number in range(100, 120)]
    world.on_copy = lambda made: world.stage(later) if made == 5 else None
    first = shop("--concurrency", "2")
    assert first.code == 0
    assert set(world.written) >= {target(key) for key in ORDERS}
    second = shop()
    assert (second.code, lake_is_whole(world)) == (0, True)
    assert set(world.written.values()) == {1}


def test_an_object_that_is_replaced_in_mid_run_is_copied_as_it_is(shop: Shop, world: World) -> None:
    new = Kept("0" * 32, 9, world.staging.objects[ORDERS[-1]].modified + 60)
    world.on_copy = lambda made: world.staging.put(ORDERS[-1], new) if made == 0 else None
    done = shop("--concurrency", "1")
    assert (done.code, done.objects) == (0, {"copied": 40})
    assert lake_is_whole(world)


def test_an_object_that_is_deleted_in_mid_run_is_counted(shop: Shop, world: World) -> None:
    world.on_copy = lambda made: world.staging.remove(ORDERS[-1]) if made == 0 else None
    done = shop("--concurrency", "1")
    assert (done.code, done.objects) == (0, {"copied": 39, "vanished": 1})
    assert lake_is_whole(world)


def test_a_disk_that_is_full_ends_the_run_and_the_next_one_continues(
    tmp_path: Path, world: World
) -> None:
    world.stage(keys(2000))

    def fill_up(ledger: Ledger) -> None:
        ledger.base.execute("pragma max_page_count = 20")

    with serving(world) as stand:
        backfill = Backfill(stand.url, tmp_path / "run.ledger")
        with pytest.raises(LedgerError, match="no room left") as caught:
            backfill(arm=fill_up)
        assert "continues where it ended" in caught.value.fix
        assert not lake_is_whole(world)
        done = backfill()
    assert done.keys() <= {State.COPIED, State.PRESENT}
    assert lake_is_whole(world)


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux limits another process")
def test_a_ledger_that_may_grow_no_more_ends_the_command(shop: Shop, world: World) -> None:
    world.stage(keys(4000))
    shop.largest_file = 200_000
    done = shop()
    assert (done.code, done.error["code"]) == (1, "ledger")
    assert "traceback" not in done.err.lower()
    shop.largest_file = resource.RLIM_INFINITY
    assert shop().code == 0
    assert lake_is_whole(world)


def test_a_ledger_that_may_not_be_written_is_told(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where a folder should be")
    done = shop()
    assert (done.code, done.error["code"]) == (1, "ledger")
    assert "XDG_STATE_HOME" in done.error["fix"]


def test_a_ledger_of_another_spec_is_refused(shop: Shop, world: World) -> None:
    _leave_unfinished(shop, world)
    shop.write(("prefix: raw/shop", "prefix: raw/other"))
    done = shop()
    assert (done.code, done.error["code"]) == (1, "ledger")
    assert "lake_prefix was raw/shop, now it is raw/other" in done.error["why"]
    assert shop("--restart").code == 0


def test_a_ledger_of_another_version_is_refused(shop: Shop, world: World) -> None:
    _leave_unfinished(shop, world)
    with closing(sqlite3.connect(shop.ledgers()[-1], isolation_level=None)) as base:
        base.execute("update about set value = '0' where name = 'version'")
    done = shop()
    assert (done.code, done.error["code"]) == (1, "ledger")
    assert "another version" in done.error["what"]
    assert shop("--restart").code == 0


def test_a_damaged_ledger_is_told_and_can_be_forgotten(shop: Shop, world: World) -> None:
    _leave_unfinished(shop, world)
    shop.ledgers()[-1].write_bytes(b"no database at all" * 1000)
    done = shop()
    assert (done.code, done.error["code"]) == (1, "ledger")
    assert "--restart" in done.error["fix"]
    assert shop("--restart").code == 0
    assert lake_is_whole(world)


def test_a_second_run_at_once_is_refused(shop: Shop, world: World) -> None:
    copying = threading.Event()
    world.on_copy = lambda _: copying.set()
    with shop.process("--rate", "15") as first:
        assert copying.wait(60)
        second = shop()
        first.communicate(timeout=60)
    assert (first.returncode, second.code, second.error["code"]) == (0, 1, "ledger")
    assert second.error["what"] == f"the ledger {shop.ledgers()[-1]} is in use"
    assert lake_is_whole(world)


def test_what_lies_in_the_lake_with_another_size_is_copied_again(shop: Shop, world: World) -> None:
    broken = target(ORDERS[0])
    world.lake.put(broken, Kept("0" * 32, 1))
    done = shop()
    assert (done.code, done.objects) == (0, {"copied": 40})
    assert lake_is_whole(world)


def test_an_s3_that_cannot_copy_on_condition_is_told_once(shop: Shop, world: World) -> None:
    world.conditions = "refused"
    done = shop()
    assert (done.code, done.objects) == (0, {"copied": 40})
    assert len(done.document["warnings"]) == 1
    assert lake_is_whole(world)
    assert shop().objects == {"present": 40}


def test_behind_a_proxy_boto3_does_the_same_work(world: World, tmp_path: Path) -> None:
    with serving(world) as proxy:
        done = Shop("http://127.0.0.1:9", tmp_path, proxy=proxy.url)()
    assert (done.code, done.objects) == (0, {"copied": 40})
    assert done.document["data"]["engine"] == "boto3"
    assert proxy.proxied >= 40
    assert lake_is_whole(world)


def test_where_few_files_may_be_open_fewer_copies_run_at_once(shop: Shop, world: World) -> None:
    more = [f"dms/public/orders/LOAD{number:08X}.csv" for number in range(40, 2000)]
    world.stage(more)
    shop.open_files = 48
    done = shop("--concurrency", "1000")
    assert (done.code, done.objects) == (0, {"copied": 2000})
    assert lake_is_whole(world)


def _leave_unfinished(shop: Shop, world: World) -> None:
    """Run until the first copies are made, then kill it."""
    running: list[subprocess.Popen[str]] = []
    world.on_copy = lambda made: running[0].kill() if made == 5 else None
    with shop.process("--concurrency", "2") as process:
        running.append(process)
        process.communicate(timeout=60)
    world.on_copy = lambda _: None
    assert len(world.written) < 40
