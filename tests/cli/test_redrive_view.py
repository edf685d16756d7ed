"""How a replay of dead letters is told, to people and to programs."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

from dmslake.cli.options import Settings
from dmslake.cli.redrive_view import (
    PlainCount,
    failure,
    notes,
    preview_data,
    redrive_data,
    replaying,
    show_preview,
    show_redriven,
)
from dmslake.cli.report import Report, as_json
from dmslake.operations.redrive import Foreign, Progress, Redriven, StillFailing
from dmslake.operations.redrive_preview import Example, Preview
from dmslake.operations.redrive_queue import Counts
from dmslake.operations.redrive_reasons import Reason
from tests.cli.running import Recorded

QUEUE = "shop-loader-failed"
DONE = Redriven(
    queue=QUEUE,
    before=Counts(waiting=1200, hidden=0),
    after=Counts(waiting=0, hidden=0),
    moved=1200,
    failing=(),
    foreign=(),
    interrupted=False,
)


def failing(number: int, code: str = "AccessDenied", error: str = "not allowed") -> StillFailing:
    objects = (f"s3://staging/k{number}",)
    return StillFailing(
        message=f"m{number}", objects=objects, reason=Reason(code=code, error=error)
    )


def printed(found: Redriven) -> list[str]:
    terminal = Recorded()
    show_redriven(terminal, "shop", found)
    return terminal.printed.splitlines()


def test_all_moved() -> None:
    assert printed(DONE) == ["dead letters of pipeline shop: 1,200 before, 0 after: 1,200 moved"]
    assert failure(DONE) is None
    assert notes(DONE) == ()


def test_nothing_to_do() -> None:
    none = replace(DONE, before=Counts(waiting=0, hidden=0), moved=0)
    assert printed(none) == ["pipeline shop has no dead letters: nothing to replay"]
    assert failure(none) is None


def test_nothing_to_do_because_somebody_else_does_it() -> None:
    (line,) = printed(replace(DONE, before=Counts(waiting=0, hidden=2), moved=0))
    assert "2 messages are in the hands of somebody else" in line


def test_a_count_that_does_not_add_up_yet_is_said_to_be_late() -> None:
    (line,) = printed(replace(DONE, after=Counts(waiting=1100, hidden=0)))
    assert "1,100 after (by SQS's count, which may lag behind by a minute): 1,200 moved" in line


def test_reasons_are_grouped_and_the_code_is_4() -> None:
    found = replace(
        DONE,
        moved=7,
        after=Counts(waiting=3, hidden=0),
        failing=(failing(1), failing(2, "NoSuchBucket", "gone"), failing(3)),
    )
    error = failure(found)
    assert error is not None
    assert (error.exit_code, error.code) == (4, "objects_failed")
    assert error.what == "3 of 10 dead letters still fail"
    assert error.why.splitlines() == [
        "",
        "    2 dead letters, for example s3://staging/k1: AccessDenied: not allowed",
        "    s3://staging/k2: NoSuchBucket: gone",
    ]
    assert "dmslake redrive" in error.fix
    assert QUEUE in error.fix
    assert "up" not in error.fix.split()
    assert "7 moved, 3 still fail" in printed(found)[0]


def test_one_that_fails() -> None:
    error = failure(replace(DONE, moved=0, failing=(failing(1),)))
    assert error is not None
    assert error.what == "1 of 1 dead letter still fails"
    assert error.why == "s3://staging/k1: AccessDenied: not allowed"


def test_a_loader_that_cannot_read_an_event_is_older() -> None:
    error = failure(replace(DONE, failing=(failing(1, "UnreadableMessage", "what is that"),)))
    assert error is not None
    assert error.fix.startswith("bring the loader to the version of this command: dmslake up; ")


def test_an_interruption_says_what_was_done_and_how_to_go_on() -> None:
    error = failure(replace(DONE, moved=5, interrupted=True, failing=(failing(1),)))
    assert error is not None
    assert error.exit_code == 130
    assert error.what == "redrive was interrupted: 5 of about 1,200 dead letters are moved"
    assert error.why == "s3://staging/k1: AccessDenied: not allowed"
    assert error.fix == "the others are in the queue as before; dmslake redrive continues"


def test_junk_is_named_but_not_all_of_it() -> None:
    junk = tuple(Foreign(message=f"j{n}", why="its body is not JSON") for n in range(12))
    found = replace(DONE, foreign=junk)
    lines = printed(found)
    assert lines[0].endswith("1,200 moved, 12 left, no event of the pipeline")
    assert lines[1] == f"! message j0 was left in queue {QUEUE}: its body is not JSON"
    assert lines[-1] == "! 2 more messages were left: they hold no event either"
    assert failure(found) is None
    assert len(notes(found)) == 11


def test_json_has_everything() -> None:
    found = replace(
        DONE, failing=(failing(1), failing(2)), foreign=(Foreign(message="j", why="junk"),)
    )
    document = json.loads(as_json("redrive", Report(data=redrive_data(found))))
    data = document["data"]
    assert data["before"] == {"waiting": 1200, "hidden": 0}
    assert (data["tried"], data["moved"], data["failed"]) == (1202, 1200, 2)
    assert data["reasons"] == {"AccessDenied": 2}
    assert data["failing"][0]["objects"] == ["s3://staging/k1"]
    assert data["left"] == [{"message": "j", "why": "junk"}]
    assert (data["dry_run"], data["interrupted"]) == (False, False)


EXAMPLE = Example(
    message="m1",
    objects=("s3://staging/a", "s3://staging/b"),
    since=datetime(2026, 11, 23, 14, 47, 2, tzinfo=UTC),
    why="AccessDenied: no",
)
PREVIEW = Preview(
    queue=QUEUE, counts=Counts(waiting=12, hidden=1), would_try=3, examples=(EXAMPLE,)
)


def test_a_preview() -> None:
    terminal = Recorded()
    junk = replace(EXAMPLE, objects=(), foreign=True, why="its body is not JSON")
    empty = replace(EXAMPLE, objects=())
    show_preview(terminal, "shop", replace(PREVIEW, examples=(EXAMPLE, junk, empty)))
    lines = terminal.printed.splitlines()
    assert lines[0] == f"12 dead letters in queue {QUEUE}; would replay 3"
    assert lines[1].startswith("1 message is in the hands of somebody else")
    assert lines[3:5] == [
        "s3://staging/a and 1 more, since 2026-11-23 14:47:02 UTC",
        "  why: AccessDenied: no",
    ]
    assert lines[6] == "message m1, since 2026-11-23 14:47:02 UTC: no event, would be left"
    assert lines[9].startswith("an event without objects, since")
    assert lines[-1] == "and 9 more"
    assert terminal.said == "nothing was taken or replayed; to do so: dmslake redrive\n"
    assert preview_data(PREVIEW)["would_try"] == 3


def test_a_preview_of_nothing() -> None:
    terminal = Recorded()
    none = replace(PREVIEW, counts=Counts(waiting=0, hidden=0), would_try=0, examples=())
    show_preview(terminal, "shop", none)
    assert terminal.printed == "pipeline shop has no dead letters: nothing to replay\n"


def test_off_a_terminal_there_is_a_line_now_and_then() -> None:
    terminal, times = Recorded(), iter([0.0, 1.0, 9.9, 10.5, 11.0, 25.0])
    count = PlainCount(terminal, "shop", now=lambda: next(times))
    for moved in range(6):
        count(Progress(waiting=340, at_once=8, moved=moved, failing=moved // 4))
    assert terminal.said.splitlines() == [
        "replaying 340 dead letters of pipeline shop, up to 8 invocations at once",
        "3 of about 340 moved",
        "5 of about 340 moved, 1 still failing",
    ]


def test_where_nothing_waits_nothing_is_said_to_begin() -> None:
    terminal = Recorded()
    PlainCount(terminal, "shop")(Progress(waiting=0, at_once=8))
    assert terminal.said == ""


def test_on_a_terminal_there_is_a_live_count() -> None:
    terminal = Recorded(tty=True)
    with replaying(terminal, "shop") as listener:
        listener(Progress(waiting=340, at_once=8, moved=12, failing=2))
    assert "replaying the dead letters of shop: 12 of about 340 moved, 2 still failing" in (
        terminal.said
    )


def test_json_and_quiet_say_nothing_on_the_way() -> None:
    for settings in (Settings(json=True), Settings(quiet=True)):
        terminal = Recorded(settings, tty=True)
        with replaying(terminal, "shop") as listener:
            listener(Progress(waiting=340, at_once=8))
        assert terminal.said == ""
