"""On what a request acts, for IAM: a function that is being made has an ARN already."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from dmslake.sandbox.cloud.upstream import replace


def install() -> None:
    """Ask about CreateFunction on the function's ARN, as AWS does, and not on everything.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
    """
    replace("core.iam_actions", "extract_resource_arn", _naming_new_functions)


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
