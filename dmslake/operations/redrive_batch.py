"""Replay a few dead letters together: invoke the function, remove what succeeded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from dmslake.operations.redrive_function import Answer, LoaderFunction
from dmslake.operations.redrive_letters import Letter
from dmslake.operations.redrive_queue import DeadLetterQueue
from dmslake.operations.redrive_reasons import Reason


@dataclass(frozen=True, kw_only=True)
class Ended:
    """What became of a few messages: what is in neither list was not tried.

    The reason of a failure is None where neither the answer nor the end of the log tells it.
    """

    moved: tuple[Letter, ...] = ()
    failed: tuple[tuple[Letter, Reason | None], ...] = ()


def replay(queue: DeadLetterQueue, function: LoaderFunction, letters: Sequence[Letter]) -> Ended:
    """Replay messages in one invocation; one by one if one of them made it end before its time."""
    answer = _invoke(queue, function, letters)
    if not (answer.alone and len(letters) > 1):
        return _settled(queue, letters, answer)
    ended = Ended()
    for letter in letters:
        queue.hide([letter], function.hidden_s)  # those before it took their time
        one = _settled(queue, [letter], _invoke(queue, function, [letter]))
        ended = Ended(moved=(*ended.moved, *one.moved), failed=(*ended.failed, *one.failed))
    return ended


def _invoke(queue: DeadLetterQueue, function: LoaderFunction, letters: Sequence[Letter]) -> Answer:
    return function.invoke(letters, again=partial(queue.hide, letters, function.hidden_s))


def _settled(queue: DeadLetterQueue, letters: Sequence[Letter], answer: Answer) -> Ended:
    if answer.untried:
        return Ended()
    done = [letter for letter in letters if letter.id not in answer.failed]
    kept = queue.remove(done)
    failed = [
        (letter, answer.failed[letter.id] or _logged(letter, answer))
        for letter in letters
        if letter.id in answer.failed
    ]
    stuck = [
        (letter, Reason(code="NotRemoved", error=f"it was moved, but stays in the queue: {why}"))
        for letter in done
        if (why := kept.get(letter.id)) is not None
    ]
    moved = tuple(letter for letter in done if letter.id not in kept)
    return Ended(moved=moved, failed=(*failed, *stuck))


def _logged(letter: Letter, answer: Answer) -> Reason | None:
    return next((answer.logged[one] for one in letter.objects if one in answer.logged), None)
