"""What a request does, and on what, for IAM: a function that is being made has an ARN already."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from dmslake.sandbox.cloud.upstream import replace


def install() -> None:
    """Ask about CreateFunction on the function's ARN, as AWS does, and not on everything.

    And ask about each message of a batch: IAM knows no actions for batches.
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html
    """
    replace("core.iam_actions", "extract_resource_arn", _naming_new_functions)
    replace("core.iam_actions", "extract_iam_action", _naming_each_message)


def _naming_each_message(extract: Callable[..., str | None]) -> Callable[..., str | None]:
    def extract_iam_action(service: str, *rest: Any) -> str | None:
        action = extract(service, *rest)
        return action.removesuffix("Batch") if action and service == "sqs" else action

    return extract_iam_action


def _naming_new_functions(extract: Callable[..., str]) -> Callable[..., str]:
    def extract_resource_arn(
        service: str, method: str, path: str, headers: Any, body: bytes, *rest: Any
    ) -> str:
        arn = extract(service, method, path, headers, body, *rest)
        if arn != "*" or service != "lambda" or not path.rstrip("/").endswith("/functions"):
            return arn
        name = _name(body)
        _, region, account = rest
        return f"arn:aws:lambda:{region}:{account}:function:{name}" if name else arn

    return extract_resource_arn


def _name(body: bytes) -> str:
    try:
        asked = json.loads(body or b"{}")
    except ValueError:
        return ""
    return str(asked.get("FunctionName", "")) if isinstance(asked, Mapping) else ""
