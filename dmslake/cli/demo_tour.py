"""The tour of `dmslake demo`: each step says what happens and why, does it, shows the result."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.text import Text

from dmslake.aws.clients import Clients, connect
from dmslake.blueprint.loader_config import loader_config
from dmslake.blueprint.names import Names
from dmslake.cli.apply import Work, failure
from dmslake.cli.demo_view import comparison_data, show_comparison, show_query, show_tree
from dmslake.cli.demo_watch import Watch, difference, interrupted
from dmslake.cli.plan_view import summary
from dmslake.cli.progress import progress
from dmslake.cli.report import Report
from dmslake.cli.sandbox import start_sandbox
from dmslake.cli.status_view import show_status
from dmslake.cli.terminal import Terminal
from dmslake.engine.clock import SystemClock
from dmslake.engine.plan import Plan
from dmslake.lake.config import LoaderConfig
from dmslake.operations import provision, remove
from dmslake.operations.observe import observe
from dmslake.sandbox.demo.athena import forget_lake, query_lake
from dmslake.sandbox.demo.burst import burst
from dmslake.sandbox.demo.compare import compare
from dmslake.sandbox.demo.differences import Comparison
from dmslake.sandbox.demo.partitions import partition_tree
from dmslake.sandbox.demo.shop import create
from dmslake.sandbox.demo.shop_tables import SCHEMAS
from dmslake.sandbox.dms.replication.model import SourceDatabase
from dmslake.sandbox.environment import environment
from dmslake.sandbox.model import Sandbox
from dmslake.sandbox.spec import example_spec
from dmslake.spec import Spec, parse_spec

SANDBOX = "sandbox"
SPEC = "dmslake.yaml"
_BATCH_SECONDS = 2
_PSQL = (
    "PGPASSWORD=$SANDBOX_DB_PASSWORD psql "
    "-h $SANDBOX_DB_HOST -p $SANDBOX_DB_PORT -U $SANDBOX_DB_USER $SANDBOX_DB_NAME"
)


class Tour:
    """One walk through the pipeline. `stop` is the user's wish to end it."""

    def __init__(self, terminal: Terminal, folder: Path, stop: threading.Event) -> None:
        self._terminal = terminal
        self._folder = folder
        self._stop = stop
        self._clock = SystemClock(stop)
        self._number = 0

    def run(self, *, keep: bool) -> Report:
        """Walk; returns the comparison as data, and a DifferenceError if one row differs."""
        began = self._clock.now()
        sandbox = self._start()
        source = SourceDatabase(**sandbox.source.model_dump())
        self._make_shop(source)
        spec = self._write_spec()
        clients = connect(spec_region=spec.aws.region, notification_delay_s=0.0)
        loader = loader_config(spec, Names(spec.name, clients.account))
        self._up(spec, clients)
        watch = Watch(spec, clients, loader, self._folder, self._stop)
        loaded = self._full_load(watch)
        self._changes(watch, source, loaded)
        found = self._prove(watch, clients, source, loader)
        self._look(clients, loader)
        self._status(spec, clients)
        self._end(spec, clients, keep=keep)
        return self._finish(found, self._clock.now() - began)

    @contextmanager
    def _step(self, title: str, *lines: str) -> Iterator[Callable[[str], None]]:
        if self._stop.is_set():
            raise interrupted()
        self._number += 1
        self._terminal.data()
        self._terminal.data(Text(f"{self._number}. {title}", style="bold"))
        for line in lines:
            self._terminal.data(f"   {line}")
        began = self._clock.now()

        def done(text: str) -> None:
            line = Text("   ✓ ", style="green")
            line.append(f"{text} ({self._clock.now() - began:.1f} s)", style="default")
            self._terminal.data(line)

        yield done

    def _start(self) -> Sandbox:
        with self._step(
            "Start AWS on this machine",
            "An AWS emulator that enforces IAM, a DMS that really replicates, and a PostgreSQL.",
            "All three listen on 127.0.0.1 only; no account and no network are needed.",
        ) as done:
            sandbox = start_sandbox(self._terminal.settings, self._terminal, self._folder / SANDBOX)
            os.environ.update(environment(sandbox))
            done(f"three servers, their state in {self._folder}")
        return sandbox

    def _make_shop(self, source: SourceDatabase) -> None:
        with self._step(
            "Fill the database",
            "A shop with the names and values that break pipelines: `order items`, `a+b`,",
            "`Ünï%cøde`, a table without a key, an empty one, quotes, newlines, NULLs, every type.",
        ) as done:
            shop = create(source)
            done(f"{len(shop.tables)} tables, {shop.rows:,} rows")

    def _write_spec(self) -> Spec:
        tables = tuple(f"{schema}.%" for schema in SCHEMAS)
        text = example_spec("shop", tables, batch_seconds=_BATCH_SECONDS)
        path = self._folder / SPEC
        with self._step(
            "Describe the pipeline",
            "This is the whole spec. Passwords come from the environment, never from the file.",
        ) as done:
            for line in text.splitlines():
                self._terminal.data(Text(f"     {line}", style="cyan"))
            path.write_text(text)
            done(f"written to {path}")
        return parse_spec(text, file=str(path), environ=os.environ, base_dir=self._folder)

    def _up(self, spec: Spec, clients: Clients) -> None:
        with self._step(
            "dmslake up",
            "Buckets, roles, replication instance, endpoints, connection tests, the Lambda loader",
            "with its trigger and dead-letter queue, then the task: all at once where it can be.",
            "The trigger stands before the task starts, so that no object is missed.",
        ) as done:
            plan = provision.plan(spec, clients)
            self._terminal.data(f"   plan: {summary(plan)}")
            self._carry_out(plan, clients, "up")
            done("the pipeline is up and its task runs")

    def _carry_out(self, plan: Plan, clients: Clients, command: str) -> None:
        with progress(self._terminal, plan) as listener:
            outcome = provision.apply(plan, clients, on_event=listener, stop=self._stop)
        error = failure(plan, Work(stop=self._stop, outcome=outcome), command)
        if error is not None:
            raise error

    def _full_load(self, watch: Watch) -> int:
        with self._step(
            "Full load",
            "DMS copies every table into staging as LOAD00000001.csv, the same name for all.",
            "Each object's arrival wakes the loader, which copies it into the lake under its hour.",
        ) as done:
            rows = watch.until_loaded()
            arrived = watch.until_arrived()
            done(f"{rows:,} rows staged, {arrived.in_lake} objects in the lake")
        return arrived.staged

    def _changes(self, watch: Watch, source: SourceDatabase, loaded: int) -> None:
        with self._step(
            "Change the source while the pipeline runs",
            "Inserts, updates and deletes in several transactions, some of them rolled back.",
            "DMS reads them from the write-ahead log: a rolled-back one never reaches the lake.",
        ) as done:
            made = burst(source)
            watch.until_captured(made)
            arrived = watch.until_arrived(at_least=loaded + len(made.tables))
            done(
                f"{made.changes:,} changes in {made.transactions} transactions "
                f"({made.rolled_back} rolled back), {arrived.in_lake} objects in the lake"
            )

    def _prove(
        self, watch: Watch, clients: Clients, source: SourceDatabase, loader: LoaderConfig
    ) -> Comparison:
        with self._step(
            "Prove it",
            "The lake's files are replayed (I, U, D in the order of their names) and compared with",
            "the source: every row of every table, every value by its type.",
        ) as done:
            found = self._compare(watch, clients, source, loader)
            show_comparison(self._terminal, found)
            done(f"{found.rows:,} rows compared, {found.differences} differ")
        return found

    def _compare(
        self, watch: Watch, clients: Clients, source: SourceDatabase, loader: LoaderConfig
    ) -> Comparison:
        """Compare until nothing is under way any more: DMS counts a change before it writes it."""
        deadline = self._clock.now() + 5 * _BATCH_SECONDS
        while True:
            found = compare(source, clients.s3, loader)
            if found.is_identical or self._clock.now() > deadline or self._stop.is_set():
                return found
            self._clock.sleep(1)
            watch.until_arrived()

    def _look(self, clients: Clients, loader: LoaderConfig) -> None:
        with self._step(
            "Look into the lake",
            "One folder per table and hour; nothing is ever overwritten, whatever its name was.",
        ):
            show_tree(self._terminal, partition_tree(clients.s3, loader))
        with self._step(
            "Ask Athena",
            "An external table over the orders' folder. Readers fold I, U and D; this one counts.",
        ) as done:
            results = f"s3://{loader.lake_bucket}/athena-results/"
            result = query_lake(clients.glue, clients.athena, loader, results=results)
            show_query(self._terminal, result)
            done(f"{len(result.rows)} rows")

    def _status(self, spec: Spec, clients: Clients) -> None:
        with self._step("dmslake status", "One answer from the source to the lake."):
            snapshot, verdict = observe(spec, clients)
            show_status(self._terminal, snapshot, verdict)

    def _end(self, spec: Spec, clients: Clients, *, keep: bool) -> None:
        if keep:
            self._invite()
            return
        with self._step(
            "dmslake down",
            "In the order that AWS accepts; here with --delete-data. Shared roles always stay.",
        ) as done:
            forget_lake(clients.glue)
            plan = remove.plan_removal(spec, clients, purge=True)
            self._carry_out(plan, clients, "down")
            done(f"{len(plan.pending)} resources removed")

    def _invite(self) -> None:
        state = f"--state {self._folder / SANDBOX}"
        for line in (
            "",
            "Everything still runs. To look around:",
            f'  eval "$(dmslake {state} sandbox env)"     then boto3 and the AWS CLI work on it',
            f"  dmslake {state} --sandbox -f {self._folder / SPEC} status",
            f"  {_PSQL}",
            "To remove it:",
            f"  dmslake {state} sandbox reset --yes",
        ):
            self._terminal.data(line)

    def _finish(self, found: Comparison, seconds: float) -> Report:
        self._terminal.data()
        verdict = f"{found.differences} differing rows out of {found.rows:,} ({seconds:.0f} s)"
        self._terminal.data(Text(verdict, style="bold green" if found.is_identical else "bold red"))
        return Report(
            data={**comparison_data(found), "seconds": round(seconds, 1)},
            error=None if found.is_identical else difference(found),
        )
