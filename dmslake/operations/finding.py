"""What was found before a plan is carried out: what AWS would refuse, and what may go wrong."""

from __future__ import annotations

from dataclasses import dataclass

from dmslake.errors import RefusedError


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is not as it should be; `fatal` when AWS would refuse the plan for it."""

    what: str
    why: str = ""
    fix: str = ""
    fatal: bool = False

    def __str__(self) -> str:
        why = f": {self.why}" if self.why else ""
        fix = f"; {self.fix}" if self.fix else ""
        return f"{self.what}{why}{fix}"


def refusal(findings: tuple[Finding, ...]) -> RefusedError | None:
    """Return the error for what AWS would refuse, or None where it would refuse nothing."""
    fatal = [finding for finding in findings if finding.fatal]
    if not fatal:
        return None
    if len(fatal) == 1:
        (only,) = fatal
        return RefusedError(only.what, why=only.why, fix=only.fix)
    return RefusedError(
        f"AWS would refuse this plan for {len(fatal)} reasons",
        why="".join(f"\n    {finding}" for finding in fatal),
        fix="correct these and plan again",
    )
