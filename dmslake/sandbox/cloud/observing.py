"""What Lambda writes about its functions: logs, with the function's own rights, and metrics."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from dmslake.sandbox.cloud.permissions import role_allows
from dmslake.sandbox.cloud.upstream import part


def logging_with_role(emit: Callable[..., None]) -> Callable[..., None]:
    """Return what writes a function's log only where the function's role may."""

    def _emit_lambda_logs(function: Any, *rest: Any, **named: Any) -> None:
        config = function.get("config") or function
        spec = config["FunctionArn"].split(":")
        own = (config.get("LoggingConfig") or {}).get("LogGroup")
        group = own or f"/aws/lambda/{config['FunctionName']}"
        arn = f"arn:aws:logs:{spec[3]}:{spec[4]}:log-group:{group}"
        # A stream that is not there yet has an empty name, so that `…:*` is about it, too.
        streams = f"{arn}:log-stream:"
        wanted = {"logs:CreateLogStream": streams, "logs:PutLogEvents": f"{streams}any"}
        if group not in part("services.cloudwatch_logs", "_log_groups"):
            wanted["logs:CreateLogGroup"] = arn
        if all(role_allows(config["Role"], *one) for one in wanted.items()):
            emit(function, *rest, **named)

    return _emit_lambda_logs


def counting(execute: Callable[..., Any]) -> Callable[..., Any]:
    """Return what runs a function and counts the run, however it was asked for.

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    """

    def _execute_function_dispatch(function: Any, config: Any, *rest: Any) -> Any:
        begun = time.monotonic()
        result = execute(function, config, *rest)
        name = config["FunctionName"]
        _record(name, "Invocations", 1)
        _record(name, "Errors", 1 if result.get("error") else 0)
        _record(name, "Duration", (time.monotonic() - begun) * 1000, "Milliseconds")
        return result

    return _execute_function_dispatch


def counting_throttled(acquire: Callable[..., Any]) -> Callable[..., Any]:
    """Return what makes room for a run of a function, and counts when there is none."""

    def _acquire_execution_slot(function: Any, config: Any) -> Any:
        slot, limit = acquire(function, config)
        if slot is None:
            _record(config["FunctionName"], "Throttles", 1)
        return slot, limit

    return _acquire_execution_slot


def _record(function_name: str, metric: str, value: float, unit: str = "Count") -> None:
    record = part("services.cloudwatch", "record_metric")
    record("AWS/Lambda", metric, value, unit, {"FunctionName": function_name})
