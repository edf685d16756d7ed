"""Answers that are remembered for a while: who asks AWS the same thing again gets the same answer.

It stands inside botocore, between the parameters and the wire, so that kinds, paginators and typed
clients know nothing of it. Only reads are remembered, and never one whose answer is a stream.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

_READS = ("Describe", "Get", "Head", "List")
_MARK = "dmslake_question"
# The longest that one call can take with all its tries; who waited so long asks for himself.
_LONGEST_CALL = 300.0


@dataclass
class _Question:
    """One read, asked once; `answer` stays None when it never got one."""

    asked: threading.Event = field(default_factory=threading.Event)
    answer: tuple[Any, Any] | None = None


class Memory:
    """Remembers the answers of the clients that it attends, while `awake`."""

    def __init__(self) -> None:
        self._questions: dict[str, _Question] | None = None
        self._lock = threading.Lock()

    @contextmanager
    def awake(self) -> Iterator[None]:
        """Answer each read once, refusals included, and forget everything at the end."""
        before, self._questions = self._questions, {}
        try:
            yield
        finally:
            self._questions = before

    def attend(self, client: Any) -> None:
        """Stand before the calls of a boto3 client."""
        events = client.meta.events  # of equally first ones, the longest name goes first
        events.register_first("before-call.*.*", self._recall)
        events.register_first("after-call.*.*", self._keep)
        events.register_first("after-call-error.*.*", self._forget)

    def _recall(
        self, model: Any, params: dict[str, Any], context: dict[str, Any], **_: Any
    ) -> tuple[Any, Any] | None:
        """Return what is known; None lets botocore make the call."""
        questions = self._questions
        if questions is None or not _is_read(model):
            return None
        key = _key(model, params)
        with self._lock:
            question = questions.get(key)
            if question is None:
                questions[key] = context[_MARK] = _Question()
                return None
        question.asked.wait(_LONGEST_CALL)
        return None if question.answer is None else _copy(question.answer)

    def _keep(self, http_response: Any, parsed: Any, context: dict[str, Any], **_: Any) -> None:
        question: _Question | None = context.get(_MARK)
        if question is not None:
            question.answer = _copy((http_response, parsed))
            question.asked.set()

    def _forget(self, context: dict[str, Any], **_: Any) -> None:
        question: _Question | None = context.get(_MARK)
        if question is not None:
            question.asked.set()


def _is_read(model: Any) -> bool:
    return str(model.name).startswith(_READS) and not model.has_streaming_output


def _copy(answer: tuple[Any, Any]) -> tuple[Any, Any]:
    # Botocore and its callers may change what they are given; the raw answer is not theirs.
    http, parsed = answer
    return http, deepcopy(parsed)


def _key(model: Any, params: dict[str, Any]) -> str:
    """Return what makes two calls the same: everything that goes onto the wire but who sends it."""
    headers = {k: v for k, v in sorted(params["headers"].items()) if k.lower() != "user-agent"}
    parts = (
        model.service_model.service_name, model.name, params["url"], params["query_string"],
        headers, params["body"],
    )  # fmt: skip
    return json.dumps(parts, sort_keys=True, default=repr)
