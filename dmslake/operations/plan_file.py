"""A reviewed plan in a file: `plan --out` writes it, `up FILE` carries out that plan or none."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dmslake.errors import DmslakeError, StaleError, UsageError
from dmslake.operations.plan_document import FORMAT_VERSION, PlanData, differences


class PlanFile(BaseModel):
    """What stands in the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["dmslake-plan"] = "dmslake-plan"
    format_version: Literal[1] = FORMAT_VERSION
    adopt: Annotated[
        tuple[str, ...], Field(description="Resources that nobody owns and that are taken over")
    ] = ()
    plan: PlanData


def write_plan(path: Path, plan: PlanData, adopt: tuple[str, ...] = ()) -> None:
    """Write a plan, for review and for `up FILE`. Raises DmslakeError when it cannot be written."""
    text = PlanFile(plan=plan, adopt=adopt).model_dump_json(indent=2)
    try:
        path.write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        raise DmslakeError(
            f"the plan cannot be written to {path}",
            why=error.strerror or str(error),
            fix="name a file in a folder that exists and may be written to",
        ) from error


def read_plan(path: Path) -> PlanFile:
    """Read a reviewed plan. Raises UsageError when there is none in the file."""
    try:
        return PlanFile.model_validate_json(path.read_bytes())
    except OSError as error:
        raise UsageError(
            f"the plan {path} cannot be read",
            why=error.strerror or str(error),
            fix=f"write one: dmslake plan --out {path}",
        ) from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UsageError(
            f"{path} is no plan of this version of dmslake",
            why=f"{where}: {first['msg']}" if where else first["msg"],
            fix=f"write it again: dmslake plan --out {path}",
        ) from error


def check_same(reviewed: PlanData, found: PlanData, again: str) -> None:
    """Refuse when a plan is no longer the one that was reviewed.

    Args:
        reviewed: what was agreed to.
        found: what would be done now.
        again: how to get a plan that can be agreed to.

    Raises:
        StaleError: with every difference.
    """
    for name in ("pipeline", "account", "region"):
        old, new = reviewed.model_dump()[name], found.model_dump()[name]
        if old != new:
            raise StaleError(
                f"the plan is for another {name}",
                why=f"it was made for {old}, and this is {new}",
                fix=again,
            )
    moved = tuple(differences(reviewed, found))
    if moved:
        raise StaleError(
            "the plan no longer fits: AWS or the spec has changed since it was made",
            why=moved[0] if len(moved) == 1 else "".join(f"\n    {line}" for line in moved),
            fix=again,
        )
