"""The clients that the benchmark of the backfill compares, each to be run as a process of its own.

    python bench/backfill_clients.py dmslake|awscrt|boto3-store|boto3 ENDPOINT FOLDER

Prints one line of JSON: the objects copied, and the CPU that starting took.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from dmslake.backfill.boto3_store import Boto3Store
from dmslake.backfill.ledger import Ledger, State
from dmslake.backfill.mender import S3Mender
from dmslake.backfill.run import Options, Run
from dmslake.backfill.selection import Selection
from dmslake.backfill.store import Place, Store, Terms
from dmslake.backfill.wire.store import WireStore
from dmslake.lake.layout import Layout
from dmslake.lake.objects import Skipped
from dmslake.lake.routing import Router

STAGING, LAKE, REGION = "staging", os.environ.get("LAKE", "lake"), "us-east-1"
_THREADS = 32
ROUTER = Router(staging_prefix="dms", lake_prefix="raw", layout=Layout())


def main() -> None:
    kind, endpoint, folder = sys.argv[1:]
    session = boto3.Session(region_name=REGION)
    config = Config(max_pool_connections=_THREADS, s3={"addressing_style": "path"})
    client = session.client("s3", endpoint_url=endpoint, config=config)
    start = time.process_time()
    if kind == "boto3":
        copied = _plain(client)
        ledger = 0
    else:
        copied, ledger = _dmslake(kind, endpoint, session, client, Path(folder))
    print(json.dumps({"copied": copied, "start": start, "ledger": ledger}))


def _dmslake(kind: str, endpoint: str, session: Any, client: Any, folder: Path) -> tuple[int, int]:
    staging, lake = (Place(name=name, region=REGION, endpoint=endpoint) for name in (STAGING, LAKE))
    terms = Terms(staging=staging, lake=lake, account="123456789012")
    connections = int(os.environ.get("CONNECTIONS", Options.connections))
    store: Store
    if kind == "boto3-store":
        store = Boto3Store(terms, client, connections=_THREADS)
    else:
        made = _crt_store() if kind == "awscrt" else WireStore
        store = made(terms, session.get_credentials(), connections=connections)
    path = folder / f"{kind}.ledger"
    ledger = Ledger.create(path, {})
    run = Run(
        ledger=ledger,
        store=store,
        mender=S3Mender(client, terms, ROUTER, None),  # type: ignore[arg-type] # none is big
        router=ROUTER,
        terms=terms,
        selection=Selection(),
        options=Options(connections=connections),
        on_progress=lambda _: None,
    )
    run.list_lake()
    run.copy()
    store.close()
    copied = ledger.tallies()[State.COPIED].objects
    ledger.close()
    return copied, path.stat().st_size


def _crt_store() -> type[WireStore]:
    from backfill_crt import CrtStore  # noqa: PLC0415 - the others are to be measured without it

    return CrtStore


def _plain(client: Any) -> int:
    """Copy as the usual program does: a paginator, a pool of threads, `copy_object`."""
    done: list[Future[Any]] = []
    with ThreadPoolExecutor(_THREADS) as pool:
        for key, modified in _listed(client):
            staged = ROUTER.stage(key)
            route = None if isinstance(staged, Skipped) else ROUTER.place(staged, modified)
            if route is None or isinstance(route, Skipped):
                continue
            source = {"Bucket": STAGING, "Key": key}
            done.append(
                pool.submit(client.copy_object, Bucket=LAKE, Key=route.target, CopySource=source)
            )
    return sum("CopyObjectResult" in one.result() for one in done)


def _listed(client: Any) -> Iterator[tuple[str, datetime]]:
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=STAGING, Prefix="dms/"):
        for one in page.get("Contents", ()):
            yield one["Key"], one["LastModified"]


if __name__ == "__main__" and len(sys.argv) > 1:
    main()
