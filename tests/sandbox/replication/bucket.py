"""A staging bucket as a reader sees it."""

from __future__ import annotations

import csv
import gzip
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FOLDER = "dms"


class Bucket:
    """One bucket; keys are given and returned without the task's folder."""

    def __init__(self, s3: S3Client, name: str) -> None:
        self.s3 = s3
        self.name = name

    def put(self, key: str, text: str = "old") -> None:
        """Put a file there that no task has written."""
        self.s3.put_object(Bucket=self.name, Key=f"{FOLDER}/{key}", Body=text.encode())

    def keys(self, prefix: str = "") -> list[str]:
        """Return the keys of all files below the task's folder, without it."""
        start = f"{FOLDER}/{prefix}"
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=start)
        found = [one["Key"] for page in pages for one in page.get("Contents", [])]
        return [key.removeprefix(f"{FOLDER}/") for key in found]

    def text(self, key: str) -> str:
        """Return a file's text."""
        body = self.s3.get_object(Bucket=self.name, Key=f"{FOLDER}/{key}")["Body"].read()
        return (gzip.decompress(body) if key.endswith(".gz") else body).decode()

    def loaded(self, table: str) -> list[list[str]]:
        """Return the rows of a table's load files, in order."""
        return [row for key in self.load_keys(table) for row in self.rows(key)]

    def changed(self, table: str) -> list[list[str]]:
        """Return the rows of a table's change files, in order."""
        return [row for key in self.change_keys(table) for row in self.rows(key)]

    def load_keys(self, table: str) -> list[str]:
        return [key for key in self._table_keys(table) if "/LOAD" in key]

    def change_keys(self, table: str) -> list[str]:
        return [key for key in self._table_keys(table) if "/LOAD" not in key]

    def rows(self, key: str) -> list[list[str]]:
        """Return a file's rows as a CSV reader sees them."""
        return list(csv.reader(io.StringIO(self.text(key), newline="")))

    def _table_keys(self, table: str) -> list[str]:
        schema, _, name = table.partition(".")
        return sorted(self.keys(f"{schema}/{name}/"))
