"""What a command hands back: data, perhaps an error, an exit code. Text or one JSON document."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from dmslake.errors import DmslakeError, SpecError

FORMAT_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Report:
    """The end of a command. `exit_code` counts only where there is no error."""

    data: Mapping[str, object] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    error: DmslakeError | None = None
    exit_code: int = 0

    @property
    def code(self) -> int:
        return self.exit_code if self.error is None else self.error.exit_code


def as_json(command: str, report: Report) -> str:
    """Return the document that `--json` prints."""
    return json.dumps(
        {
            "format_version": FORMAT_VERSION,
            "command": command,
            "ok": report.error is None,
            "data": report.data,
            "warnings": list(report.warnings),
            "error": None if report.error is None else _error(report.error),
        },
        indent=2,
        ensure_ascii=False,
        default=_text,
    )


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _error(error: DmslakeError) -> dict[str, object]:
    found: dict[str, object] = {
        "code": error.code,
        "what": error.what,
        "why": error.why,
        "fix": error.fix,
    }
    if isinstance(error, SpecError):
        found["problems"] = [vars(problem) for problem in error.problems]
    return found


def as_text(error: DmslakeError) -> str:
    """Return an error as it is printed: what, why and how to fix it, a line each."""
    lines = []
    if isinstance(error, SpecError):
        lines += [*(str(problem) for problem in error.problems), ""]
    lines.append(f"error: {error.what}")
    if error.why:
        lines.append(f"  why: {error.why}")
    if error.fix:
        lines.append(f"  fix: {error.fix}")
    return "\n".join(lines)
