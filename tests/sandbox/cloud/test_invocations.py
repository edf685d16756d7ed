"""Events wait on disk until their function has taken them; throttling costs them nothing."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dmslake.sandbox.cloud.invocations import (
    Condition,
    Invocation,
    InvocationQueue,
    Limits,
    Verdict,
)
from dmslake.sandbox.processes import wait_until

Answer = Callable[[Invocation], Verdict]
ARN = "arn:aws:lambda:eu-west-1:123456789012:function:loader"


class ScriptedFunctions:
    """Functions that do as they are told, and remember what happened."""

    def __init__(self, answer: Answer, own: Limits | None = None) -> None:
        self.answer = answer
        self.own = own or Limits()
        self.ran: dict[str, int] = defaultdict(int)
        self.done: list[Any] = []
        self.given_up: list[tuple[Any, Condition, int]] = []
        self._lock = threading.Lock()

    def limits(self, function_arn: str) -> Limits:
        return self.own if function_arn == ARN else Limits()

    def run(self, invocation: Invocation) -> tuple[Verdict, Any]:
        verdict = self.answer(invocation)
        with self._lock:
            self.ran[invocation.id] += 1
            if verdict is Verdict.DONE:
                self.done.append(invocation.event)
        return verdict, {}

    def give_up(self, invocation: Invocation, condition: Condition, result: Any) -> None:
        assert result == {}
        with self._lock:
            self.given_up.append((invocation.event, condition, invocation.invoked))


@contextmanager
def queue(folder: Path, functions: ScriptedFunctions) -> Iterator[InvocationQueue]:
    opened = InvocationQueue(folder, functions, workers=3, retry_seconds=(0.001, 0.004))
    opened.start()
    yield opened
    opened.close(5)


def kept(folder: Path) -> int:
    return len(list(folder.iterdir()))


def test_every_event_is_done_once_and_then_forgotten(tmp_path: Path) -> None:
    functions = ScriptedFunctions(lambda _: Verdict.DONE)
    with queue(tmp_path, functions) as opened:
        for number in range(50):
            opened.submit(ARN, {"number": number})
        assert wait_until(lambda: kept(tmp_path) == 0, 10)
    assert sorted(event["number"] for event in functions.done) == list(range(50))
    assert set(functions.ran.values()) == {1}


def test_a_failing_event_is_tried_three_times_and_then_given_up(tmp_path: Path) -> None:
    functions = ScriptedFunctions(lambda _: Verdict.FAILED)
    with queue(tmp_path, functions) as opened:
        opened.submit(ARN, "x")
        assert wait_until(lambda: kept(tmp_path) == 0, 10)
    assert functions.given_up == [("x", Condition.RETRIES_EXHAUSTED, 3)]


def test_the_function_s_own_retries_count(tmp_path: Path) -> None:
    functions = ScriptedFunctions(lambda _: Verdict.FAILED, Limits(retries=0))
    with queue(tmp_path, functions) as opened:
        opened.submit(ARN, "x")
        assert wait_until(lambda: bool(functions.given_up), 10)
    assert functions.given_up == [("x", Condition.RETRIES_EXHAUSTED, 1)]


def test_throttling_uses_up_no_retry(tmp_path: Path) -> None:
    def answer(invocation: Invocation) -> Verdict:
        return Verdict.DONE if invocation.throttled == 20 else Verdict.THROTTLED

    functions = ScriptedFunctions(answer)
    with queue(tmp_path, functions) as opened:
        opened.submit(ARN, "x")
        assert wait_until(lambda: functions.done == ["x"], 10)
    assert functions.given_up == []


def test_an_event_that_is_too_old_is_given_up(tmp_path: Path) -> None:
    functions = ScriptedFunctions(lambda _: Verdict.THROTTLED, Limits(age_seconds=0.0))
    with queue(tmp_path, functions) as opened:
        opened.submit(ARN, "x")
        assert wait_until(lambda: bool(functions.given_up), 10)
    assert functions.given_up == [("x", Condition.EVENT_AGE_EXCEEDED, 0)]


def test_events_for_a_function_that_is_gone_are_dropped(tmp_path: Path) -> None:
    functions = ScriptedFunctions(lambda _: Verdict.GONE)
    with queue(tmp_path, functions) as opened:
        opened.submit(ARN, "x")
        assert wait_until(lambda: kept(tmp_path) == 0, 10)
    assert functions.given_up == []


def test_what_was_not_done_is_done_by_the_next_process(tmp_path: Path) -> None:
    killed = InvocationQueue(
        tmp_path, ScriptedFunctions(lambda _: Verdict.DONE), workers=3, retry_seconds=(1, 1)
    )
    for number in range(5):
        killed.submit(ARN, number)  # It never starts: as if it was killed at once.
    functions = ScriptedFunctions(lambda _: Verdict.DONE)
    with queue(tmp_path, functions):
        assert wait_until(lambda: sorted(functions.done) == [0, 1, 2, 3, 4], 10)


def test_retries_are_remembered_over_a_restart(tmp_path: Path) -> None:
    failing = ScriptedFunctions(lambda _: Verdict.FAILED)
    first = InvocationQueue(tmp_path, failing, workers=1, retry_seconds=(60, 60))
    first.start()
    first.submit(ARN, "x")
    assert wait_until(lambda: bool(failing.ran), 10)
    first.close(5)
    again = ScriptedFunctions(lambda _: Verdict.FAILED)
    with queue(tmp_path, again):
        assert wait_until(lambda: bool(again.given_up), 10)
    assert again.given_up == [("x", Condition.RETRIES_EXHAUSTED, 3)]
    assert list(again.ran.values()) == [2]


def test_an_event_that_was_not_kept_whole_is_no_trouble(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"id": "a"')
    (tmp_path / "b.json").write_text('{"id": "b"}')
    (tmp_path / "c.new").write_text('{"id')
    functions = ScriptedFunctions(lambda _: Verdict.DONE)
    with queue(tmp_path, functions) as opened:
        opened.submit(ARN, "x")
        assert wait_until(lambda: functions.done == ["x"], 10)


def test_one_busy_function_does_not_hold_up_the_others(tmp_path: Path) -> None:
    release = threading.Event()

    def answer(invocation: Invocation) -> Verdict:
        if invocation.event == "slow":
            release.wait(10)
        return Verdict.DONE

    functions = ScriptedFunctions(answer)
    with queue(tmp_path, functions) as opened:
        opened.submit(ARN, "slow")
        opened.submit(ARN, "quick")
        assert wait_until(lambda: functions.done == ["quick"], 10)
        release.set()
        assert wait_until(lambda: functions.done == ["quick", "slow"], 10)


def test_no_more_run_than_the_function_may(tmp_path: Path) -> None:
    running, most = threading.Semaphore(2), []

    def answer(_invocation: Invocation) -> Verdict:
        most.append(running.acquire(blocking=False))
        release.wait(0.01)
        running.release()
        return Verdict.DONE

    release = threading.Event()
    functions = ScriptedFunctions(answer, Limits(concurrency=2))
    with queue(tmp_path, functions) as opened:
        for number in range(30):
            opened.submit(ARN, number)
        assert wait_until(lambda: len(functions.done) == 30, 10)
    assert all(most)
    assert set(functions.ran.values()) == {1}


def test_a_function_at_its_limit_does_not_hold_up_the_others(tmp_path: Path) -> None:
    release = threading.Event()

    def answer(invocation: Invocation) -> Verdict:
        if invocation.function_arn == ARN:
            release.wait(10)
        return Verdict.DONE

    functions = ScriptedFunctions(answer, Limits(concurrency=1))
    with queue(tmp_path, functions) as opened:
        for number in range(10):
            opened.submit(ARN, number)
        opened.submit(f"{ARN}-other", "quick")
        assert wait_until(lambda: functions.done == ["quick"], 10)
        release.set()
        assert wait_until(lambda: len(functions.done) == 11, 10)


def test_the_events_of_a_function_that_is_off_are_given_up(tmp_path: Path) -> None:
    functions = ScriptedFunctions(lambda _: Verdict.THROTTLED, Limits(concurrency=0))
    with queue(tmp_path, functions) as opened:
        opened.submit(ARN, "x")
        assert wait_until(lambda: bool(functions.given_up), 10)
    assert functions.given_up == [("x", Condition.ZERO_RESERVED_CONCURRENCY, 0)]
