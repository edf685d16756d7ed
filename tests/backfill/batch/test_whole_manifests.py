"""Jobs over manifests that S3 made: nothing is listed from here but the first job's objects."""

from __future__ import annotations

import gzip
import hashlib
import json
import threading
from urllib.parse import quote_plus

import pytest

from dmslake.backfill.ledger import State
from dmslake.backfill.selection import Selection
from dmslake.errors import CloudError
from dmslake.operations.backfill import Wish
from tests.backfill.batch.loaders import Loader
from tests.backfill.batch.test_backfill_batch import (
    ODD,
    counts,
    has_begun,
    keys,
    leftovers,
    when,
)


def inventory_of(loader: Loader, staged: list[str]) -> str:
    """Write an inventory's report into a bucket of its own; return the ARN of its manifest."""
    bucket, prefix = loader.calls.bucket(), loader.spec.staging.prefix
    lines = "".join(
        f'"{loader.spec.staging.bucket}","{quote_plus(f"{prefix}/{key}", safe="/")}","4"\n'
        for key in staged
    )
    data = gzip.compress(lines.encode())
    loader.calls.s3.put_object(Bucket=bucket, Key="inv/data/1.csv.gz", Body=data)
    told = {
        "sourceBucket": loader.spec.staging.bucket,
        "fileFormat": "CSV",
        "fileSchema": "Bucket, Key, Size",
        "files": [{
            "key": "inv/data/1.csv.gz", "size": len(data),
            "MD5checksum": hashlib.md5(data, usedforsecurity=False).hexdigest(),
        }],
    }  # fmt: skip
    key = "inv/2026-11-23T00-00Z/manifest.json"
    loader.calls.s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(told).encode())
    return f"arn:aws:s3:::{bucket}/{key}"


def test_what_s3_lists_itself_is_moved(loader: Loader) -> None:
    loader.stage([*keys(30), *ODD])
    summary = loader.backfill(canary=10, manifest="generated")
    assert summary.finished
    assert len(loader.lake()) == 34
    # The first ten are in both jobs: the second one finds them in the lake.
    assert counts(summary) == {State.COPIED: 44}
    first, second = reversed(loader.jobs())
    assert first["ProgressSummary"]["TotalNumberOfTasks"] == 10
    assert second["ProgressSummary"]["TotalNumberOfTasks"] == 34
    assert leftovers(loader) == []
    assert "dmslake verify" in summary.notes[0]


def test_an_inventory_is_moved(loader: Loader) -> None:
    loader.stage([*keys(20), *ODD, *keys(5, "later")])
    summary = loader.backfill(canary=10, manifest=inventory_of(loader, [*keys(20), *ODD]))
    assert len({key for key in loader.lake() if "/later/" not in key}) == 24
    assert summary.finished
    assert leftovers(loader) == []


def test_what_failed_is_known_by_its_name_and_moved_by_the_next_run(
    loader: Loader,
) -> None:
    loader.stage([*keys(40), *keys(4, "z secret")])
    loader.deny("secret")
    summary = loader.backfill(canary=10, manifest="generated")
    assert counts(summary)[State.FAILED] == 4
    assert {failure[0] for failure in summary.failures} == {"AccessDenied"}
    assert "/s/z secret/" in summary.failures[0][3]
    loader.allow()
    again = loader.backfill(canary=10, manifest="generated")
    assert State.FAILED not in counts(again)
    assert len(loader.lake()) == 44


def test_a_prefix_and_times_go_into_s3s_own_list(loader: Loader) -> None:
    loader.stage([*keys(5, "a"), *keys(5, "b")])
    chosen = Wish(selection=Selection(key_prefix="s/b/", since=0, until=4_000_000_000))
    loader.backfill(manifest="generated", wish=chosen)
    assert len(loader.lake()) == 5
    assert all("/b/" in key for key in loader.lake())


def test_a_run_that_was_left_reattaches_to_its_job(loader: Loader) -> None:
    loader.stage(keys(200))
    stop = threading.Event()
    left = loader.backfill(
        canary=5, manifest="generated", stop=stop, on_progress=when(has_begun, stop.set)
    )
    assert not left.finished
    assert loader.backfill(canary=5, manifest="generated").finished
    assert len(loader.lake()) == 200
    assert len(loader.jobs()) == 2


def test_an_inventory_that_is_not_there_ends_the_run(loader: Loader) -> None:
    loader.stage(keys(3))
    gone = f"arn:aws:s3:::{loader.spec.staging.bucket}/inventory/manifest.json"
    with pytest.raises(CloudError, match="inventory"):
        loader.backfill(manifest=gone)
