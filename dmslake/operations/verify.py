"""Compare staging with the lake, object by object, and repair what differs where that is asked.

Without `repair` it changes nothing; with it, it copies, and never deletes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from dmslake.aws.clients import Clients
from dmslake.backfill.clock import steady, utc_now
from dmslake.backfill.content import Contents
from dmslake.backfill.findings_report import write_findings
from dmslake.backfill.ledger import Ledger, Row, State
from dmslake.backfill.ledger_trouble import told
from dmslake.backfill.ledgers import here
from dmslake.backfill.run import Options, Progress, Run
from dmslake.backfill.selection import Selection
from dmslake.backfill.store import StoreError
from dmslake.backfill.verification import DIFFERENCES, REPAIRABLE, Finding, Found, Verification
from dmslake.blueprint.loader_config import loader_config
from dmslake.blueprint.names import Names
from dmslake.lake.config import LoaderConfig
from dmslake.operations.backfill import Wish as Backfill
from dmslake.operations.backfill import cloud_error, run_over
from dmslake.spec import Spec

_LOOKERS = 16
_MAY_BE_ON_ITS_WAY_S = 15 * 60  # two retries of Lambda's take three minutes, a queue's longer
_EXAMPLES = 5


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a verification is asked to do.

    Attributes:
        content: compare contents, not sizes alone.
        repair: copy what is missing or differs, and look at it again.
        report: a CSV file that gets a line for each finding.
    """

    selection: Selection = field(default_factory=Selection)
    content: bool = False
    repair: bool = False
    report: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a verification came to.

    Attributes:
        staged: staged objects that belong into the lake, and were compared.
        skipped: staged objects that belong nowhere.
        alike: by what tells it (etag, checksum, bytes, size), how many are as they should be.
        counts: by finding, how many there are, and how many of them were repaired.
        unlooked: why contents could not be compared, and of how many.
        examples: some of each finding.
        finished: whether everything was compared.
    """

    staged: int
    skipped: int
    alike: Mapping[str, int]
    counts: Mapping[Finding, tuple[int, int]]
    unlooked: Mapping[str, int]
    examples: tuple[Found, ...]
    finished: bool
    seconds: float

    @property
    def differences(self) -> int:
        """How many differences are left."""
        found = (self.counts.get(one, (0, 0)) for one in DIFFERENCES)
        return sum(count - repaired for count, repaired in found)


def verify(
    spec: Spec,
    clients: Clients,
    wish: Wish,
    *,
    on_progress: Callable[[Progress], None],
    stop: threading.Event,
) -> Verdict:
    """Compare every staged object with its copy in the lake.

    Takes what to do, a listener that is told many times a second, and an event that ends it early.
    Raises LedgerError, ReportError, and CloudError when a bucket cannot be listed.
    """
    config = loader_config(spec, Names(spec.name, clients.account))
    with ExitStack() as stack:
        ledger = stack.enter_context(
            _scratch(here(clients.account.id, clients.account.region, spec.name))
        )
        stack.enter_context(told(ledger.path))
        asked = Backfill(selection=wish.selection, options=Options(overwrite=True))
        run, _ = run_over(ledger, config, clients, asked, on_progress, stop)
        stack.callback(run.store.close)
        return _Work(run, clients, config, wish).carried_out()


@contextmanager
def _scratch(folder: Path) -> Iterator[Ledger]:
    """Yield a ledger for one comparison; it goes with it."""
    path = folder / "verify" / f"{utc_now():%Y%m%dT%H%M%S%fZ}.ledger"
    ledger = Ledger.create(path, {})
    try:
        yield ledger
    finally:
        ledger.close()
        for name in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
            name.unlink(missing_ok=True)


class _Work:
    """One verification at work."""

    def __init__(self, run: Run, clients: Clients, config: LoaderConfig, wish: Wish) -> None:
        self._run = run
        self._wish = wish
        self._started = steady()
        self._since = int(utc_now().timestamp())
        self._contents = Contents(
            clients.copier(_LOOKERS), config.staging_bucket, config.lake_bucket, config.account
        )
        self._unlooked: dict[str, int] = {}

    def carried_out(self) -> Verdict:
        try:
            self._run.list_staging()
            found = Verification(
                self._run.ledger, self._run.router, self._wish.selection, self._since
            )
            tallies = self._run.ledger.tallies()
            self._compare(found)
            if self._wish.repair and not self._run.stop.is_set():
                self._repair(found)
        except StoreError as error:
            raise cloud_error(error) from error
        if self._wish.report is not None:
            write_findings(found.findings(), self._wish.report)
        finished = not self._run.stop.is_set()
        return Verdict(
            staged=sum(one.objects for which, one in tallies.items() if which is not State.SKIPPED),
            skipped=tallies[State.SKIPPED].objects if State.SKIPPED in tallies else 0,
            alike=dict(found.alike),
            counts=found.counts(),
            unlooked=self._unlooked,
            examples=tuple(one for kind in Finding for one in found.findings(kind, _EXAMPLES)),
            finished=finished,
            seconds=steady() - self._started,
        )

    def _compare(self, found: Verification) -> None:
        for page in self._run.lake_pages():
            found.take(page.objects, content=self._wish.content)
            self._tell(len(page.objects))
        if self._run.stop.is_set():
            return  # what was not compared is not missing
        found.conclude()
        for row in self._those_of_their_size(found.recent(self._since - _MAY_BE_ON_ITS_WAY_S)):
            found.arrived(row)
        for rows in found.closer():
            if self._run.stop.is_set():
                return
            self._look_closer(found, rows)

    def _look_closer(self, found: Verification, rows: list[Row]) -> None:
        with ThreadPoolExecutor(_LOOKERS, thread_name_prefix="verify") as pool:
            for row, alike in zip(rows, pool.map(self._contents.compare, rows), strict=True):
                if alike.same:
                    found.alike[alike.by] += 1
                elif alike.same is None:
                    self._unlooked[alike.detail] = self._unlooked.get(alike.detail, 0) + 1
                else:
                    found.altered(row, alike.detail)
        self._tell(0)

    def _repair(self, found: Verification) -> None:
        if not found.prepare_repair():
            return
        self._run.ledger.note("parts", "known")
        self._run.copy()
        copied = self._those_of_their_size(found.copied())
        if self._wish.content:
            with ThreadPoolExecutor(_LOOKERS, thread_name_prefix="verify") as pool:
                looks = pool.map(self._contents.compare, copied)
                copied = [row for row, look in zip(copied, looks, strict=True) if look.same]
        for row in copied:
            found.repaired(row)

    def _those_of_their_size(self, rows: list[Row]) -> list[Row]:
        """Return those whose copy is in the lake and as long as it should be."""
        with ThreadPoolExecutor(_LOOKERS, thread_name_prefix="verify") as pool:
            sizes = pool.map(self._contents.size_in_lake, rows)
            return [row for row, size in zip(rows, sizes, strict=True) if size == row.size]

    def _tell(self, compared: int) -> None:
        progress = self._run.progress
        progress.compared += compared
        progress.listing = False
        progress.seconds = steady() - self._started
        self._run.on_progress(progress)


__all__ = ["DIFFERENCES", "REPAIRABLE", "Verdict", "Wish", "verify"]
