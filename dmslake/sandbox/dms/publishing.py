"""Whether an SNS topic's policy lets DMS publish."""

from __future__ import annotations

import json
from collections.abc import Mapping

from dmslake.sandbox.dms.cloud import DMS_PRINCIPAL
from dmslake.sandbox.dms.roles import statements_in, texts_in

_PUBLISHES = frozenset({"sns:publish", "sns:*", "*"})


def lets_publish(policy: str, topic_arn: str) -> bool:
    """Tell whether a topic policy lets DMS publish; the policy of a new topic does.

    Conditions are not evaluated: the statement of a new topic has one that the account meets. An
    explicit Deny wins.
    """
    try:
        document = json.loads(policy) if policy else {}
    except json.JSONDecodeError:
        return False
    effects = {
        statement.get("Effect")
        for statement in statements_in(document if isinstance(document, Mapping) else {})
        if _concerns(statement, topic_arn)
    }
    return "Deny" not in effects and ("Allow" in effects or not policy)


def _concerns(statement: Mapping[str, object], topic_arn: str) -> bool:
    named = statement.get("Principal")
    account = topic_arn.split(":")[4] if topic_arn.count(":") > 4 else ""  # noqa: PLR2004 - an ARN
    everybody = {"*", account, f"arn:aws:iam::{account}:root"}
    of_account = texts_in(named.get("AWS")) if isinstance(named, Mapping) else []
    of_services = texts_in(named.get("Service")) if isinstance(named, Mapping) else []
    who = named == "*" or DMS_PRINCIPAL in of_services or bool(everybody.intersection(of_account))
    return who and any(one.lower() in _PUBLISHES for one in texts_in(statement.get("Action")))
