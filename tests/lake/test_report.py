import io
import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from dmslake.lake.config import LogLevel
from dmslake.lake.objects import Skipped, SkipReason
from dmslake.lake.outcome import Outcome, Status, summarise
from dmslake.lake.report import Journal

AT = datetime(2026, 11, 23, 15, 47, 2, 345678, tzinfo=timezone(timedelta(hours=1)))
COPIED = Outcome(
    status=Status.COPIED,
    source="s3://staging/dms/s/t/é\n.csv",
    target="s3://lake/s/t/é\n.csv",
    size=0,
    ms=12.345,
    lag_s=1.26,
)
SKIPPED = Outcome.skipped("s3://staging/dms/", Skipped(SkipReason.DIRECTORY_MARKER))
VANISHED = Outcome.vanished("s3://staging/dms/s/t/f")
FAILED = Outcome.failed("s3://staging/dms/s/t/g", code="AccessDenied", error="Access Denied")
ALL = (COPIED, SKIPPED, VANISHED, FAILED)


def lines(*outcomes: Outcome, level: LogLevel = LogLevel.INFO) -> list[dict[str, Any]]:
    stream = io.StringIO()
    journal = Journal(stream, level=level, pipeline="shop", request_id="r-1")
    for outcome in outcomes:
        journal.object_done(outcome, AT)
    return [json.loads(line) for line in stream.getvalue().split("\n") if line]


def test_a_copied_object_is_one_line_with_every_fact() -> None:
    assert lines(COPIED) == [
        {
            "time": "2026-11-23T14:47:02.345+00:00",
            "level": "INFO",
            "event": "object_copied",
            "pipeline": "shop",
            "request_id": "r-1",
            "source": "s3://staging/dms/s/t/é\n.csv",
            "target": "s3://lake/s/t/é\n.csv",
            "outcome": "copied",
            "bytes": 0,
            "ms": 12.3,
            "lag_s": 1.3,
        }
    ]


def test_other_outcomes_say_why_and_leave_out_what_they_lack() -> None:
    skipped, vanished, failed = lines(SKIPPED, VANISHED, FAILED)
    assert (skipped["level"], skipped["reason"]) == ("INFO", "directory-marker")
    assert (vanished["level"], vanished["event"]) == ("WARNING", "object_vanished")
    assert (failed["level"], failed["error_code"]) == ("ERROR", "AccessDenied")
    assert failed["error"] == "Access Denied"
    assert not {"target", "bytes", "lag_s", "reason"} & failed.keys()


@pytest.mark.parametrize(
    ("level", "events"),
    [
        (LogLevel.DEBUG, 4),
        (LogLevel.INFO, 4),
        (LogLevel.WARNING, 2),
        (LogLevel.ERROR, 1),
    ],
)
def test_lines_below_the_level_are_left_out(level: LogLevel, events: int) -> None:
    assert len(lines(*ALL, level=level)) == events


def all_metrics(*outcomes: Outcome, by_table: bool = False) -> list[dict[str, Any]]:
    stream = io.StringIO()
    journal = Journal(stream, level=LogLevel.ERROR, pipeline="shop", by_table=by_table)
    journal.metrics(outcomes, AT)
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def metrics(*outcomes: Outcome) -> dict[str, Any]:
    return all_metrics(*outcomes)[0]


def test_metrics_are_one_line_of_the_embedded_format() -> None:
    later = Outcome(status=Status.COPIED, source="s3://staging/b", size=5, lag_s=7.5)
    assert metrics(*ALL, later) == {
        "_aws": {
            "Timestamp": 1795445222345,
            "CloudWatchMetrics": [
                {
                    "Namespace": "dmslake",
                    "Dimensions": [["Pipeline"]],
                    "Metrics": [
                        {"Name": "Copied", "Unit": "Count"},
                        {"Name": "Bytes", "Unit": "Bytes"},
                        {"Name": "Skipped", "Unit": "Count"},
                        {"Name": "Vanished", "Unit": "Count"},
                        {"Name": "Failed", "Unit": "Count"},
                        {"Name": "Lag", "Unit": "Seconds"},
                    ],
                }
            ],
        },
        "Pipeline": "shop",
        "Copied": 2,
        "Bytes": 5,
        "Skipped": 1,
        "Vanished": 1,
        "Failed": 1,
        "Lag": 7.5,
    }


def test_skipped_objects_are_counted_by_their_reason() -> None:
    outside = Outcome.skipped("s3://staging/x", Skipped(SkipReason.OUTSIDE_PREFIX))
    _, *lines = all_metrics(COPIED, SKIPPED, SKIPPED, outside)
    assert [(line["Reason"], line["Skipped"]) for line in lines] == [
        ("directory-marker", 2),
        ("outside-prefix", 1),
    ]
    (directive,) = lines[0]["_aws"]["CloudWatchMetrics"]
    assert directive["Dimensions"] == [["Pipeline", "Reason"]]
    assert directive["Metrics"] == [{"Name": "Skipped", "Unit": "Count"}]


def test_tables_are_counted_where_it_is_asked_for() -> None:
    those = [
        COPIED.of_table("public", "orders"),
        FAILED.of_table("public", "orders"),
        COPIED._replace(size=7).of_table("sales", "items"),
    ]
    total, orders, items = all_metrics(*those, VANISHED, by_table=True)
    assert (total["Copied"], total["Failed"]) == (2, 1)
    assert (orders["Table"], orders["Copied"], orders["Failed"]) == ("public.orders", 1, 1)
    assert (items["Table"], items["Bytes"], items["Failed"]) == ("sales.items", 7, 0)
    assert items["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["Pipeline", "Table"]]
    assert all_metrics(*those, VANISHED) == [total]


def test_a_failure_that_may_pass_says_so() -> None:
    (line,) = lines(Outcome.out_of_time("s3://staging/x"))
    assert (line["error_code"], line["temporary"]) == ("OutOfTime", True)
    assert "temporary" not in lines(FAILED)[0]


def test_an_invocation_that_copied_nothing_has_no_lag() -> None:
    line = metrics()
    assert line["Copied"] == 0
    assert "Lag" not in line
    assert "Lag" not in json.dumps(line["_aws"])


def test_the_summary_counts_outcomes_bytes_and_reasons() -> None:
    assert summarise(ALL) == {
        "copied": 1,
        "skipped": 1,
        "vanished": 1,
        "failed": 1,
        "bytes": 0,
        "reasons": {"directory-marker": 1},
    }


def test_data_that_is_refused_counts_as_failed() -> None:
    refused = Outcome.skipped("s3://staging/x", Skipped(SkipReason.KEY_TOO_LONG, "too long"))
    assert (refused.status, refused.error_code, refused.error) == (
        Status.FAILED,
        "key-too-long",
        "too long",
    )
