"""The error tree. Every error says what failed, why, and how to fix it.

    DmslakeError            exit 1   code "error"
    ├── UsageError          exit 2   the command line does not fit together
    ├── SpecError           exit 2   the spec is wrong; carries every problem at once
    ├── CloudError          exit 1   AWS refused or could not be reached
    │   ├── AccessError     exit 1   credentials are missing, expired or not allowed to
    │   └── NotFoundError   exit 1   something that must exist does not
    ├── ConflictError       exit 1   a resource of this name exists and is not ours
    ├── LockedError         exit 1   somebody else works on this pipeline right now
    ├── StaleError          exit 1   AWS is no longer what a reviewed plan was made for
    ├── RefusedError        exit 1   AWS would refuse the plan; nothing was begun
    ├── WaitError           exit 1   a resource broke, or took too long
    ├── ApplyError          exit 1   some steps of a plan failed; the others are done
    ├── SandboxError        exit 1   a local server could not be started, reached or stopped
    ├── LedgerError         exit 1   a backfill's ledger is damaged, in use, or of something else
    ├── ReportError         exit 1   a report cannot be written to where it was asked for
    ├── DifferenceError     exit 4   objects or rows differ from what they should be
    ├── ObjectsFailedError  exit 4   some objects failed; the others are done
    ├── UnhealthyError      exit 5   `status --check` found a pipeline that does not work
    └── StoppedError        exit 130 interrupted by the user

Messages follow one form: `what` names the thing in the user's own words, `why` gives the cause as
the service told it, `fix` is the next thing to do. Secrets never enter an error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


class DmslakeError(Exception):
    """Base of everything dmslake raises on purpose."""

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, why: str = "", fix: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.what}: {self.why}" if self.why else self.what


class UsageError(DmslakeError):
    """The command line does not fit together."""

    code = "usage"
    exit_code = 2


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One mistake in a spec, with the place where it stands (1-based line and column)."""

    file: str
    line: int
    column: int
    field: str
    message: str
    fix: str = ""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}: "
        field = f"{self.field}: " if self.field else ""
        fix = f"; {self.fix}" if self.fix else ""
        return f"{where}{field}{self.message}{fix}"


class SpecError(DmslakeError):
    """The spec is wrong. `problems` holds all of them, in the order of the file."""

    code = "invalid_spec"
    exit_code = 2

    def __init__(self, file: str, problems: tuple[Problem, ...]) -> None:
        count = "1 mistake" if len(problems) == 1 else f"{len(problems)} mistakes"
        super().__init__(f"{file} has {count}", fix="correct the lines above and run it again")
        self.problems = problems


class CloudError(DmslakeError):
    """AWS refused a call or could not be reached; `service_code` is AWS's own word for it."""

    code = "cloud"

    def __init__(
        self,
        what: str,
        *,
        why: str = "",
        fix: str = "",
        service_code: str = "",
        operation: str = "",
    ) -> None:
        super().__init__(what, why=why, fix=fix)
        self.service_code = service_code
        self.operation = operation


class AccessError(CloudError):
    """Credentials are missing, expired, or not allowed to make the call."""

    code = "access"


class NotFoundError(CloudError):
    """Something that has to exist does not."""

    code = "not_found"


class ConflictError(DmslakeError):
    """A resource of this name exists and does not belong to this pipeline."""

    code = "conflict"


class LockedError(DmslakeError):
    """Somebody else works on this pipeline right now."""

    code = "locked"


class StaleError(DmslakeError):
    """AWS is no longer what a reviewed plan was made for."""

    code = "stale"


class RefusedError(DmslakeError):
    """AWS would refuse the plan; nothing was begun."""

    code = "refused"


class WaitError(DmslakeError):
    """A resource broke while it was waited for, or took longer than it ever should."""

    code = "wait"


class ApplyError(DmslakeError):
    """Some steps failed. What is done is done; running the command again continues."""

    code = "apply"


class SandboxError(DmslakeError):
    """A local server could not be started, reached or stopped."""

    code = "sandbox"


class LedgerError(DmslakeError):
    """A backfill's ledger cannot be used: damaged, in use, or of another spec or version."""

    code = "ledger"


class ReportError(DmslakeError):
    """A report cannot be written to where it was asked for."""

    code = "report"


class DifferenceError(DmslakeError):
    """Objects or rows differ from what they should be."""

    code = "difference"
    exit_code = 4


class ObjectsFailedError(DmslakeError):
    """Some objects failed. What is done is done; running the command again tries the rest."""

    code = "objects_failed"
    exit_code = 4


class UnhealthyError(DmslakeError):
    """The pipeline exists but does not work."""

    code = "unhealthy"
    exit_code = 5


class StoppedError(DmslakeError):
    """Interrupted by the user; says how to continue."""

    code = "interrupted"
    exit_code = 130
