"""Dead letters are replayed: each once, none is lost, and what fails again stays, with why."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from dmslake.blueprint.names import Names
from dmslake.errors import AccessError, CloudError, NotFoundError, RefusedError
from dmslake.operations.redrive import Progress, Redriven, Run, redrive
from dmslake.operations.redrive_function import find_function
from dmslake.operations.redrive_letters import batches, event_of, read_letter
from dmslake.operations.redrive_queue import find_queue
from tests.contract.samples import ACCOUNT, spec
from tests.operations.redrive_doubles import (
    Doubles,
    FakeLambda,
    FakeLogs,
    FakeSqs,
    Records,
    Said,
    answering,
    crash,
    failed_line,
    notification,
    on_failure,
    refused,
)

NAMES = Names("shop", ACCOUNT)


def replayed(
    sqs: FakeSqs, function: FakeLambda, logs: FakeLogs | None = None, most: int | None = None
) -> Redriven:
    clients = Doubles(sqs, function, logs)
    return redrive(spec(), clients, lambda _: None, most=most, pause=lambda _: False)


def letters(count: int) -> FakeSqs:
    return FakeSqs(*(on_failure(f"dms/public/t/LOAD{n:08X}.csv") for n in range(count)))


def test_letters_of_both_triggers_are_replayed_and_removed() -> None:
    sqs = FakeSqs(on_failure("a b+c"), notification("d", "e"), {"Event": "s3:TestEvent"})
    function = FakeLambda(answering())
    found = replayed(sqs, function)
    assert (found.moved, found.tried, found.failing, found.foreign) == (3, 3, (), ())
    assert (found.before.waiting, found.after.all) == (3, 0)
    assert sqs.messages == {}
    assert not found.interrupted


def test_the_event_is_the_one_that_sqs_would_send() -> None:
    function = FakeLambda(answering())
    replayed(FakeSqs(on_failure("a")), function)
    ((record,),) = function.events
    assert record == {
        "messageId": "m0",
        "receiptHandle": "m0/1",
        "body": record["body"],
        "attributes": {"SentTimestamp": "1795477622163", "ApproximateReceiveCount": "1"},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:shop-loader-failed",
        "awsRegion": "eu-west-1",
    }


def test_nothing_to_do() -> None:
    function = FakeLambda(answering())
    found = replayed(FakeSqs(), function)
    assert (found.tried, function.events) == (0, [])


@pytest.mark.parametrize("per_poll", [1, 3, 10])
def test_all_are_found_however_few_a_poll_gives(per_poll: int) -> None:
    sqs = letters(43)
    sqs.per_poll = per_poll
    function = FakeLambda(answering())
    assert replayed(sqs, function).moved == 43
    assert all(len(event) <= 10 for event in function.events)
    assert all(poll["WaitTimeSeconds"] >= 1 for poll in sqs.polls)


def test_what_fails_is_given_back_with_its_reason_and_not_tried_twice() -> None:
    sqs = FakeSqs(on_failure("good"), on_failure("bad"), notification("fine", "bad too"))
    function = FakeLambda(answering("bad", "bad too"))
    found = replayed(sqs, function)
    assert found.moved == 1
    assert [(one.message, str(one.reason)) for one in found.failing] == [
        ("m1", "AccessDenied: bad is denied"),
        ("m2", "AccessDenied: bad too is denied"),
    ]
    assert found.failing[1].objects == ("s3://staging/fine", "s3://staging/bad too")
    assert [name for event in function.tried for name in event] == ["m0", "m1", "m2"]
    assert sorted(sqs.messages) == ["m1", "m2"]
    assert all(one.visible <= sqs.now for one in sqs.messages.values())


def test_what_fails_stays_hidden_until_the_end() -> None:
    sqs = letters(30)
    sqs.per_poll = 5
    replayed(sqs, FakeLambda(answering(*(f"dms/public/t/LOAD{n:08X}.csv" for n in range(30)))))
    assert {one.receives for one in sqs.messages.values()} == {1}


def test_what_is_delivered_twice_is_invoked_once() -> None:
    sqs = letters(5)
    sqs.echoes = {"m0", "m3"}
    sqs.per_poll = 1
    function = FakeLambda(answering())
    found = replayed(sqs, function)
    tried = [name for event in function.tried for name in event]
    assert sorted(tried) == ["m0", "m1", "m2", "m3", "m4"]
    assert (found.moved, sqs.messages) == (5, {})


def test_a_run_that_is_longer_than_messages_are_hidden_ends_all_the_same() -> None:
    sqs = letters(4)
    function = FakeLambda(answering("dms/public/t/LOAD00000002.csv"))

    def slow(records: Records) -> Said:
        sqs.now += 10_000  # longer than any message is hidden
        return answering("dms/public/t/LOAD00000002.csv")(records)

    function.answer, function.reserved, sqs.per_poll = slow, 1, 1
    found = replayed(sqs, function)
    assert (found.moved, [one.message for one in found.failing]) == (3, ["m2"])
    assert sorted(name for event in function.tried for name in event) == ["m0", "m1", "m2", "m3"]


class LateSqs(FakeSqs):
    """Has not counted yet what it holds."""

    def get_queue_attributes(self, **request: Any) -> dict[str, Any]:
        found = super().get_queue_attributes(**request)
        return found if self.polls else {"Attributes": {}}


def test_a_count_that_is_late_hides_nothing() -> None:
    sqs = LateSqs(*(on_failure(f"{n}") for n in range(23)))
    found = replayed(sqs, FakeLambda(answering()))
    assert (found.before.waiting, found.moved, sqs.messages) == (23, 23, {})


def test_no_more_than_the_user_wants() -> None:
    sqs = letters(30)
    function = FakeLambda(answering())
    found = replayed(sqs, function, most=13)
    assert (found.moved, len(sqs.messages)) == (13, 17)
    assert not found.interrupted


def test_junk_is_left_and_named() -> None:
    sqs = FakeSqs("no JSON", {"hello": 1}, {"requestPayload": {"a": 1}, "requestContext": {}},
                  on_failure("good"))  # fmt: skip
    function = FakeLambda(answering())
    found = replayed(sqs, function)
    assert function.tried == [["m3"]]
    assert [one.message for one in found.foreign] == ["m0", "m1", "m2"]
    assert all(one.why for one in found.foreign)
    assert sorted(sqs.messages) == ["m0", "m1", "m2"]
    assert all(one.visible <= sqs.now for one in sqs.messages.values())
    assert not found.interrupted


def test_junk_does_not_count_as_tried() -> None:
    found = replayed(FakeSqs("junk", on_failure("good")), FakeLambda(answering()), most=1)
    assert (found.moved, len(found.foreign)) == (1, 1)


def test_a_function_that_fails_as_a_whole_loses_nothing() -> None:
    sqs = letters(12)
    found = replayed(sqs, FakeLambda(lambda _: crash("KeyError", "'x'")))
    assert (found.moved, len(found.failing), len(sqs.messages)) == (0, 12, 12)
    assert {str(one.reason) for one in found.failing} == {"KeyError: 'x'"}


@pytest.mark.parametrize(
    "said",
    [
        crash("Sandbox.Timedout", "RequestId: 1 Error: Task timed out after 60.00 seconds"),
        crash("", "2026-11-23T14:47:02Z 1 Task timed out after 60.00 seconds"),
        crash("Runtime.ExitError", "RequestId: 1 Error: Runtime exited: signal: killed"),
        crash("KeyError", "'s3'"),
    ],
)
def test_one_that_makes_the_function_end_does_not_keep_the_others(said: Said) -> None:
    sqs = FakeSqs(*(on_failure(key) for key in ("a", "poison", "b")))

    def answer(records: Records) -> Said:
        poisoned = any("poison" in record["body"] for record in records)
        return said if poisoned else answering()(records)

    function = FakeLambda(answer)
    found = replayed(sqs, function)
    assert (found.moved, [one.message for one in found.failing]) == (2, ["m1"])
    assert function.tried == [["m0", "m1", "m2"], ["m0"], ["m1"], ["m2"]]
    assert ("m2", 60 + 30 + 40) in sqs.hidden  # its turn came later than it was received for


def test_a_message_that_cannot_be_removed_is_said_to_be_there() -> None:
    sqs = letters(2)
    sqs.stubborn = {"m1"}
    found = replayed(sqs, FakeLambda(answering()))
    assert found.moved == 1
    (one,) = found.failing
    assert (one.message, one.reason.code) == ("m1", "NotRemoved")
    assert one.reason.error.endswith("stays in the queue: Internal: try again")


def throttled(times: int) -> Callable[[Records], Said]:
    left = [times]

    def answer(records: Records) -> Said:
        left[0] -= 1
        if left[0] >= 0:
            raise refused("Invoke", "TooManyRequestsException", "Rate Exceeded.")
        return answering()(records)

    return answer


def run_with(
    sqs: FakeSqs, function: FakeLambda, pause: Callable[[float], bool], stop: threading.Event
) -> Run:
    clients = Doubles(sqs, function)
    queue, waiting = find_queue(clients, NAMES), len(sqs.messages)
    loader = find_function(clients, NAMES, stop, pause)
    run = Run(queue, loader, waiting, lambda _: None, most=1000, stop=stop)
    run.finish()
    return run


def test_a_throttled_function_is_asked_again_later() -> None:
    sqs, pauses = letters(3), []
    function = FakeLambda(throttled(5))

    def pause(seconds: float) -> bool:
        pauses.append(seconds)
        return False

    run = run_with(sqs, function, pause, threading.Event())
    assert (len(run.moved), run.failing) == (3, [])
    assert len(pauses) == 5
    assert all(0 < one <= 20 for one in pauses)
    assert pauses[4] > pauses[0]
    # While it waits nobody else gets the messages.
    assert len(sqs.hidden) == 5 * 3


def test_a_function_that_stays_throttled_is_a_failure_in_the_end() -> None:
    sqs, waited = letters(2), [0.0]

    def pause(seconds: float) -> bool:
        waited[0] += seconds
        return False

    run = run_with(sqs, FakeLambda(throttled(10**6)), pause, threading.Event())
    assert {reason.code for _, reason in run.failing if reason} == {"TooManyRequestsException"}
    assert 300 < waited[0] < 700
    assert len(sqs.messages) == 2


def unreachable(times: int) -> Callable[[Records], Said]:
    left = [times]

    def answer(records: Records) -> Said:
        left[0] -= 1
        if left[0] >= 0:
            raise EndpointConnectionError(endpoint_url="https://lambda.example.com")
        return answering()(records)

    return answer


def test_a_connection_that_breaks_is_made_again() -> None:
    run = run_with(letters(2), FakeLambda(unreachable(2)), lambda _: False, threading.Event())
    assert len(run.moved) == 2


def test_a_network_that_is_gone_ends_it() -> None:
    sqs = letters(2)
    with pytest.raises(CloudError, match="AWS cannot be reached"):
        run_with(sqs, FakeLambda(unreachable(10)), lambda _: False, threading.Event())
    assert all(one.visible <= sqs.now for one in sqs.messages.values())


def test_an_event_that_is_too_large_after_all_is_taken_apart() -> None:
    def answer(records: Records) -> Said:
        if len(records) > 1:
            raise refused("Invoke", "RequestTooLargeException", "Request must be smaller")
        return answering()(records)

    function = FakeLambda(answer)
    assert replayed(letters(3), function).moved == 3
    assert [len(event) for event in function.events] == [3, 1, 1, 1]


def test_stopping_while_it_is_throttled_gives_everything_back_untried() -> None:
    sqs, stop = letters(2), threading.Event()

    def pause(_: float) -> bool:
        stop.set()
        return True

    run = run_with(sqs, FakeLambda(throttled(10**6)), pause, stop)
    assert (run.moved, run.failing) == (set(), [])
    assert run.unfinished
    assert all(one.visible <= sqs.now for one in sqs.messages.values())


def test_stopping_finishes_what_is_in_flight() -> None:
    sqs, stop = letters(50), threading.Event()

    def answer(records: Records) -> Said:
        stop.set()
        return answering()(records)

    function = FakeLambda(answer, reserved=1)
    found = redrive(spec(), Doubles(sqs, function), lambda _: None, stop=stop)
    assert found.interrupted
    assert found.moved == sum(len(event) for event in function.events) < 50
    assert len(sqs.messages) == 50 - found.moved
    assert all(one.visible <= sqs.now for one in sqs.messages.values())


@pytest.mark.parametrize(("reserved", "most"), [(None, 8), (100, 8), (3, 3), (1, 1)])
def test_no_more_run_at_once_than_the_function_may(reserved: int | None, most: int) -> None:
    sqs = letters(200)
    function = FakeLambda(answering(), reserved=reserved)
    progress: list[Progress] = []
    redrive(spec(), Doubles(sqs, function), progress.append)
    assert progress[0] == Progress(waiting=200, at_once=most)
    assert progress[-1].moved == 200
    assert function.most_at_once <= most


def test_several_run_at_once() -> None:
    together = threading.Barrier(4)

    def answer(records: Records) -> Said:
        together.wait(timeout=10)
        return answering()(records)

    assert replayed(letters(40), FakeLambda(answer)).moved == 40


@pytest.mark.parametrize("timeout_s", [3, 900])
def test_messages_are_hidden_and_answers_awaited_for_longer_than_the_function_may_run(
    timeout_s: int,
) -> None:
    sqs, function = letters(1), FakeLambda(answering(), timeout_s=timeout_s)
    clients = Doubles(sqs, function)
    redrive(spec(), clients, lambda _: None)
    assert clients.waited_s > timeout_s
    assert sqs.polls[0]["VisibilityTimeout"] > clients.waited_s


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (crash("EnvelopeError", "expected an S3 notification"), "EnvelopeError: expected"),
        (crash("Runtime.ImportModuleError", "Unable to import"), "Runtime.ImportModuleError"),
        (Said(None), "does not answer which messages failed"),
        (Said({"copied": 1}), "does not answer which messages failed"),
        (Said({"batchItemFailures": [{"itemIdentifier": "other"}]}), "was not given"),
        (Said({"batchItemFailures": [None]}), "was not given"),
    ],
)
def test_a_function_of_another_version_is_named_and_nothing_is_lost(said: Said, why: str) -> None:
    sqs = letters(30)
    function = FakeLambda(lambda _: said, reserved=1)
    with pytest.raises(CloudError, match="function shop-loader cannot replay") as raised:
        replayed(sqs, function)
    assert why in raised.value.why
    assert raised.value.fix.endswith("dmslake up")
    assert len(function.events) <= 2
    assert len(sqs.messages) == 30
    assert all(one.visible <= sqs.now for one in sqs.messages.values())


def test_reasons_that_the_end_of_the_log_is_too_short_for_come_from_the_log() -> None:
    sqs = FakeSqs(on_failure("long"), on_failure("short"), on_failure("lost"))

    def answer(records: Records) -> Said:
        failed = [{"itemIdentifier": record["messageId"]} for record in records]
        lines = [failed_line(f"s3://staging/{key}", "SlowDown", f"{key}!") for key in
                 ("long", "short")]  # fmt: skip
        return Said({"batchItemFailures": failed}, "\n".join([lines[0], "x" * 4000, lines[1]]))

    logs = FakeLogs("no JSON: object_failed", failed_line("s3://staging/long", "SlowDown", "ah"))
    found = replayed(sqs, FakeLambda(answer), logs)
    assert logs.asked == 2  # what was written last may not be there at once
    assert [str(one.reason) for one in found.failing] == [
        "SlowDown: ah",
        "SlowDown: short!",
        "Unknown: the log of the loader says why: /aws/lambda/shop-loader",
    ]


def test_the_log_is_not_asked_where_everything_is_known() -> None:
    logs = FakeLogs()
    replayed(FakeSqs(on_failure("bad")), FakeLambda(answering("bad")), logs)
    assert logs.asked == 0


def test_what_aws_denies_ends_it_and_nothing_is_lost() -> None:
    sqs = letters(20)

    def answer(_: Records) -> Said:
        message = (
            "User: arn:aws:iam::123456789012:user/me is not authorized to perform: "
            "lambda:InvokeFunction on resource: arn:aws:lambda:eu-west-1:123456789012:function:x"
        )
        raise refused("Invoke", "AccessDeniedException", message)

    with pytest.raises(AccessError) as raised:
        replayed(sqs, FakeLambda(answer))
    assert raised.value.fix.startswith("allow lambda:InvokeFunction on arn:aws:lambda:")
    assert all(one.visible <= sqs.now for one in sqs.messages.values())


class GoneQueue(FakeSqs):
    def receive_message(self, **request: Any) -> dict[str, Any]:
        if self.polls:
            raise refused("ReceiveMessage", "AWS.SimpleQueueService.NonExistentQueue")
        return super().receive_message(**request)

    def change_message_visibility_batch(self, **_: Any) -> dict[str, Any]:
        raise refused("ChangeMessageVisibilityBatch", "AWS.SimpleQueueService.NonExistentQueue")


def test_a_queue_that_goes_meanwhile_is_what_the_error_is_about() -> None:
    sqs = GoneQueue(*(on_failure(f"{n}") for n in range(20)))
    with pytest.raises(CloudError, match="receiving from queue shop-loader-failed"):
        replayed(sqs, FakeLambda(answering("1")))


def test_no_loader() -> None:
    with pytest.raises(NotFoundError, match="pipeline shop has no loader") as raised:
        replayed(FakeSqs(), FakeLambda(answering(), exists=False))
    assert "dmslake up" in raised.value.fix


def test_no_queue() -> None:
    sqs = FakeSqs()
    sqs.exists = False
    with pytest.raises(NotFoundError, match="has no dead-letter queue") as raised:
        replayed(sqs, FakeLambda(answering()))
    assert "dmslake up" in raised.value.fix


def test_a_loader_that_is_switched_off() -> None:
    sqs = letters(1)
    with pytest.raises(RefusedError, match="is switched off") as raised:
        replayed(sqs, FakeLambda(answering(), reserved=0))
    assert "delete-function-concurrency" in raised.value.fix
    assert sqs.polls == []


def test_events_stay_below_what_lambda_takes() -> None:
    record = {"messageId": "m", "receiptHandle": "h", "attributes": {}, "eventSource": "aws:sqs"}
    big = read_letter({**record, "body": '"' * 1_000_000})
    parts = list(batches([big] * 10))
    assert [len(part) for part in parts] == [2] * 5
    assert all(len(event_of(part)) < 6_000_000 for part in parts)
    assert [len(part) for part in batches([read_letter({**record, "body": "{}"})] * 10)] == [10]
    assert list(batches([])) == []
