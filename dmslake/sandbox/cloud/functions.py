"""MiniStack's Lambda functions, as the invocation queue sees them."""

from __future__ import annotations

import json
import logging
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from dmslake.sandbox.cloud.invocations import Condition, Invocation, Limits, Verdict
from dmslake.sandbox.cloud.permissions import role_allows
from dmslake.sandbox.cloud.upstream import part

_LAMBDA = "services.lambda_svc"
_log = logging.getLogger(__name__)


class MiniStackFunctions:
    """Looks a function up at every attempt, so that a corrected one gets the waiting events.

    `changed` is told of the services that an undeliverable event is written to.
    """

    def __init__(self, changed: Callable[[str], None]) -> None:
        self._changed = changed

    def limits(self, function_arn: str) -> Limits:
        record, config = _find(function_arn)
        own = _invoke_config(record)
        retries, age = own.get("MaximumRetryAttempts"), own.get("MaximumEventAgeInSeconds")
        return Limits(
            retries=Limits.retries if retries is None else int(retries),
            age_seconds=Limits.age_seconds if age is None else float(age),
            concurrency=part(_LAMBDA, "_reserved_concurrency")(record, config) if config else None,
        )

    def run(self, invocation: Invocation) -> tuple[Verdict, Any]:
        record, config = _find(invocation.function_arn)
        if not record or not config:
            return Verdict.GONE, None
        record = part(_LAMBDA, "_execution_record_for_config")(record, config)
        result = part(_LAMBDA, "_execute_function_with_config_scope")(record, invocation.event)
        if result.get("throttle"):
            return Verdict.THROTTLED, result
        return (Verdict.FAILED if result.get("error") else Verdict.DONE), result

    def give_up(self, invocation: Invocation, condition: Condition, result: Any) -> None:
        record, config = _find(invocation.function_arn)
        if not record or not config:
            return
        destination = _on_failure(record)
        dead_letters = (config.get("DeadLetterConfig") or {}).get("TargetArn")
        if destination and destination.split(":")[2] == "sqs":
            told = failure_record(invocation, condition, result, datetime.now(UTC))
            _in_scope(config, lambda: _send(config["Role"], destination, told))
            self._changed("sqs")
        elif target := destination or dead_letters:
            route = part(_LAMBDA, "_route_async_failure")
            name, event = config["FunctionName"], invocation.event
            _in_scope(config, lambda: route(target, name, event, result))


def failure_record(
    invocation: Invocation,
    condition: Condition,
    result: Any,
    now: datetime,
) -> dict[str, Any]:
    """Return what Lambda sends to an on-failure destination.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
    """
    throttled = bool(result.get("throttle"))
    body = result.get("body")
    told = {
        "version": "1.0",
        "timestamp": now.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
        "requestContext": {
            "requestId": str(uuid.UUID(invocation.id)),
            "functionArn": f"{invocation.function_arn}:$LATEST",
            "condition": condition.value,
            "approximateInvokeCount": invocation.invoked,
        },
        "requestPayload": invocation.event,
    }
    if throttled:
        return told
    answer = {
        "statusCode": 200,
        "executedVersion": "$LATEST",
        "functionError": result.get("function_error") or "Unhandled",
    }
    return {**told, "responseContext": answer, "responsePayload": body}


def _send(role_arn: str, queue_arn: str, told: dict[str, Any]) -> None:
    queue = part("services.sqs", "_queue_by_arn")(queue_arn)
    if queue is None:
        _log.warning("the on-failure destination %s does not exist", queue_arn)
        return
    if not role_allows(role_arn, "sqs:SendMessage", queue_arn):
        _log.warning("%s may not send to the on-failure destination %s", role_arn, queue_arn)
        return
    now = time.time()
    message = {
        "id": str(uuid.uuid4()),
        "body": json.dumps(told),
        "receipt_handle": None,
        "sent_at": now,
        "visible_at": now + part("services.sqs", "queue_delay")(queue),
        "receive_count": 0,
    }
    part("services.sqs", "_ensure_msg_fields")(message)
    queue["messages"].append(message)
    part(_LAMBDA, "esm_wake").set()


def _find(function_arn: str) -> tuple[Any, Any]:
    spec = function_arn.split(":")
    record, config, _ = part(_LAMBDA, "_get_func_record_for_ref_in_scope")(
        function_arn, account_id=spec[4], region=spec[3]
    )
    return record, config


def _invoke_config(record: Any) -> dict[str, Any]:
    found = record or {}
    own = found.get("event_invoke_config") or (found.get("event_invoke_configs") or {}).get(
        "$LATEST"
    )
    return dict(own or {})


def _on_failure(record: Any) -> str:
    destinations = _invoke_config(record).get("DestinationConfig") or {}
    return str((destinations.get("OnFailure") or {}).get("Destination") or "")


def _in_scope(config: Any, work: Callable[[], None]) -> None:
    part(_LAMBDA, "_run_with_function_config_scope")(config, work)
