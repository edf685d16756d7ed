"""A pipeline whose buckets the stand-in keeps: the real stores, the real run, a ledger on disk."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import boto3
from botocore.config import Config

from dmslake.aws.clients import Account, Clients
from dmslake.backfill.boto3_store import Boto3Store
from dmslake.backfill.connecting import terms_of
from dmslake.backfill.ledger import Ledger, State
from dmslake.backfill.ledger_trouble import told
from dmslake.backfill.mender import S3Mender
from dmslake.backfill.run import Options, Progress, Run
from dmslake.backfill.selection import Selection
from dmslake.backfill.store import Store, Terms
from dmslake.backfill.wire.store import WireStore
from dmslake.lake.config import LoaderConfig
from dmslake.lake.routing import Route
from tests.backfill.faults.kept import ACCOUNT, ARRIVED, LAKE, REGION, STAGING

CONFIG = LoaderConfig(
    pipeline="shop",
    account=ACCOUNT,
    staging_bucket=STAGING,
    staging_prefix="dms",
    lake_bucket=LAKE,
    lake_prefix="raw/shop",
)
TABLES = ("public/orders", "public/a b+c", "sales+eu/100%", "été/📦", "x=1&y=2/order items",
          "public/%2F", "s/f?versionId=x", "public/a\u200bb\tc")  # fmt: skip
FILES = ("LOAD{0:08X}.csv", "20261123-14{0:07d}.csv.gz", "2026/11/23/LOAD{0:08X}.parquet",
         "SEGMENT1_LOAD{0:08X}.csv?versionId=x")  # fmt: skip
FEW = Options(listers=4, connections=32)


def keys(count: int) -> list[str]:
    """Name staged objects of several tables, with every character that is odd in a URL."""
    return [
        f"dms/{TABLES[number % len(TABLES)]}/"
        + FILES[number // len(TABLES) % len(FILES)].format(number // len(TABLES))
        for number in range(count)
    ]


def target(key: str, modified: int = ARRIVED) -> str:
    """Return where an object belongs."""
    route = CONFIG.router().route(key, datetime.fromtimestamp(modified, UTC))
    assert isinstance(route, Route)
    return route.target


def account(url: str) -> Clients:
    """Return clients of whoever serves S3 there; what boto3 tries again is kept short."""
    session = boto3.Session(
        aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="secret", region_name=REGION
    )
    clients = Clients(session, Account(id=ACCOUNT, region=REGION))
    config = Config(
        retries={"mode": "standard", "total_max_attempts": 2}, max_pool_connections=64,
        s3={"addressing_style": "path"},
    )  # fmt: skip
    clients._made["s3"] = session.client("s3", endpoint_url=url, config=config)
    return clients


def wire(terms: Terms, clients: Clients) -> Store:
    return WireStore(terms, clients.credentials, connections=FEW.connections)


def threads(terms: Terms, clients: Clients) -> Store:
    return Boto3Store(terms, clients.s3, connections=16)


Connect = Callable[[Terms, Clients], Store]


@dataclass
class Backfill:
    """Runs over one ledger, against one S3."""

    url: str
    path: Path
    connect: Connect = wire
    config: LoaderConfig = CONFIG
    clients: Clients | None = None

    def __call__(
        self,
        options: Options = FEW,
        on_progress: Callable[[Progress], None] = lambda _: None,
        arm: Callable[[Ledger], None] = lambda _: None,
    ) -> dict[State, int]:
        clients = self.clients or account(self.url)
        terms = terms_of(self.config, clients)
        store = self.connect(terms, clients)
        known = self.path.exists()
        ledger = Ledger.resume(self.path) if known else Ledger.create(self.path, {})
        arm(ledger)
        with told(self.path), closing(store), closing(ledger):
            self._run(ledger, store, options, on_progress)
            return {state: tally.objects for state, tally in ledger.tallies().items()}

    def _run(
        self,
        ledger: Ledger,
        store: Store,
        options: Options,
        on_progress: Callable[[Progress], None],
    ) -> None:
        clients = self.clients or account(self.url)
        terms = terms_of(self.config, clients)
        run = Run(
            ledger=ledger,
            store=store,
            mender=S3Mender.of(clients, terms, self.config),
            router=self.config.router(),
            terms=terms,
            selection=Selection(),
            options=options,
            on_progress=on_progress,
            stop=threading.Event(),
        )
        run.list_lake()
        run.copy()
