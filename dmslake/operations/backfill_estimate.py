"""Find out what a backfill would do: both buckets are listed, nothing is copied.

What is found stays in the ledger, which the backfill after it continues: it copies at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from dmslake.aws.clients import Clients
from dmslake.backfill.estimate import Sizes, Work, work_of
from dmslake.backfill.ledger import State, Tally
from dmslake.backfill.ledger_trouble import told
from dmslake.backfill.ledgers import finish, here, open_ledger
from dmslake.backfill.presence import present
from dmslake.backfill.run import Progress, Run
from dmslake.backfill.runs import measured_speed
from dmslake.backfill.store import StoreError
from dmslake.blueprint.loader_config import loader_config
from dmslake.blueprint.names import Names
from dmslake.lake.objects import Skipped
from dmslake.lake.routing import Router
from dmslake.operations.backfill import Wish, about_run, cloud_error, run_over
from dmslake.spec import Spec

ASSUMED_RATE = 1000.0
"""Objects per second, until a run has been measured: well below S3's 3,500 writes for a prefix."""

_ENOUGH = 1000


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a backfill would do.

    Attributes:
        tallies: every listed object by what is decided about it.
        work: what is left to copy.
        rate: objects per second that the time is told by.
        measured_in: the run that it was measured in; empty where it is assumed.
        continued: whether an unfinished run is looked at.
        finished: whether all was listed.
    """

    tallies: Mapping[State, Tally]
    work: Work
    rate: float
    measured_in: str
    ledger: Path
    continued: bool
    finished: bool

    @property
    def seconds(self) -> float:
        return self.work.objects / self.rate


def estimate(
    spec: Spec,
    clients: Clients,
    wish: Wish,
    *,
    on_progress: Callable[[Progress], None],
    stop: threading.Event,
) -> Estimate:
    """List both buckets into a ledger and add up what is to be copied; copies nothing.

    Takes the same as `backfill`, and raises the same.
    """
    config = loader_config(spec, Names(spec.name, clients.account))
    folder = here(clients.account.id, clients.account.region, spec.name)
    speed = measured_speed(folder, at_least=_ENOUGH)
    about = about_run(config, wish, "local")
    ledger, continued = open_ledger(folder, about, restart=wish.restart)
    with told(ledger.path), closing(ledger), present(ledger.path) as tell:

        def both(progress: Progress) -> None:
            tell(progress)
            on_progress(progress)

        run, _ = run_over(ledger, config, clients, wish, both, stop)
        _list(run)
        sizes = Sizes(threshold=config.multipart_threshold, part=config.part_size)
        work = work_of(ledger, _table_of(run.router), sizes, encrypted=bool(config.lake_kms_key))
        if not (work.objects or stop.is_set()):
            finish(ledger)  # nothing is left that a run could go on with
        rate = speed[0] if speed else ASSUMED_RATE
        return Estimate(
            tallies=ledger.tallies(),
            work=work,
            rate=min(rate, wish.options.rate or rate),
            measured_in=speed[1] if speed else "",
            ledger=ledger.path,
            continued=continued,
            finished=not stop.is_set(),
        )


def _list(run: Run) -> None:
    try:
        run.list_lake()
        run.list_staging()
    except StoreError as error:
        raise cloud_error(error) from error
    finally:
        run.store.close()


def _table_of(router: Router) -> Callable[[str], str]:
    def table_of(key: str) -> str:
        staged = router.stage(key)
        return "" if isinstance(staged, Skipped) else f"{staged.schema}.{staged.table}"

    return table_of
