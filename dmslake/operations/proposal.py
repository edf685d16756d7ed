"""What a user is asked to agree to: a plan, its document, and what was found beforehand."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dmslake.aws.clients import Clients
from dmslake.engine.plan import Plan
from dmslake.engine.resource import Address
from dmslake.errors import DmslakeError, UsageError
from dmslake.operations import provision, remove
from dmslake.operations.finding import Finding, refusal
from dmslake.operations.plan_document import PlanData, plan_data
from dmslake.operations.preflight import preflight
from dmslake.spec import Spec


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A plan with everything that has to be said of it."""

    plan: Plan
    document: PlanData
    findings: tuple[Finding, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        remarks = (step.remark for step in self.plan.steps if step.remark)
        return (*remarks, *(str(found) for found in self.findings if not found.fatal))

    @property
    def obstacle(self) -> DmslakeError | None:
        """Why it cannot be carried out, or None."""
        if self.plan.conflicts:
            return provision.conflict(self.plan.conflicts)
        return refusal(self.findings)


def propose(spec: Spec, clients: Clients, adopt: tuple[str, ...] = ()) -> Proposal:
    """Plan what `up` would do, and look at what could keep it from working. Reads only.

    Args:
        spec: what the user wants.
        clients: of the account and region that it is for.
        adopt: addresses of what may be taken over, such as ``bucket.acme-lake``.

    Raises UsageError for an address that is not part of the pipeline; CloudError when something
    cannot be read.
    """
    found = propose_again(spec, clients, adopt)
    _check_adopted(found.plan, adopt)
    return replace(found, findings=preflight(spec, found.plan, clients))


def propose_again(spec: Spec, clients: Clients, adopt: tuple[str, ...] = ()) -> Proposal:
    """Plan once more what was agreed to, without looking again at what AWS would refuse."""
    found = provision.plan(spec, clients, adopt=frozenset(map(address_of, adopt)))
    return Proposal(plan=found, document=plan_data(found, spec, clients.account))


def propose_removal(spec: Spec, clients: Clients, *, purge: bool) -> Proposal:
    """Plan what `down` would do. Reads only; raises CloudError."""
    found = remove.plan_removal(spec, clients, purge=purge)
    return Proposal(plan=found, document=plan_data(found, spec, clients.account))


def address_of(text: str) -> Address:
    """Return the address that a user wrote, such as ``bucket.acme-lake``."""
    kind, _, name = text.partition(".")
    return Address(kind, name)


def _check_adopted(found: Plan, adopt: tuple[str, ...]) -> None:
    known = {step.address for step in found.steps}
    unknown = [text for text in adopt if address_of(text) not in known]
    if not unknown:
        return
    free = [str(step.address) for step in found.conflicts if step.adoptable]
    raise UsageError(
        f"the pipeline has no {', '.join(unknown)}",
        why=f"what can be adopted is {', '.join(free)}" if free else "nothing can be adopted",
        fix="take the address from `dmslake plan --json`, or leave --adopt out",
    )
