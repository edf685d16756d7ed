"""The documents in `documents/`: each a JSON file, and beside it what is said about it.

The first line of a text names the source that the document is for, `source: engine[, type]`; each
other line is one mistake.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from dmslake.spec.mappings import MappingMistake, check_rules

DOCUMENTS = Path(__file__).parent / "documents"
GOOD = sorted((DOCUMENTS / "good").glob("*.json"))
BAD = sorted((DOCUMENTS / "bad").glob("*.json"))


@dataclass(frozen=True)
class Example:
    document: object
    engine: str
    replication_type: str | None
    said: list[str]

    def mistakes(self) -> list[MappingMistake]:
        return check_rules(
            self.document, engine=self.engine, replication_type=self.replication_type
        )


def read(path: Path) -> Example:
    source, *said = path.with_suffix(".txt").read_text("utf-8").splitlines()
    engine, _, replication_type = source.removeprefix("source: ").partition(", ")
    return Example(json.loads(path.read_text("utf-8")), engine, replication_type or None, said)


def errors(document: object, engine: str = "postgres") -> list[MappingMistake]:
    found = check_rules(document, engine=engine)
    return [mistake for mistake in found if mistake.severity == "error"]
