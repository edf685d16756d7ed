"""Reports are read whichever way their columns lie, and settle the ledger's objects."""

from __future__ import annotations

from pathlib import Path

import pytest

from dmslake.backfill.batch.jobs import JobNote, JobNotes, describe
from dmslake.backfill.batch.report import Reported, parse
from dmslake.backfill.batch.settling import (
    MOST_ATTEMPTS,
    NOT_REPORTED,
    take_report,
    take_whole_report,
)
from dmslake.backfill.ledger import Ledger, State
from dmslake.errors import CloudError
from dmslake.lake import manifest_key
from dmslake.lake.manifest_key import ManifestKey
from tests.backfill.batch.test_manifest import ledger_of

NOTE = JobNote(1, "m.csv", "etag", 9, 1_000_000, canary=False)


def test_the_status_stands_before_the_code_or_behind_it() -> None:
    real = 'stg,a%20b,,failed,200,PermanentFailure,"failed: AccessDenied: no, ""never"""\n'
    stated = "stg,a%20b,,failed,PermanentFailure,200,no\n"
    (one,), (two,) = parse([real]), parse([stated])
    assert one == Reported(
        "a b", False, 200, "PermanentFailure", 'failed: AccessDenied: no, "never"'
    )
    assert (two.status, two.code) == (200, "PermanentFailure")


@pytest.mark.parametrize("key", ["a b", 'x"y,z', "ü+%25", "{brace", "line\nbreak"])
def test_keys_come_back_encoded_or_decoded(key: str) -> None:
    written = manifest_key.write(ManifestKey(key))
    (found,) = parse([f"stg,{written},,succeeded,200,,copied"])
    assert (found.key, found.succeeded) == (key, True)


def test_a_description_that_was_decoded_on_its_way_is_understood() -> None:
    (found,) = parse(['stg,"{""k"":""a+b%20c"",""t"":1,""e"":""e"",""s"":2}",,succeeded,200,,ok'])
    assert found.key == "a+b%20c"


def test_what_is_no_report_is_refused() -> None:
    with pytest.raises(CloudError, match="cannot be read"):
        list(parse(["a,b,c"]))


def states(ledger: Ledger) -> dict[str, tuple[State, str, int]]:
    return {row.key: (state, code, row.attempts) for row, state, code, _ in ledger.all_objects()}


def test_each_object_is_settled_by_its_line(tmp_path: Path) -> None:
    ledger = ledger_of(tmp_path / "a.ledger", "good", "gone", "bad", "broken", "idle", "missed")
    report = [
        Reported("good", True, 200, "", "copied"),
        Reported("gone", False, 200, "PermanentFailure", "vanished"),
        Reported("bad", False, 200, "PermanentFailure", "failed: AccessDenied: Access Denied"),
        Reported("broken", False, 200, "PermanentFailure", "Lambda failed: timed out"),
        Reported("idle", False, 200, "TemporaryFailure", "failed: SlowDown: Slow"),
        Reported("unknown", True, 200, "", "copied"),
    ]
    take_report(ledger, NOTE, report, complete=True)
    assert states(ledger) == {
        "good": (State.COPIED, "", 1),
        "gone": (State.VANISHED, "", 1),
        "bad": (State.FAILED, "AccessDenied", 1),
        "broken": (State.FAILED, "PermanentFailure", 1),
        "idle": (State.PENDING, "SlowDown", 1),
        "missed": (State.PENDING, NOT_REPORTED, 1),
    }
    ledger.close()


def test_what_fails_for_a_time_is_tried_so_often_and_then_has_failed(tmp_path: Path) -> None:
    ledger = ledger_of(tmp_path / "a.ledger", "idle")
    report = [Reported("idle", False, 429, "TooManyRequests", "Rate exceeded")]
    for attempt in range(1, MOST_ATTEMPTS):
        take_report(ledger, NOTE, report, complete=True)
        assert states(ledger) == {"idle": (State.PENDING, "TooManyRequests", attempt)}
    take_report(ledger, NOTE, report, complete=True)
    assert states(ledger) == {"idle": (State.FAILED, "TooManyRequests", MOST_ATTEMPTS)}
    ledger.close()


def test_a_job_that_was_ended_early_blames_nobody_for_what_it_did_not_reach(tmp_path: Path) -> None:
    ledger = ledger_of(tmp_path / "a.ledger", "done", "never")
    report = [Reported("done", True, 200, "", "copied")]
    take_report(ledger, NOTE, report, complete=False)
    assert states(ledger)["never"] == (State.PENDING, "", 0)
    ledger.close()


def test_objects_behind_the_jobs_last_row_are_not_its_own(tmp_path: Path) -> None:
    ledger = ledger_of(tmp_path / "a.ledger", "first", "second")
    take_report(ledger, NOTE._replace(upto=1), [], complete=True)
    assert [state[2] for state in states(ledger).values()] == [1, 0]
    ledger.close()


def test_of_objects_that_nobody_listed_only_the_failures_are_written_down(tmp_path: Path) -> None:
    ledger = ledger_of(tmp_path / "a.ledger", "listed")
    report = [
        Reported("listed", False, 200, "PermanentFailure", "failed: AccessDenied: no"),
        Reported("good", True, 200, "", "copied"),
        Reported("bad", False, 200, "PermanentFailure", "failed: AccessDenied: no"),
        Reported("gone", False, 200, "PermanentFailure", "vanished: it was deleted"),
        Reported("idle", False, 429, "TooManyRequests", "Rate exceeded"),
    ]
    for _ in range(2):
        take_whole_report(ledger, report)
        assert states(ledger) == {
            "listed": (State.PENDING, "", 0),
            "bad": (State.FAILED, "AccessDenied", 1),
            "gone": (State.VANISHED, "", 1),
            "idle": (State.PENDING, "", 1),
        }
    ledger.close()


def test_a_ledger_remembers_its_jobs(tmp_path: Path) -> None:
    path = tmp_path / "a.ledger"
    ledger = ledger_of(path, "one")
    notes = JobNotes(ledger)
    notes.keep(NOTE)
    notes.keep(NOTE._replace(job="j-1", state="Active"))
    ledger.close()
    ledger = Ledger.resume(path)
    assert describe(ledger) == [NOTE._replace(job="j-1", state="Active")]
    assert JobNotes(ledger).open() is not None
    JobNotes(ledger).keep(NOTE._replace(taken=True))
    assert JobNotes(ledger).open() is None
    ledger.close()
