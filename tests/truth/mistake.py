"""What is wrong with one request: the operation, the member, its value, and the rule it breaks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_SHOWN = 120

Found = Iterator[tuple[str, object, str]]
"""What a rule yields: the path of a member, its value, and the rule in words."""


@dataclass(frozen=True)
class Request:
    """One call as the caller wrote it: `service` is boto3's word for it."""

    service: str
    operation: str
    members: Mapping[str, Any]


@dataclass(frozen=True)
class Mistake:
    """One member of one request that AWS would not take."""

    operation: str
    member: str
    value: str
    rule: str

    def __str__(self) -> str:
        return f"{self.operation}: {self.member} = {self.value}: {self.rule}"


def mistake(request: Request, member: str, value: object, rule: str) -> Mistake:
    """Return the mistake, the value shortened to what a line can show."""
    shown = repr(value)
    shown = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}… ({len(shown)} characters)"
    return Mistake(f"{request.service}:{request.operation}", member, shown, rule)
