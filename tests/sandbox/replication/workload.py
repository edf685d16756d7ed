# ruff: noqa: S608  # the only text in statements is the tests' own
"""Random work in a source database, the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Callable

from tests.sandbox.replication.database import Database

TABLES = ("plain", "odd name+%", 'quo"ted', "naïve")
_WORDS = ("", "a,b", 'say "hi"', "line\nbreak", "cr\rlf\r\n", "日本語 😀", "NULL", "x" * 60)


def quoted(table: str) -> str:
    escaped = table.replace('"', '""')
    return f'public."{escaped}"'


class Workload:
    """Inserts, updates and deletes in `TABLES`, some rolled back, some many in one transaction."""

    def __init__(self, database: Database, seed: int) -> None:
        self._connection = database.connect()
        self._random = random.Random(seed)  # noqa: S311  # a workload, not a secret
        self._next_id = 1
        self.transactions = 0
        self._steps: list[Callable[[str], None]] = [
            *(self._insert,) * 4,
            *(self._update,) * 3,
            *(self._delete,) * 2,
            self._touch_many,
        ]

    def create(self) -> None:
        """Make the tables, with some rows."""
        self._connection.autocommit = True
        for table in TABLES:
            self._execute(
                f"CREATE TABLE {quoted(table)} (id int PRIMARY KEY, word text, "
                "amount numeric(10,2), body text, at timestamptz DEFAULT now())"
            )
            for _ in range(30):
                self._insert(table)
        self._connection.autocommit = False

    def run(self, transactions: int) -> None:
        """Run some transactions."""
        for _ in range(transactions):
            for _ in range(self._random.choice((1, 1, 2, 5, 20))):
                self._random.choice(self._steps)(self._random.choice(TABLES))
            if self._random.random() < 0.15:
                self._connection.rollback()
            else:
                self._connection.commit()
            self.transactions += 1

    def close(self) -> None:
        self._connection.close()

    def _insert(self, table: str) -> None:
        self._execute(
            f"INSERT INTO {quoted(table)} VALUES (%s, %s, %s, repeat(md5(%s), %s))",
            self._next_id,
            self._word(),
            self._random.randint(-10_000, 10_000) / 100,
            str(self._next_id),
            self._random.choice((0, 1, 100)),
        )
        self._next_id += 1

    def _update(self, table: str) -> None:
        columns = self._random.choice(("word", "word", "body"))
        self._execute(
            f"UPDATE {quoted(table)} SET {columns} = %s, amount = amount + 1 WHERE id = %s",
            self._word(),
            self._random.randint(1, self._next_id),
        )

    def _delete(self, table: str) -> None:
        self._execute(
            f"DELETE FROM {quoted(table)} WHERE id = %s", self._random.randint(1, self._next_id)
        )

    def _touch_many(self, table: str) -> None:
        remainder = self._random.randint(0, 6)
        self._execute(
            f"UPDATE {quoted(table)} SET amount = amount * 2 WHERE mod(id, 7) = %s "
            "AND abs(amount) < 1000000",
            remainder,
        )

    def _word(self) -> str | None:
        return self._random.choice((*_WORDS, None))

    def _execute(self, statement: str, *values: object) -> None:
        with self._connection.cursor() as cursor:
            escaped = statement.replace("+%", "+%%") if values else statement
            cursor.execute(escaped, values or None)


def present_rows(database: Database, table: str) -> dict[str, tuple[str, ...]]:
    """Return a table's rows as its files show them."""
    rows = database.query(
        "SELECT id::text, coalesce(word, ''), coalesce(amount::text, ''), coalesce(body, ''), "
        "to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') " + f"FROM {quoted(table)}"
    )
    return {key: tuple(values) for key, *values in rows}
