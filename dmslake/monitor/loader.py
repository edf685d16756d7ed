"""Read what the loader did lately: invocations, and what it wrote about its failures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from dmslake.aws.clients import Clients
from dmslake.aws.errors import unless_absent
from dmslake.monitor.dead_letters import read_dead_letters
from dmslake.monitor.json_text import json_object
from dmslake.monitor.metrics import Metric, read_minutes
from dmslake.monitor.part import Look, Part
from dmslake.monitor.snapshot import LoaderState
from dmslake.monitor.subject import Subject

_WINDOW = timedelta(hours=1)
_LOG_PAGES = 10
_FAILED = "object_failed"  # the loader's own word for it, see lake/report.py


_FUNCTION = Part("the loader function", vital=True)
_DEAD_LETTERS = Part("the dead-letter queue", vital=True)
_METRICS = Part("the metrics of the loader")
_LOG = Part("the loader's log")


@dataclass(frozen=True)
class Failures:
    """The different failures in the log, and the time of the last of them."""

    texts: tuple[str, ...] = ()
    last: datetime | None = None


class LoaderReading:
    """The state of the function is being read from the moment on that this is made."""

    def __init__(self, look: Look, aws: Clients, subject: Subject, now: datetime) -> None:
        function, group = subject.function, subject.function_log_group
        self._exists = look.at(_FUNCTION, partial(function_exists, aws, function), None)
        self._invocations, self._errors = (
            look.at(_METRICS, partial(read_counts, aws, function, metric, now), None)
            for metric in ("Invocations", "Errors")
        )
        self._failures = look.at(_LOG, partial(read_failures, aws, group, now), Failures())
        self._dead_letters = look.at(
            _DEAD_LETTERS, partial(read_dead_letters, aws, subject.dead_letters), (None, ())
        )

    def state(self) -> LoaderState:
        """Return the state of the function; counts are those of the last hour."""
        invocations, errors = self._invocations.value, self._errors.value
        failures, (dead_letters, examples) = self._failures.value, self._dead_letters.value
        return LoaderState(
            exists=self._exists.value,
            invocations=None if invocations is None else sum(invocations.values()),
            errors=None if errors is None else sum(errors.values()),
            recent_failures=failures.texts,
            last_failure=last_failure(errors or {}, failures),
            last_success=last_success(invocations or {}, errors or {}),
            dead_letters=dead_letters,
            examples=examples,
        )


def function_exists(aws: Clients, function: str) -> bool:
    """Return whether there is such a function."""
    found = unless_absent(
        lambda: aws.lambda_.get_function_configuration(FunctionName=function),
        "ResourceNotFoundException",
    )
    return found is not None


def read_counts(aws: Clients, function: str, metric: str, now: datetime) -> dict[datetime, int]:
    """Return how often there were ``Invocations`` or ``Errors`` in each minute of the last hour."""
    wanted = Metric(
        namespace="AWS/Lambda",
        name=metric,
        dimensions={"FunctionName": function},
        statistic="Sum",
    )
    return {at: int(count) for at, count in read_minutes(aws, wanted, now, _WINDOW).items()}


def last_success(
    invocations: Mapping[datetime, int], errors: Mapping[datetime, int]
) -> datetime | None:
    """Return the beginning of the last minute in which an invocation ended without an error."""
    return max((at for at, count in invocations.items() if count > errors.get(at, 0)), default=None)


def last_failure(errors: Mapping[datetime, int], failures: Failures) -> datetime | None:
    """Return the time of the last failure, by the metric (to the minute) and by the log.

    A batch of which a part failed is no error to the metric, and a function that ran out of time or
    memory writes nothing.
    """
    times = [at for at, count in errors.items() if count]
    return max([*times, failures.last] if failures.last else times, default=None)


def read_failures(aws: Clients, log_group: str, now: datetime) -> Failures:
    """Return what the loader itself wrote about failures in the last hour, each text once."""
    texts: dict[str, None] = {}
    last: datetime | None = None
    for event in _failure_lines(aws, log_group, now):
        text = _failure(event.get("message", ""))
        if text:
            texts[text] = None
            at = datetime.fromtimestamp(event.get("timestamp", 0) / 1000, UTC)
            last = at if last is None else max(last, at)
    return Failures(tuple(texts), last)


def _failure_lines(aws: Clients, log_group: str, now: datetime) -> Iterator[Any]:
    """A page of the log may be empty although there is more: the search of one has a limit."""
    start = int((now - _WINDOW).timestamp() * 1000)
    token: Any = {}
    for _ in range(_LOG_PAGES):
        page = unless_absent(
            lambda: aws.logs.filter_log_events(
                logGroupName=log_group,
                startTime=start,
                filterPattern=f'"{_FAILED}"',
                limit=100,
                **token,  # noqa: B023 - called at once
            ),
            "ResourceNotFoundException",
        )
        if page is None:
            return
        yield from page["events"]
        if not page.get("nextToken"):
            return
        token = {"nextToken": page["nextToken"]}


def _failure(message: str) -> str:
    line = json_object(message)
    parts = (line.get("error_code"), line.get("error")) if line.get("event") == _FAILED else ()
    return ": ".join(str(part) for part in parts if part)
