"""A look at the dead letters: what a redrive would find, and nothing is taken."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dmslake.errors import NotFoundError, RefusedError
from dmslake.operations.redrive_preview import Preview, preview
from tests.contract.samples import spec
from tests.operations.redrive_doubles import (
    Doubles,
    FakeLambda,
    FakeSqs,
    Records,
    Said,
    notification,
    on_failure,
)


def not_invoked(_: Records) -> Said:
    raise AssertionError("it was invoked")


def looked(sqs: FakeSqs, most: int | None = None) -> Preview:
    return preview(spec(), Doubles(sqs, FakeLambda(not_invoked)), most=most)


def test_nothing_is_taken_and_nothing_is_invoked() -> None:
    sqs = FakeSqs(*(on_failure(f"k{n}") for n in range(25)))
    found = looked(sqs)
    assert (found.counts.waiting, found.would_try, len(found.examples)) == (25, 25, 10)
    assert all(poll["VisibilityTimeout"] == 0 for poll in sqs.polls)
    assert len(sqs.messages) == 25
    assert all(one.visible <= sqs.now for one in sqs.messages.values())


def test_examples_say_what_is_in_them_since_when_and_why() -> None:
    examples = looked(FakeSqs(on_failure("a b+c"), notification("d"), "junk")).examples
    sent = datetime(2026, 11, 23, 23, 47, 2, 163000, UTC)
    assert {example.since for example in examples} == {sent}
    assert [(one.objects, one.why, one.foreign) for one in examples[:2]] == [
        (("s3://staging/a b+c",), "AccessDenied: no", False),
        (("s3://staging/d",), "the loader failed every time; its log says why", False),
    ]
    assert (examples[2].objects, examples[2].foreign) == ((), True)
    assert "its body is not JSON" in examples[2].why


def test_an_event_that_was_never_tried_says_so() -> None:
    never = on_failure("a")
    del never["responsePayload"]
    (example,) = looked(FakeSqs(never)).examples
    assert example.why == "RetriesExhausted"


@pytest.mark.parametrize(("most", "tried"), [(1, 1), (2, 2), (5, 3)])
def test_what_would_be_tried_of_it(most: int, tried: int) -> None:
    assert looked(FakeSqs(*map(on_failure, "abc")), most).would_try == tried


def test_an_empty_queue() -> None:
    found = looked(FakeSqs())
    assert (found.counts.all, found.would_try, found.examples) == (0, 0, ())


def test_what_somebody_else_has_is_told() -> None:
    sqs = FakeSqs(on_failure("a"), on_failure("b"))
    sqs.messages["m0"].visible = 100.0
    found = looked(sqs)
    assert (found.counts.waiting, found.counts.hidden, found.would_try) == (1, 1, 1)


def test_where_a_redrive_is_refused_its_preview_is() -> None:
    with pytest.raises(NotFoundError, match="no loader"):
        preview(spec(), Doubles(FakeSqs(), FakeLambda(not_invoked, exists=False)))
    with pytest.raises(RefusedError, match="switched off"):
        preview(spec(), Doubles(FakeSqs(), FakeLambda(not_invoked, reserved=0)))
