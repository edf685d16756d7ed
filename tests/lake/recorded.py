"""What each recorded event of tests/events/ is: its envelope, its objects, its source's answer.

For every test that runs the function, in whatever way, on all of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from tests.lake.events import FOLDER

BUCKET = "acme-shop-staging"
ODD_KEY = "dms/sales/a b+% c=é📦/LOAD00000001.csv"
ORDERS = "dms/public/orders"


class Answer(Enum):
    """The ways in which sources want their answer."""

    SUMMARY = "what became of the objects, counted"
    BATCH_ITEM_FAILURES = "the ids of the messages that are to come again"
    RESULTS = "one result per task"
    DELIVERY_ERROR = "an exception, for some objects failed"
    ENVELOPE_ERROR = "an exception, for the event is of no known shape"


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """One event.

    Attributes:
        envelope: the class that opens it; empty: none does.
        keys: of the objects that it brings to be moved, all of BUCKET and below `dms`, in order.
        answer: how the source is answered when each of these objects could be copied.
        skipped: entries that need no copy.
        failed: ids (of messages or tasks) that fail all the same, for they cannot be read.
    """

    envelope: str
    keys: tuple[str, ...] = ()
    answer: Answer = Answer.SUMMARY
    skipped: int = 0
    failed: tuple[str, ...] = field(default=())

    def accepts(self, answer: Mapping[str, object]) -> bool:
        """Tell whether the function's answer is the right one; for those that are no exception."""
        if self.answer is Answer.SUMMARY:
            counts = {"copied": len(self.keys), "skipped": self.skipped, "failed": 0}
            return {name: answer.get(name) for name in counts} == counts
        if self.answer is Answer.BATCH_ITEM_FAILURES:
            named = [{"itemIdentifier": name} for name in self.failed]
            return answer == {"batchItemFailures": named}
        return self._has_results(answer.get("results"))

    def _has_results(self, results: object) -> bool:
        if not isinstance(results, list) or len(results) != len(self.keys) + len(self.failed):
            return False
        return self.answer is Answer.RESULTS and all(
            one["resultCode"]
            == ("PermanentFailure" if one["taskId"] in self.failed else "Succeeded")
            and isinstance(one["resultString"], str)
            for one in results
        )


def _queued(*keys: str, failed: int | None = None) -> Recorded:
    names = () if failed is None else (f"00000000-0000-4000-8000-{failed:012d}",)
    return Recorded(envelope="SqsBatch", keys=keys, answer=Answer.BATCH_ITEM_FAILURES, failed=names)


def _task(*keys: str, failed: tuple[str, ...] = ()) -> Recorded:
    return Recorded(envelope="S3BatchTasks", keys=keys, answer=Answer.RESULTS, failed=failed)


RECORDED = {
    "s3_put": Recorded(envelope="S3Notification", keys=(f"{ORDERS}/20261123-144702123.csv",)),
    "s3_put_odd_key": Recorded(envelope="S3Notification", keys=(ODD_KEY,)),
    "s3_copy_with_version": Recorded(envelope="S3Notification", keys=(ODD_KEY,)),
    "s3_several_records": Recorded(
        envelope="S3Notification",
        keys=(f"{ORDERS}/LOAD00000001.csv", "dms/public/customers/20261123-144703511.csv.gz"),
        skipped=1,
    ),
    "s3_unreadable_record": Recorded(
        envelope="S3Notification",
        keys=(f"{ORDERS}/LOAD00000001.csv",),
        answer=Answer.DELIVERY_ERROR,
        failed=("record 2",),
    ),
    "s3_test_event": Recorded(envelope="S3TestEvent"),
    "eventbridge_object_created": Recorded(envelope="EventBridgeEvent", keys=(ODD_KEY,)),
    "eventbridge_multipart_with_version": Recorded(
        envelope="EventBridgeEvent", keys=(f"{ORDERS}/SEGMENT2_LOAD0000000A.csv.gz",)
    ),
    "eventbridge_object_deleted": Recorded(envelope="EventBridgeEvent", skipped=1),
    "sqs_batch": _queued(
        "dms/sales/a b+%/LOAD00000001.csv",
        f"{ORDERS}/LOAD00000001.csv",
        f"{ORDERS}/LOAD00000002.csv",
        failed=4,
    ),
    "sqs_eventbridge": _queued(ODD_KEY),
    "sqs_redrive_of_notifications": _queued(f"{ORDERS}/LOAD00000001.csv", ODD_KEY),
    "sqs_redrive_of_on_failure_records": _queued(
        ODD_KEY, f"{ORDERS}/LOAD00000001.csv", failed=3
    ),
    "s3_batch_1_0": _task(ODD_KEY),
    "s3_batch_1_0_of_an_inventory": _task(ODD_KEY),
    "s3_batch_2_0": _task(ODD_KEY),
    "s3_batch_2_0_with_last_modified": _task(ODD_KEY),
    "s3_batch_2_0_several_tasks": _task(
        f"{ORDERS}/2026/11/23/20261123-144702123.parquet",
        "dms/public/customers/LOAD00000001.csv",
        failed=("dGFzay1leGFtcGxlLTAwMD3=",),
    ),
    "on_failure_retries_exhausted": Recorded(envelope="OnFailureRecord", keys=(ODD_KEY,)),
    "on_failure_event_age_exceeded": Recorded(
        envelope="OnFailureRecord", keys=(f"{ORDERS}/LOAD00000001.csv",)
    ),
    "on_failure_of_eventbridge": Recorded(envelope="OnFailureRecord", keys=(ODD_KEY,)),
    "on_failure_of_a_replay": Recorded(
        envelope="OnFailureRecord",
        keys=(f"{ORDERS}/LOAD00000001.csv", f"{ORDERS}/LOAD00000002.csv"),
    ),
    "unknown_shape": Recorded(envelope="", answer=Answer.ENVELOPE_ERROR),
}  # fmt: skip
"""By the name of the file, without its extension; every file there is."""

FILES = frozenset(path.stem for path in FOLDER.iterdir())
