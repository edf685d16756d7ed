"""Why objects fail, from what the loader wrote into its log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dmslake.aws.clients import Clients
from dmslake.aws.errors import unless_absent

_FAILED = "object_failed"  # the loader's own word for it, see lake/report.py
_PAGES = 50
# Reasons are good to have: whoever may not read the log gets on without them.
_NO_LOG = (
    "AccessDeniedException", "LimitExceededException", "ResourceNotFoundException",
    "ServiceUnavailableException", "ThrottlingException",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why something failed: a code, such as S3's own, and the text with it."""

    code: str
    error: str

    def __str__(self) -> str:
        return self.error if self.code in self.error else f"{self.code}: {self.error}"


def reasons_in(log: str) -> dict[str, Reason]:
    """Return why objects failed, by their addresses; the first line of a log may be cut off."""
    return dict(_read(log.splitlines()))


def look_up(clients: Clients, log_group: str, since: datetime) -> dict[str, Reason]:
    """Return the same from the whole log of the function since then; its newest lines may lack."""
    return dict(_read(_lines(clients, log_group, since)))


def _lines(clients: Clients, log_group: str, since: datetime) -> Iterator[str]:
    token: Any = {}
    for _ in range(_PAGES):
        page = unless_absent(
            lambda: clients.logs.filter_log_events(
                logGroupName=log_group,
                startTime=int(since.timestamp() * 1000),
                filterPattern=f'"{_FAILED}"',
                **token,  # noqa: B023 - called at once
            ),
            *_NO_LOG,
        )
        if page is None:
            return
        yield from (event.get("message", "") for event in page["events"])
        if not page.get("nextToken"):
            return
        token = {"nextToken": page["nextToken"]}


def _read(lines: Iterator[str] | list[str]) -> Iterator[tuple[str, Reason]]:
    for line in lines:
        found = _object(line)
        if found.get("event") == _FAILED:
            yield (
                str(found.get("source", "")),
                Reason(code=str(found.get("error_code", "")), error=str(found.get("error", ""))),
            )


def _object(line: str) -> dict[str, Any]:
    if _FAILED not in line:
        return {}
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
