"""The completion report of a job: a manifest that names CSV files, and these, line by line.

The schema in the manifest names the error code before HTTP's status, and every documented row has
them the other way round: they are told apart by what they look like.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-examples-reports.html
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from urllib.parse import quote

from botocore.exceptions import ClientError

from dmslake.aws.clients import Clients
from dmslake.aws.errors import translating
from dmslake.errors import CloudError
from dmslake.lake import manifest_key

_COLUMNS = 7
_TEMPORARY = "TemporaryFailure"
_ABSENT = ("NoSuchKey", "404")
_THROTTLED, _SERVER = 429, 500


class Reported(NamedTuple):
    """What a report says of a task; `key` is the staged object's."""

    key: str
    succeeded: bool
    status: int
    code: str
    text: str

    @property
    def is_temporary(self) -> bool:
        trouble = self.status == _THROTTLED or self.status >= _SERVER
        return not self.succeeded and (self.code == _TEMPORARY or trouble)


def read_report(clients: Clients, bucket: str, prefix: str, job: str) -> Iterator[Reported]:
    """Yield what the report of a job says; nothing where it has none, as when no task was run.

    Raises CloudError.
    """
    with translating("reading the report of the job"):
        for key in _files(clients, bucket, f"{prefix}/job-{job}/manifest.json"):
            body = clients.s3.get_object(Bucket=bucket, Key=key)["Body"]
            # Split as bytes: as text, more characters than line feeds would end a line.
            yield from parse(one.decode("utf-8") for one in body.iter_lines(keepends=True))


def _files(clients: Clients, bucket: str, manifest: str) -> list[str]:
    try:
        body = clients.s3.get_object(Bucket=bucket, Key=manifest)["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] in _ABSENT:
            return []
        raise
    return [str(one["Key"]) for one in json.loads(body)["Results"]]


def parse(lines: Iterable[str]) -> Iterator[Reported]:
    """Yield what the lines of a report say. Raises CloudError for what is no report."""
    for row in csv.reader(lines):
        if len(row) != _COLUMNS:
            raise CloudError(
                "the report of the job cannot be read",
                why=f"a line of it has {len(row)} columns instead of {_COLUMNS}",
                fix="please report this, with the line",
            )
        _, key, _, state, one, two, text = (field.strip() for field in row)
        status, code = (one, two) if one.isdigit() else (two, one)
        number = int(status) if status.isdigit() else 0
        yield Reported(_key(key), state.lower() == "succeeded", number, code, text)


def _key(text: str) -> str:
    # Encoded, no key begins with a brace: this one was decoded on its way.
    return manifest_key.read(quote(text) if text.startswith("{") else text).key
