"""Operators who lack some of the rights that dmslake asks for."""

from __future__ import annotations

import json

from dmslake.sandbox.environment import environment
from tests.pipeline.pipelines import Pipeline
from tests.pipeline.test_operator import operator
from tests.sandbox.calls import Calls


def without(found: Pipeline, calls: Calls, *denied: str) -> dict[str, str]:
    """Return the variables of somebody who has every right that is printed but these."""
    printed = json.loads(found("plan", "--permissions").out)
    policies = printed if isinstance(printed, list) else [printed]
    statements = [statement for policy in policies for statement in policy["Statement"]]
    for statement in statements:
        statement["Action"] = [one for one in statement["Action"] if one not in denied]
    left = [statement for statement in statements if statement["Action"]]
    policy = {"Version": "2012-10-17", "Statement": left}
    return {**environment(found.sandbox, {}), **operator(calls, json.dumps(policy))}
