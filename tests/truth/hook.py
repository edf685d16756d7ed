"""Listen to every request that botocore is about to build in this process, and check it.

botocore registers its own handlers with each new session from one list; what is added to that list
hears the requests of all sessions made afterwards. Nothing is replaced.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from botocore import handlers
from botocore.model import OperationModel

from tests.truth import dms_endpoints, dms_names, dms_tasks, house, model, services
from tests.truth.mistake import Found, Mistake, Request, mistake

Tell = Callable[[Mistake], None]
Rule = Callable[[Request], Found]

_EVENT = "before-parameter-build"
RULES: Mapping[str, tuple[Rule, ...]] = {
    "dms": (*dms_names.RULES, *dms_endpoints.RULES, *dms_tasks.RULES),
    **services.RULES,
}


def mistakes_of(
    operation: OperationModel, members: Mapping[str, Any], *, by_dmslake: bool = False
) -> Iterator[Mistake]:
    """Yield everything that is wrong with one request."""
    request = Request(operation.service_model.service_name, operation.name, members)
    if operation.input_shape is not None:
        for member, value, broken in model.check(operation.input_shape, members):
            yield mistake(request, member, value, broken)
    rules = RULES.get(request.service, ())
    for rule in (*rules, *house.RULES) if by_dmslake and request.service == "dms" else rules:
        for member, value, broken in rule(request):
            yield mistake(request, member, value, broken)


def listen(tell: Tell) -> None:
    """Tell of every mistake in every request of the sessions that are made from now on."""

    def check(
        params: Mapping[str, Any], model: OperationModel, context: Mapping[str, Any], **_: Any
    ) -> None:
        ours = "dmslake/" in (getattr(context["client_config"], "user_agent_extra", None) or "")
        for found in mistakes_of(model, params, by_dmslake=ours):
            tell(found)

    handlers.BUILTIN_HANDLERS.append((_EVENT, check))
