"""Every object of a run in a file: CSV or Parquet by suffix, read from the ledger one by one."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

from dmslake.backfill.ledger import Ledger
from dmslake.errors import ReportError, UsageError

_TYPES = {
    "key": "VARCHAR",
    "target": "VARCHAR",
    "outcome": "VARCHAR",
    "size": "BIGINT",
    "etag": "VARCHAR",
    "last_modified": "TIMESTAMPTZ",
    "attempts": "BIGINT",
    "error_code": "VARCHAR",
    "error": "VARCHAR",
}
COLUMNS = tuple(_TYPES)
"""What is told of each object: `size` in bytes, `last_modified` in UTC, `etag` without quotes."""

_Line = tuple[str, str, str, int, str, str, int, str, str]


def check_report(file: Path) -> None:
    """Refuse a file that no report can be written to, before any work is done.

    Raises UsageError for another suffix than .csv or .parquet, and ReportError where the folder is
    missing or Parquet cannot be written on this machine.
    """
    if file.suffix.lower() not in _WRITERS:
        raise UsageError(
            f"a report cannot be written to {file}",
            why=f"its suffix is {file.suffix!r}" if file.suffix else "it has no suffix",
            fix="let the name end in .csv or .parquet",
        )
    if file.suffix.lower() == ".parquet" and find_spec("duckdb") is None:
        raise ReportError(
            f"the report {file} cannot be written",
            why="Parquet is written by duckdb, which is not installed",
            fix="install it with: pip install duckdb; or let the name end in .csv",
        )
    if file.is_dir() or not file.parent.is_dir():
        raise ReportError(
            f"the report {file} cannot be written",
            why="it is a folder" if file.is_dir() else f"there is no folder {file.parent}",
            fix="name a file in a folder that exists",
        )


def write_report(ledger: Ledger, file: Path) -> int:
    """Write every object of a run; the file is there when it is whole. Returns how many there are.

    Raises ReportError when it cannot be written.
    """
    check_report(file)
    unfinished = file.with_name(f".{file.name}.part")
    try:
        count = _WRITERS[file.suffix.lower()](_lines(ledger), unfinished)
        unfinished.replace(file)
    except OSError as error:
        raise ReportError(
            f"the report {file} cannot be written",
            why=str(error),
            fix="correct that, then write it with: dmslake backfill show last --report FILE",
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)
    return count


def _lines(ledger: Ledger) -> Iterator[_Line]:
    for row, state, code, text in ledger.all_objects():
        arrived = f"{datetime.fromtimestamp(row.modified, UTC):%Y-%m-%dT%H:%M:%SZ}"
        yield (
            row.key, row.target, state.name.lower(), row.size, row.etag, arrived,
            row.attempts, code, text,
        )  # fmt: skip


def _write_csv(lines: Iterator[_Line], file: Path) -> int:
    count = 0
    with file.open("w", encoding="utf-8", errors="backslashreplace", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(COLUMNS)
        for line in lines:
            writer.writerow(line)
            count += 1
    return count


def _write_parquet(lines: Iterator[_Line], file: Path) -> int:
    """Hand the lines to duckdb as JSON: no key, whatever is in it, can break a line of that."""
    import duckdb  # noqa: PLC0415 - it is there only where it was installed

    handed = file.with_suffix(".json")
    try:
        count = _write_json(lines, handed)
        columns = ", ".join(f"{name}: '{kind}'" for name, kind in _TYPES.items())
        source = (
            f"read_json({_quoted(handed)}, format = 'newline_delimited', columns = {{{columns}}})"
        )
        with duckdb.connect(":memory:", config={"threads": 1}) as base:
            base.execute(f"copy (from {source}) to {_quoted(file)} (format parquet)")
    except duckdb.Error as error:
        raise OSError(str(error)) from error
    finally:
        handed.unlink(missing_ok=True)
    return count


def _write_json(lines: Iterator[_Line], file: Path) -> int:
    count = 0
    with file.open("w", encoding="ascii") as out:
        for line in lines:
            out.write(json.dumps(dict(zip(COLUMNS, line, strict=True))) + "\n")
            count += 1
    return count


def _quoted(file: Path) -> str:
    return "'" + str(file).replace("'", "''") + "'"


_WRITERS: dict[str, Callable[[Iterator[_Line], Path], int]] = {
    ".csv": _write_csv,
    ".parquet": _write_parquet,
}
