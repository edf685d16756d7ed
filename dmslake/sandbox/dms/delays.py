"""How long the asynchronous states last: short by default, settable to what AWS takes."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass

from dmslake.errors import UsageError


@dataclass(frozen=True)
class Delays:
    """Seconds that a resource stays in a state before it moves on by itself.

    On AWS an instance takes 300-900 s to create and 180-600 s to delete, a connection test
    30-300 s, a task 30-150 s to create and 60-300 s to start; a serverless replication goes through
    seven stages in 40-60 min before it runs.
    """

    instance_create: float = 2.0
    instance_modify: float = 1.0
    instance_delete: float = 1.0
    endpoint_create: float = 0.2
    endpoint_delete: float = 0.2
    connection_test: float = 0.3
    connection_delete: float = 0.2
    task_create: float = 0.5
    task_modify: float = 0.3
    task_start: float = 0.5
    task_stop: float = 0.3
    task_delete: float = 0.5
    task_move: float = 0.5
    subscription_create: float = 0.2
    subscription_modify: float = 0.2
    subscription_delete: float = 0.2
    replication_modify: float = 0.3
    replication_delete: float = 0.5
    replication_initialize: float = 0.1
    replication_prepare_metadata: float = 0.1
    replication_test: float = 0.1
    replication_fetch_metadata: float = 0.1
    replication_calculate: float = 0.1
    replication_provision: float = 0.2
    replication_start: float = 0.1
    replication_stop: float = 0.3


NAMES = tuple(field.name for field in dataclasses.fields(Delays))


def parse_delays(text: str) -> Delays:
    """Read `name=seconds,name=seconds` or a JSON object of the same.

    Raises:
        UsageError: an unknown name, or seconds that are not a number of at least 0.
    """
    pairs = _pairs(text)
    unknown = sorted(set(pairs) - set(NAMES))
    if unknown:
        raise UsageError(
            "--delays cannot be used",
            why=f"there is no delay called {', '.join(unknown)}",
            fix=f"use one of {', '.join(NAMES)}",
        )
    return Delays(**{name: _seconds(name, value) for name, value in pairs.items()})


def _pairs(text: str) -> dict[str, object]:
    if not text.lstrip().startswith("{"):
        parts = [part.partition("=") for part in text.split(",") if part.strip()]
        return {name.strip(): value for name, _, value in parts}
    try:
        read = json.loads(text)
    except json.JSONDecodeError as error:
        raise UsageError("--delays is not valid JSON", why=str(error)) from error
    return dict(read)


def _seconds(name: str, value: object) -> float:
    try:
        seconds = float(value) if isinstance(value, str | int | float) else -1.0
    except ValueError:
        seconds = -1.0
    if not 0.0 <= seconds < float("inf"):
        raise UsageError(
            "--delays cannot be used", why=f"{name} is {value!r}", fix="give seconds, 0 or more"
        )
    return seconds
