"""Repartition what is already staged: whatever the lake lacks is copied to where it belongs."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from dmslake.aws.clients import Clients
from dmslake.aws.errors import translating
from dmslake.backfill.connecting import connect_store, terms_of
from dmslake.backfill.ledger import Ledger, State, Tally
from dmslake.backfill.ledger_trouble import told
from dmslake.backfill.ledgers import finish, here, open_ledger
from dmslake.backfill.mender import S3Mender
from dmslake.backfill.presence import present
from dmslake.backfill.refusals import EndingError, is_about_credentials
from dmslake.backfill.run import Options, Progress, Run
from dmslake.backfill.runs import note_speed
from dmslake.backfill.selection import Selection
from dmslake.backfill.store import StoreError
from dmslake.blueprint.loader_config import loader_config
from dmslake.blueprint.names import Names
from dmslake.errors import AccessError, CloudError
from dmslake.lake.config import LoaderConfig
from dmslake.spec import Spec


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a backfill is asked to do.

    Attributes:
        restart: forget an unfinished run instead of continuing it.
    """

    selection: Selection = field(default_factory=Selection)
    options: Options = field(default_factory=Options)
    restart: bool = False


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What a run came to; `failures` are code, text, number of objects and an example.

    `notes` are what the user should know about this S3; `gave_up` tells that more objects failed
    than the user allows, and that it therefore did not finish.
    """

    tallies: Mapping[State, Tally]
    failures: tuple[tuple[str, str, int, str], ...]
    ledger: Path
    engine: str
    continued: bool
    finished: bool
    seconds: float
    retries: int
    notes: tuple[str, ...] = ()
    gave_up: bool = False

    @property
    def failed(self) -> int:
        found = self.tallies.get(State.FAILED)
        return found.objects if found else 0


def backfill(
    spec: Spec,
    clients: Clients,
    wish: Wish,
    *,
    on_progress: Callable[[Progress], None],
    stop: threading.Event,
) -> Summary:
    """Copy what the lake lacks of what is staged, or continue doing so.

    Takes what to do, a listener that is told many times a second, and an event that ends the run
    early. Raises LedgerError; CloudError when a bucket cannot be listed, or when copies are refused
    for a reason that holds for all of them.
    """
    config = loader_config(spec, Names(spec.name, clients.account))
    folder = here(clients.account.id, clients.account.region, spec.name)
    ledger, continued = open_ledger(folder, about_run(config, wish, "local"), restart=wish.restart)
    with told(ledger.path), closing(ledger), present(ledger.path) as tell:

        def both(progress: Progress) -> None:
            tell(progress)
            on_progress(progress)

        run, engine = run_over(ledger, config, clients, wish, both, stop)
        return work_off(run, engine, continued=continued)


def work_off(run: Run, engine: str, *, continued: bool) -> Summary:
    """Carry a run out, and say what it came to. Raises CloudError."""
    ledger = run.ledger
    if continued:
        ledger.again()
    _carry_out(run)
    finished = not run.stop.is_set()
    most = run.options.max_errors
    note_speed(ledger, run.progress.settled[State.COPIED], run.progress.seconds)
    if finished:
        finish(ledger)
    return Summary(
        tallies=ledger.tallies(),
        failures=tuple(ledger.failures()),
        ledger=ledger.path,
        engine=engine,
        continued=continued,
        finished=finished,
        seconds=run.progress.seconds,
        retries=run.progress.retries,
        notes=run.progress.notes,
        gave_up=most is not None and run.progress.settled[State.FAILED] > most,
    )


def run_over(
    ledger: Ledger,
    config: LoaderConfig,
    clients: Clients,
    wish: Wish,
    on_progress: Callable[[Progress], None],
    stop: threading.Event,
) -> tuple[Run, str]:
    """Connect to S3 for a run over a ledger; returns it and its engine's name, nothing is begun.

    Raises CloudError when a bucket cannot be looked at.
    """
    with translating("looking at the buckets"):
        terms = terms_of(config, clients)
    store, engine = connect_store(terms, clients, wish.options.connections)
    run = Run(
        ledger=ledger,
        store=store,
        mender=S3Mender.of(clients, terms, config),
        router=config.router(),
        terms=terms,
        selection=wish.selection,
        options=wish.options,
        on_progress=on_progress,
        stop=stop,
    )
    return run, engine


def _carry_out(run: Run) -> None:
    try:
        run.list_lake()
        run.copy()
    except StoreError as error:
        run.stop.set()
        raise cloud_error(error) from error
    finally:
        run.store.close()


def cloud_error(error: StoreError) -> CloudError:
    """Return the error that a refusal of S3 amounts to for the user."""
    copying = isinstance(error, EndingError)
    expired = is_about_credentials(error.answer)
    cause = "the credentials are renewed" if expired else "the cause is removed"
    return (AccessError if expired else CloudError)(
        "staged objects cannot be copied" if copying else "a bucket cannot be listed",
        why=str(error),
        fix=f"run it again when {cause}: it continues where it ended",
        service_code=error.answer.code,
        operation="CopyObject" if copying else "ListObjectsV2",
    )


def about_run(config: LoaderConfig, wish: Wish, engine: str) -> dict[str, str]:
    """Return what a run has to agree with to continue another."""
    return {**_about(config, wish), "engine": engine}


def _about(config: LoaderConfig, wish: Wish) -> dict[str, str]:
    """Return what decides where an object belongs and which are chosen, in readable pieces."""
    kept = (
        "staging_bucket", "staging_prefix", "lake_bucket", "lake_prefix", "layout", "clock",
        "timezone", "name_timezone", "lake_kms_key", "storage_class",
    )  # fmt: skip
    known = {name: str(value) for name, value in config._asdict().items() if name in kept}
    overwrite = json.dumps(wish.options.overwrite)
    return known | {"selection": wish.selection.as_text(), "overwrite": overwrite}


__all__ = ["Ledger", "Summary", "Wish", "backfill"]
