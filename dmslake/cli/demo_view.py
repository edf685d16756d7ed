"""How the demo shows what it found: the comparison, the partition tree, a query's answer."""

from __future__ import annotations

from dataclasses import asdict

from rich.box import SIMPLE_HEAD
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from dmslake.cli.terminal import Terminal
from dmslake.sandbox.demo.athena import QueryResult
from dmslake.sandbox.demo.differences import Comparison, TableComparison
from dmslake.sandbox.demo.partitions import PartitionTree

_INDENT = (0, 0, 0, 3)


def show_comparison(terminal: Terminal, found: Comparison) -> None:
    """Print a line per table, and the first differences of each."""
    view = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    view.add_column("table", no_wrap=True)
    for title in ("rows", "objects", "records", "missing", "extra", "different"):
        view.add_column(title, justify="right")
    for table in found.tables:
        numbers = (table.rows, table.objects, table.records)
        wrong = (table.missing, table.extra, table.different)
        view.add_row(
            Text(f"{table.schema}.{table.table}"),
            *(f"{number:,}" for number in numbers),
            *(Text(f"{number:,}", style="bold red" if number else "green") for number in wrong),
        )
    _print(terminal, view)
    for table in found.tables:
        _show_examples(terminal, table)


def _show_examples(terminal: Terminal, table: TableComparison) -> None:
    for example in table.examples:
        line = f"   {table.schema}.{table.table}: {example.kind}: {example.row}"
        if example.column:
            line += f": {example.column} is {example.lake}, the source has {example.source}"
        terminal.data(Text(line, style="red"))


def show_tree(terminal: Terminal, found: PartitionTree) -> None:
    """Print schemas, tables and partitions."""
    tree = Tree(Text(found.location, style="bold"), guide_style="dim")
    for schema in found.schemas:
        branch = tree.add(Text(schema.name))
        for table in schema.tables:
            leaf = branch.add(Text(table.name))
            for part in table.partitions:
                objects = "1 object" if part.objects == 1 else f"{part.objects} objects"
                leaf.add(Text(f"{part.path}   {objects}, {_size(part.bytes)}", style="cyan"))
    _print(terminal, tree)


def show_query(terminal: Terminal, result: QueryResult) -> None:
    """Print a query and its answer."""
    for line in result.sql.splitlines():
        terminal.data(Text(f"     {line}", style="cyan"))
    view = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in result.columns:
        view.add_column(column, no_wrap=True)
    for row in result.rows:
        view.add_row(*(Text(value or "") for value in row))
    _print(terminal, view)


def _print(terminal: Terminal, view: Table | Tree) -> None:
    if not terminal.settings.json:
        terminal.out.print(Padding(view, _INDENT, expand=False))


def _size(count: int) -> str:
    kilo = 1024
    for unit in ("bytes", "KB", "MB"):
        if count < kilo:
            return f"{count:.0f} {unit}"
        count //= kilo
    return f"{count} GB"


def comparison_data(found: Comparison) -> dict[str, object]:
    """Return a comparison for JSON."""
    return {
        "rows": found.rows,
        "differing_rows": found.differences,
        "identical": found.is_identical,
        "strangers": list(found.strangers),
        "tables": [asdict(table) for table in found.tables],
    }
