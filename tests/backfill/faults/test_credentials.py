"""Credentials that end in mid-run are read anew, by either store."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import boto3
import botocore.session
import pytest
from botocore.config import Config
from botocore.credentials import Credentials

from dmslake.aws.clients import Account, Clients
from dmslake.backfill.ledger import State
from dmslake.backfill.run import Options
from tests.backfill.faults.kept import ACCOUNT, REGION, World
from tests.backfill.faults.server import serving
from tests.backfill.faults.shop import Backfill, Connect, keys, threads, wire


@dataclass
class Renewing:
    """An account whose access key is another one once the first has expired."""

    world: World
    credentials: Credentials = field(default_factory=lambda: Credentials("AKIDFIRST", "secret"))

    def expire(self, made: int) -> None:
        if made == 20:
            self.world.expired.add("AKIDFIRST")
            self.credentials.access_key = "AKIDSECOND"

    def clients(self, url: str) -> Clients:
        core = botocore.session.Session()
        core.set_config_variable("region", REGION)
        vars(core)["_credentials"] = self.credentials
        session = boto3.Session(botocore_session=core)
        clients = Clients(session, Account(id=ACCOUNT, region=REGION))
        config = Config(retries={"mode": "standard", "total_max_attempts": 2})
        clients._made["s3"] = session.client("s3", endpoint_url=url, config=config)
        return clients


@pytest.mark.parametrize("connect", [wire, threads])
def test_credentials_that_are_renewed_in_mid_run_are_used(tmp_path: Path, connect: Connect) -> None:
    world = World()
    world.stage(keys(200))
    account = Renewing(world)
    world.on_copy = account.expire
    with serving(world) as stand:
        backfill = Backfill(
            stand.url, tmp_path / "run.ledger", connect, clients=account.clients(stand.url)
        )
        done = backfill(Options(listers=2, connections=8))
    assert "AKIDFIRST" in world.expired
    assert done == {State.COPIED: 200}
