"""Waiting for IAM to catch up, in a time that only the test lets pass."""

import threading
from typing import Any

import pytest
from botocore.exceptions import ClientError

from dmslake.aws.eventually import Refusal, eventually
from dmslake.errors import StoppedError
from dmslake.pausing import stopped_by

NOT_READY = Refusal("AccessDeniedFault", "is not configured properly")


def refusal(code: str, message: str) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": message}}
    return ClientError(response, "CreateReplicationInstance")


class Service:
    """Refuses with each error once, then answers; `pauses` are the waits between the calls."""

    def __init__(self, *refusals: ClientError) -> None:
        self.left = list(refusals)
        self.pauses: list[float] = []
        self.calls = 0

    def call(self) -> str:
        self.calls += 1
        if self.left:
            raise self.left.pop(0)
        return "made"


PASSING = refusal("AccessDeniedFault", "The role dms-vpc-role is not configured properly.")


def test_a_call_that_works_is_made_once() -> None:
    service = Service()
    assert eventually(service.call, NOT_READY, within=60, sleep=service.pauses.append) == "made"
    assert (service.calls, service.pauses) == (1, [])


def test_an_expected_refusal_is_tried_again_after_longer_and_longer_pauses() -> None:
    service = Service(*[PASSING] * 30)
    assert eventually(service.call, NOT_READY, within=600, sleep=service.pauses.append) == "made"
    assert service.calls == 31
    assert service.pauses[0] == 0.5
    assert service.pauses == sorted(service.pauses)
    assert service.pauses[-1] == 10.0


@pytest.mark.parametrize("takes", [1, 3, 10, 30, 60])
def test_the_end_of_a_refusal_is_noticed_soon(takes: float) -> None:
    pauses: list[float] = []

    def call() -> str:
        if sum(pauses) < takes:
            raise PASSING
        return "made"

    eventually(call, NOT_READY, within=600, sleep=pauses.append)
    assert sum(pauses) - takes <= max(0.5, takes / 5)
    assert len(pauses) <= 25


def test_it_gives_up_when_the_time_is_over_and_raises_the_refusal_itself() -> None:
    service = Service(*[PASSING] * 1000)
    with pytest.raises(ClientError) as raised:
        eventually(service.call, NOT_READY, within=30, sleep=service.pauses.append)
    assert raised.value is PASSING
    assert 30 <= sum(service.pauses) <= 40


def test_no_time_at_all_means_one_try() -> None:
    service = Service(PASSING)
    with pytest.raises(ClientError):
        eventually(service.call, NOT_READY, within=0, sleep=service.pauses.append)
    assert (service.calls, service.pauses) == (1, [])


@pytest.mark.parametrize(
    "other",
    [
        refusal("AccessDeniedFault", "User is not authorized to perform dms:Create"),
        refusal("InvalidParameterValueException", "The role is not configured properly"),
    ],
    ids=["same code, another text", "same text, another code"],
)
def test_any_other_refusal_is_raised_at_once(other: ClientError) -> None:
    service = Service(other)
    with pytest.raises(ClientError) as raised:
        eventually(service.call, NOT_READY, within=60, sleep=service.pauses.append)
    assert raised.value is other
    assert service.pauses == []


def test_one_of_several_expected_refusals_is_enough() -> None:
    service = Service(refusal("ResourceConflictException", "an update is in progress"), PASSING)
    busy = Refusal("ResourceConflictException", "update")
    found = eventually(service.call, busy, NOT_READY, within=60, sleep=service.pauses.append)
    assert found == "made"


def test_a_refusal_without_a_text_matches_by_its_code_alone() -> None:
    service = Service(PASSING)
    anything = Refusal("AccessDeniedFault")
    assert eventually(service.call, anything, within=60, sleep=service.pauses.append) == "made"


def test_without_expected_refusals_nothing_is_tried_again() -> None:
    service = Service(PASSING)
    with pytest.raises(ClientError):
        eventually(service.call, within=60, sleep=service.pauses.append)
    assert service.calls == 1


def test_errors_that_are_no_answers_are_not_tried_again() -> None:
    def broken() -> str:
        raise OSError("the line is dead")

    pauses: list[float] = []
    with pytest.raises(OSError, match="the line is dead"):
        eventually(broken, NOT_READY, within=60, sleep=pauses.append)
    assert pauses == []


def test_work_that_is_stopped_waits_no_longer() -> None:
    stop = threading.Event()
    service = Service(*[PASSING] * 1000)

    def call() -> str:
        if service.calls == 1:
            stop.set()
        return service.call()

    with stopped_by(stop), pytest.raises(StoppedError):
        eventually(call, NOT_READY, within=3600)
    assert service.calls == 2


def test_work_that_is_stopped_still_makes_its_call() -> None:
    stop = threading.Event()
    stop.set()
    service = Service()
    with stopped_by(stop):
        assert eventually(service.call, NOT_READY, within=60) == "made"


def test_nobody_else_s_work_is_stopped() -> None:
    stop = threading.Event()
    stop.set()
    with stopped_by(stop):
        pass
    assert eventually(Service(PASSING).call, NOT_READY, within=60) == "made"
