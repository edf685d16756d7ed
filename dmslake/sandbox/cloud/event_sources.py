"""Queues that wake functions: what Lambda checks when it is told to read one, and while it does.

https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from dmslake.sandbox.cloud.permissions import role_allows
from dmslake.sandbox.cloud.upstream import part, replace

_LAMBDA = "services.lambda_svc"
_NEEDED = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
_LARGEST_WITHOUT_WINDOW = 10
_DENIED = "PROBLEM: Lambda cannot read the queue: the role of the function does not allow it"


def install() -> None:
    """Let Lambda check a queue, and the function's rights on it."""
    replace(_LAMBDA, "_create_esm", _creating)
    replace(_LAMBDA, "_sqs_esm_concurrency", _reading_with_role)


def _creating(create: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def _create_esm(data: Any) -> Any:
        source = str(data.get("EventSourceArn", ""))
        _, config, _ = part(_LAMBDA, "_get_base_func_record_for_ref")(data.get("FunctionName", ""))
        if source.split(":")[2:3] != ["sqs"] or not config:
            return create(data)  # MiniStack knows best what to say of these.
        return _problem(data, config, source) or create(data)

    return _create_esm


def _problem(data: Any, config: Any, queue_arn: str) -> Any:
    function_arn = config["FunctionArn"]
    for one in part(_LAMBDA, "_esms").values():
        if one["EventSourceArn"] == queue_arn and one["FunctionArn"] == function_arn:
            message = (
                f'An event source mapping with SQS arn (" {queue_arn} ") and function '
                f'(" {config["FunctionName"]} ") already exists. Please update or delete the '
                f"existing mapping with UUID {one['UUID']}"
            )
            return refusal("ResourceConflictException", message, 409)
    missing = missing_right(data.get("FunctionName", ""), _NEEDED, queue_arn)
    return missing or _unfit(data, config, queue_arn)


def _unfit(data: Any, config: Any, queue_arn: str) -> Any:
    queue = part("services.sqs", "_queue_by_arn")(queue_arn)
    if queue is None:
        return _invalid(
            "Error occurred while ReceiveMessage. SQS Error Code: "
            "AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The specified queue does "
            "not exist for this wsdl version."
        )
    hidden, timeout = int(queue["attributes"].get("VisibilityTimeout", 30)), int(config["Timeout"])
    if hidden < timeout:
        return _invalid(
            f"Queue visibility timeout: {hidden} seconds is less than Function timeout: {timeout} "
            "seconds"
        )
    window = int(data.get("MaximumBatchingWindowInSeconds") or 0)
    if int(data.get("BatchSize") or 0) > _LARGEST_WITHOUT_WINDOW and not window:
        return _invalid(
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is "
            "greater than 10"
        )
    return None


def _reading_with_role(concurrency: Callable[..., int]) -> Callable[..., int]:
    def _sqs_esm_concurrency(mapping: Any, function: Any, config: Any, queue: Any = None) -> int:
        rights = (f"sqs:{action}" for action in _NEEDED)
        if all(role_allows(config["Role"], one, mapping["EventSourceArn"]) for one in rights):
            return concurrency(mapping, function, config, queue)
        mapping["LastProcessingResult"] = _DENIED
        return 0

    return _sqs_esm_concurrency


def missing_right(function: str, actions: tuple[str, ...], queue_arn: str) -> Any:
    """Return Lambda's refusal when a function's role lacks one of these rights on a queue."""
    _, config, _ = part(_LAMBDA, "_get_base_func_record_for_ref")(function)
    if not config:
        return None  # MiniStack knows best what to say of a function that is not there.
    for action in actions:
        if not role_allows(config["Role"], f"sqs:{action}", queue_arn):
            return _invalid(
                f"The function execution role does not have permissions to call {action} on SQS"
            )
    return None


def _invalid(message: str) -> Any:
    return refusal("InvalidParameterValueException", message, 400)


def refusal(code: str, message: str, status: int) -> Any:
    """Return an error of Lambda as MiniStack's handlers do."""
    told = {"__type": code, "Type": "User", "message": message}
    headers = {"Content-Type": "application/json", "x-amzn-errortype": code}
    return status, headers, json.dumps(told).encode()
