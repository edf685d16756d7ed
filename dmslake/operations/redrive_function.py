"""The pipeline's own function, invoked with dead letters and waited for."""

from __future__ import annotations

import base64
import json
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dmslake.aws.clients import Clients
from dmslake.aws.errors import translating, unless_absent
from dmslake.blueprint.names import Names
from dmslake.errors import CloudError, NotFoundError, RefusedError
from dmslake.operations.redrive_letters import Letter, event_of
from dmslake.operations.redrive_reasons import Reason, reasons_in

MOST_AT_ONCE = 8
"""Invocations at once; each moves its objects in threads of its own."""

# How long the answer may take beyond the function's own time limit: it may have to start first.
_MARGIN_S = 30.0
# Refusals that pass by themselves. https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
_BUSY = frozenset({
    "EC2ThrottledException", "ENILimitReachedException", "ResourceConflictException",
    "ResourceNotReadyException", "ServiceException", "TooManyRequestsException",
})  # fmt: skip
_UNREACHABLE = "Unreachable"
_TOO_LARGE = frozenset({"RequestTooLargeException", "RequestEntityTooLargeException"})
_MOST_BROKEN_CALLS = 3
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 20.0
_PATIENCE_S = 600.0

_TIMED_OUT = "Task timed out after"
# What no message brings about: the function does not know these events, or does not work at all.
# https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html
_BROKEN = frozenset({
    "ConfigError", "EnvelopeError", "Runtime.HandlerNotFound", "Runtime.ImportModuleError",
    "Runtime.InvalidEntrypoint", "Runtime.UserCodeSyntaxError",
})  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What one invocation came to.

    Attributes:
        failed: why messages failed, by their ids.
        logged: why objects failed, by their addresses, as far as the end of the log tells.
        alone: whether the messages may fare better one by one.
        untried: whether nothing was invoked, because the user wants to stop.
    """

    failed: Mapping[str, Reason | None] = field(default_factory=dict)
    logged: Mapping[str, Reason] = field(default_factory=dict)
    alone: bool = False
    untried: bool = False


class LoaderFunction:
    """The function, which can be invoked from several threads.

    Args:
        clients: of the pipeline's account.
        name: of the function.
        timeout_s: how long one invocation may take, in seconds.
        at_once: how many may run at the same time.
        stop: ends waiting for a function that is throttled.
        pause: waits so many seconds; whether to stop then.
    """

    def __init__(
        self,
        clients: Clients,
        name: str,
        *,
        timeout_s: int,
        at_once: int,
        stop: threading.Event,
        pause: Callable[[float], bool] | None = None,
    ) -> None:
        self._lambda = clients.invoker(timeout_s + _MARGIN_S)
        self._stop = stop
        self._pause = pause or stop.wait
        self.name = name
        self.at_once = at_once
        self.hidden_s = int(timeout_s + _MARGIN_S + 2 * _LONGEST_PAUSE)
        """For how long a message is to be hidden before it is tried."""

    def invoke(self, letters: Sequence[Letter], again: Callable[[], None]) -> Answer:
        """Replay messages in one invocation.

        `again` is called before each further try of a call that Lambda did not take. Raises
        CloudError where no event could be replayed: no right to, or a function that is broken or
        of another version.
        """
        waited, broken, pause = 0.0, 0, _FIRST_PAUSE
        while not self._stop.is_set():
            try:
                return self._once(letters)
            except CloudError as error:
                broken += error.service_code == _UNREACHABLE
                if error.service_code in _TOO_LARGE:
                    return _all_failed(letters, _reason(error), alone=True)
                if not _passes(error, broken):
                    raise
                if waited >= _PATIENCE_S:
                    return _all_failed(letters, _reason(error))
            # Not all at the same moment again.
            self._pause(pause * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
            waited, pause = waited + pause, min(_LONGEST_PAUSE, 2 * pause)
            again()
        return Answer(untried=True)

    def _once(self, letters: Sequence[Letter]) -> Answer:
        with translating(f"invoking function {self.name}"):
            answer = self._lambda.invoke(
                FunctionName=self.name,
                InvocationType="RequestResponse",
                LogType="Tail",
                Payload=event_of(letters),
            )
            said = _json(answer["Payload"].read())
        tail = base64.b64decode(answer.get("LogResult", "")).decode("utf-8", errors="replace")
        if answer.get("FunctionError"):
            return self._crashed(letters, said)
        return Answer(failed=self._failed(letters, said), logged=reasons_in(tail))

    def _crashed(self, letters: Sequence[Letter], said: Any) -> Answer:
        described = said if isinstance(said, dict) else {}
        kind = str(described.get("errorType") or "")
        text = str(described.get("errorMessage") or "the function failed and does not say why")
        if kind in _BROKEN:
            raise self._useless(f"{kind}: {text}", kind)
        code = kind or ("Sandbox.Timedout" if _TIMED_OUT in text else "Unhandled")
        # One message may have brought it about: without that one the others may succeed.
        return _all_failed(letters, Reason(code=code, error=text), alone=True)

    def _failed(self, letters: Sequence[Letter], said: Any) -> dict[str, Reason | None]:
        """Read which messages are to come again; the log says why, the answer does not."""
        items = said.get("batchItemFailures") if isinstance(said, dict) else None
        if not isinstance(items, list):
            raise self._useless("it does not answer which messages failed")
        named = {str(one.get("itemIdentifier")) for one in items if isinstance(one, dict)}
        if len(named) != len(items) or not named <= {letter.id for letter in letters}:
            raise self._useless("it names messages as failed that it was not given")
        return dict.fromkeys(named)

    def _useless(self, why: str, code: str = "UnexpectedAnswer") -> CloudError:
        return CloudError(
            f"function {self.name} cannot replay dead letters",
            why=why,
            fix="it may be of another version than this command; bring it to this one: dmslake up",
            service_code=code,
        )


def find_function(
    clients: Clients,
    names: Names,
    stop: threading.Event,
    pause: Callable[[float], bool] | None = None,
) -> LoaderFunction:
    """Return the function of a pipeline.

    Raises NotFoundError where there is none, RefusedError where it is switched off.
    """
    with translating(f"looking for function {names.function}"):
        found = unless_absent(
            lambda: clients.lambda_.get_function(FunctionName=names.function),
            "ResourceNotFoundException",
        )
    if found is None:
        raise NotFoundError(
            f"pipeline {names.pipeline} has no loader",
            why=f"there is no function {names.function} in account {names.account.id}, "
            f"{names.account.region}",
            fix="make it: dmslake up; what is in the dead-letter queue stays there",
        )
    reserved = found.get("Concurrency", {}).get("ReservedConcurrentExecutions")
    if reserved == 0:
        raise RefusedError(
            f"function {names.function} is switched off",
            why="its reserved concurrency is 0, so that Lambda runs it not even once",
            fix="let it run: aws lambda delete-function-concurrency --function-name "
            f"{names.function}",
        )
    return LoaderFunction(
        clients,
        names.function,
        timeout_s=found["Configuration"].get("Timeout", 3),
        at_once=min(MOST_AT_ONCE, reserved or MOST_AT_ONCE),
        stop=stop,
        pause=pause,
    )


def _passes(error: CloudError, broken: int) -> bool:
    if error.service_code == _UNREACHABLE:
        return broken < _MOST_BROKEN_CALLS
    return error.service_code in _BUSY


def _reason(error: CloudError) -> Reason:
    return Reason(code=error.service_code, error=error.why)


def _all_failed(letters: Sequence[Letter], why: Reason, *, alone: bool = False) -> Answer:
    return Answer(failed=dict.fromkeys((one.id for one in letters), why), alone=alone)


def _json(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
