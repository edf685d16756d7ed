"""What a verification found, in a CSV file."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from dmslake.backfill.verification import Found
from dmslake.errors import ReportError, UsageError

COLUMNS = ("finding", "key", "target", "size", "size_in_lake", "detail", "repaired")


def check_findings_file(file: Path) -> None:
    """Refuse a file that cannot be written, before any work is done.

    Raises UsageError for another suffix than .csv, and ReportError where the folder is missing.
    """
    if file.suffix.lower() != ".csv":
        raise UsageError(
            f"findings cannot be written to {file}",
            why=f"its suffix is {file.suffix!r}" if file.suffix else "it has no suffix",
            fix="let the name end in .csv",
        )
    if file.is_dir() or not file.parent.is_dir():
        raise ReportError(
            f"the findings {file} cannot be written",
            why="it is a folder" if file.is_dir() else f"there is no folder {file.parent}",
            fix="name a file in a folder that exists",
        )


def write_findings(findings: Iterator[Found], file: Path) -> None:
    """Write a line for each finding; the file is there when it is whole. Raises ReportError."""
    unfinished = file.with_name(f".{file.name}.part")
    try:
        with unfinished.open("w", encoding="utf-8", errors="backslashreplace", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(COLUMNS)
            for one in findings:
                repaired = "yes" if one.repaired else "no"
                writer.writerow(
                    (one.finding, one.key, one.target, one.size, one.lies, one.detail, repaired)
                )
        unfinished.replace(file)
    except OSError as error:
        raise ReportError(
            f"the findings {file} cannot be written",
            why=str(error),
            fix="correct that, and verify again",
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)
