"""Calls made by a few threads."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from operator import neg

from dmslake.lake.deadline import Deadline
from dmslake.lake.parallel import Workers


def test_every_call_is_made_and_known_by_its_place() -> None:
    calls = [partial(neg, number) for number in range(100)]
    done = dict(Workers(3, "test").run(calls))
    assert {place: future.result() for place, future in done.items()} == {
        number: -number for number in range(100)
    }


def test_calls_are_taken_only_when_a_thread_is_free() -> None:
    taken: list[int] = []

    def calls() -> Iterator[Callable[[], int]]:
        for number in range(1000):
            taken.append(number)
            yield lambda: 0

    for done, _ in enumerate(Workers(4, "test").run(calls())):
        assert len(taken) - done <= 2 * 4


def test_what_a_call_raises_is_its_own() -> None:
    def crash() -> int:
        raise ZeroDivisionError

    done = dict(Workers(2, "test").run([crash, lambda: 1]))
    assert isinstance(done[0].exception(), ZeroDivisionError)
    assert done[1].result() == 1


def test_at_the_deadline_what_runs_is_left_alone() -> None:
    released = threading.Event()
    workers = Workers(1, "test")
    left = iter([60_000.0, 0.0, 0.0])
    calls = [lambda: True, lambda: released.wait(timeout=10)]
    done = [place for place, _ in workers.run(calls, Deadline(lambda: next(left, 0.0)))]
    workers.abandon()
    assert done == [0]
    assert dict(workers.run([lambda: True]))[0].result()
    released.set()


def test_a_caller_that_stops_early_waits_for_what_runs() -> None:
    begun, finished = threading.Event(), threading.Event()

    def slow() -> bool:
        begun.set()
        threading.Event().wait(timeout=0.1)
        finished.set()
        return True

    workers = Workers(2, "test")
    with closing(workers.run([slow, lambda: begun.wait(timeout=10)])) as done:
        place, _ = next(iter(done))
    assert place == 1
    assert finished.is_set()
