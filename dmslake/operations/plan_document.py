"""A plan as a document: what `plan --json` prints, what a plan file holds, and their JSON Schema.

The models are the only place that knows these words: the schema in docs/ is generated from them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from dmslake.aws.clients import Account
from dmslake.engine.diff import Change
from dmslake.engine.plan import Action, Plan, Step
from dmslake.engine.resource import Interrupt
from dmslake.operations.masking import is_secret, masked
from dmslake.spec import Spec

FORMAT_VERSION: Literal[1] = 1

ActionName = Literal[
    "create", "update", "replace", "restart", "wait", "delete", "keep", "conflict", "nothing"
]
TaskEffect = Literal["nothing", "restarts", "reloads", "replaces"]

_NAMES: dict[Action, ActionName] = {
    Action.CREATE: "create",
    Action.UPDATE: "update",
    Action.REPLACE: "replace",
    Action.RESTART: "restart",
    Action.WAIT: "wait",
    Action.DELETE: "delete",
    Action.KEEP: "keep",
    Action.CONFLICT: "conflict",
    Action.NOTHING: "nothing",
}
_EFFECTS: dict[Interrupt, TaskEffect] = {
    Interrupt.NOTHING: "nothing",
    Interrupt.RESTARTS: "restarts",
    Interrupt.RELOADS: "reloads",
    Interrupt.REPLACES: "replaces",
}
# What a user agrees to.
_DONE: dict[ActionName, str] = {
    "create": "created",
    "update": "changed",
    "replace": "replaced",
    "restart": "restarted",
    "delete": "removed",
}
_SECRET = "password_fingerprint"  # noqa: S105 - an attribute's name


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ChangeData(_Model):
    """One attribute that differs."""

    attribute: Annotated[str, Field(description="Dotted path, e.g. `settings.CdcMaxBatchInterval`")]
    old: Annotated[JsonValue, Field(description="What is there; null where nothing is set")]
    new: Annotated[JsonValue, Field(description="What the spec asks for")]
    secret: Annotated[bool, Field(description="Whether old and new are withheld")] = False
    task: Annotated[TaskEffect, Field(description="What the change does to the running task")]


class StepData(_Model):
    """One resource and what happens to it."""

    address: Annotated[str, Field(description="Kind and name, e.g. `bucket.acme-lake`")]
    name: Annotated[str, Field(description="The resource in words, e.g. `lake bucket acme-lake`")]
    action: ActionName
    reason: Annotated[str, Field(description="Why; empty where the action says it")]
    note: Annotated[str, Field(description="What it will mean, e.g. where the task goes on")]
    task: Annotated[TaskEffect, Field(description="What the step does to the running task")]
    adoptable: Annotated[
        bool, Field(description="Whether `up --adopt ADDRESS` takes over what is in the way")
    ] = False
    changes: tuple[ChangeData, ...]
    digest: Annotated[
        str, Field(description="Changes when anything that is wanted of the resource does")
    ]


class PlanData(_Model):
    """Everything that `up` or `down` would do."""

    pipeline: str
    account: Annotated[str, Field(pattern=r"^\d{12}$")]
    region: str
    spec: Annotated[str, Field(description="Digest of the spec; secrets are not part of it")]
    changes: Annotated[int, Field(ge=0, description="How many steps change something")]
    totals: Annotated[
        dict[ActionName, Annotated[int, Field(ge=1)]],
        Field(description="How many steps there are of each action"),
    ]
    steps: tuple[StepData, ...]


class ProblemData(_Model):
    """One mistake in the spec."""

    file: str
    line: int
    column: int
    field: str
    message: str
    fix: str


class ErrorData(_Model):
    """Why there is no plan, or why it cannot be carried out."""

    code: Annotated[str, Field(description="e.g. `conflict`, `access`, `invalid_spec`")]
    what: str
    why: str
    fix: str
    problems: Annotated[
        tuple[ProblemData, ...] | None, Field(description="With `invalid_spec` only")
    ] = None


class Nothing(_Model):
    """No data: the command failed before there was a plan."""


class PlanDocument(_Model):
    """What `dmslake plan --json` prints."""

    format_version: Annotated[Literal[1], Field(description="Grows when a field changes meaning")]
    command: Literal["plan"]
    ok: bool
    data: PlanData | Nothing
    warnings: Annotated[
        tuple[str, ...], Field(description="What AWS would accept, and you may not want")
    ]
    error: ErrorData | None


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of what `dmslake plan --json` prints."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **PlanDocument.model_json_schema(mode="serialization"),
    }


def plan_data(plan: Plan, spec: Spec, account: Account) -> PlanData:
    """Return a plan as a document. Secrets are withheld."""
    return PlanData(
        pipeline=spec.name,
        account=account.id,
        region=account.region,
        spec=_digest(spec.model_dump(mode="json")),
        changes=len(plan.pending),
        totals={_name(a): count for a, count in plan.totals.items()},
        steps=tuple(_step(step) for step in plan.steps),
    )


def differences(reviewed: PlanData, found: PlanData) -> Iterator[str]:
    """Yield, a sentence each, in what a plan is no longer the one that was agreed to.

    What a step only waits for, keeps or foretells may change: it is not what was agreed to.
    """
    before = {step.address: step for step in reviewed.steps if step.action in _DONE}
    after = {step.address: step for step in found.steps if step.action in _DONE}
    for address, step in before.items():
        if address not in after:
            yield f"{step.name}: was to be {_DONE[step.action]}, which is no longer needed"
    for address, step in after.items():
        if address not in before:
            yield f"{step.name}: is to be {_DONE[step.action]}, which was not in the plan"
        else:
            yield from _difference(before[address], step)


def _difference(before: StepData, after: StepData) -> Iterator[str]:
    if before.action != after.action:
        yield f"{after.name}: was to be {_DONE[before.action]}, now {_DONE[after.action]}"
    elif before.changes != after.changes:
        old = {change.attribute: change for change in before.changes}
        new = {change.attribute: change for change in after.changes}
        names = [n for n in {**old, **new} if old.get(n) != new.get(n)]
        yield f"{after.name}: other changes than planned: {', '.join(names)}"
    elif before.digest != after.digest:
        yield f"{after.name}: the spec asks for something else of it"


def _step(step: Step) -> StepData:
    return StepData(
        address=str(step.address),
        name=step.resource.describe(),
        action=_name(step.action),
        reason=step.reason,
        note=step.note,
        task=_effect(step.interrupt),
        adoptable=step.adoptable,
        changes=tuple(_change(step, change) for change in step.changes),
        digest=_digest(_wanted(step)),
    )


def _change(step: Step, change: Change) -> ChangeData:
    secret = is_secret(change.attribute) or _SECRET in change.attribute
    interrupt = step.resource.interrupts.get(change.top, Interrupt.NOTHING)
    return ChangeData(
        attribute=change.attribute.replace(_SECRET, "password"),
        old=None if secret else _plain(change.old),
        new=None if secret else _plain(change.new),
        secret=secret,
        task=_effect(interrupt),
    )


def _wanted(step: Step) -> object:
    """Return everything that is wanted of a resource and was not made of a secret."""
    resource = step.resource
    return {
        name: masked(value)
        for name, value in resource.desired().items()
        if name not in resource.write_only and name != _SECRET
    }


def _plain(value: object) -> JsonValue:
    plain: JsonValue = json.loads(json.dumps(masked(value)))
    return plain


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, default=str)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _name(action: Action) -> ActionName:
    return _NAMES[action]


def _effect(interrupt: Interrupt) -> TaskEffect:
    return _EFFECTS[interrupt]
