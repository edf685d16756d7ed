"""The sweep of staging after the trigger was changed: what no event told of goes into the lake.

A changed notification takes minutes until S3 acts by it everywhere, and what is staged meanwhile
may be told to nobody. Once the notification has settled, everything staged since a while before the
change is looked for in the lake, and what is missing is handed to the loader.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import ClassVar, TypeVar

from dmslake.aws.clients import Clients
from dmslake.engine.assessment import resource_changes
from dmslake.engine.resource import Attributes, Live, Patience, Permissions, Resource
from dmslake.errors import CloudError
from dmslake.kinds.arrival import Staged, is_there, staged_objects
from dmslake.kinds.bucket_notification import BucketNotification
from dmslake.kinds.gap import Gap, close_gap, find_gap
from dmslake.kinds.handover import Loader
from dmslake.lake.config import LoaderConfig
from dmslake.lake.objects import Skipped
from dmslake.pausing import pause

# A multipart object's LastModified is when its upload began: that much earlier it may be.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
_MARGIN = timedelta(hours=1)
_PAGE = 1000  # objects that are looked at before the missing ones are handed over
_LOOKERS = 16
_BATCH = 10
_INVOCATIONS = 4  # at once: the live trigger needs the function, too
_TOO_MANY = 100  # failures that are no longer those of single objects
_NAMED = 3

_SWEPT = "swept"
_CLOSING = "opens with the change of the trigger"

One = TypeVar("One")
Found = TypeVar("Found")


@dataclass(frozen=True, kw_only=True)
class Sweep(Resource[Clients]):
    """The sweep after the last change of a notification.

    Attributes:
        notification: what tells the loader of staged objects; its function remembers the change.
        config: what the loader knows: it decides where an object belongs.
        timeout_s: how long one run of the function may take.
        at_once: how many of its runs the sweep may use, at most.
    """

    kind: ClassVar[str] = "sweep"
    removable: ClassVar[bool] = False
    patience: ClassVar[Patience] = Patience(usual=10)
    permissions: ClassVar[Permissions] = Permissions(
        read=("s3:GetBucketNotification", "lambda:GetFunction"),
        create=(
            "lambda:GetFunction", "lambda:InvokeFunction", "lambda:UntagResource",
            "s3:GetObject", "s3:ListBucket",
        ),
        update=(
            "lambda:GetFunction", "lambda:InvokeFunction", "lambda:UntagResource",
            "s3:GetObject", "s3:ListBucket",
        ),
    )  # fmt: skip

    notification: BucketNotification
    config: LoaderConfig
    timeout_s: int
    at_once: int | None = None

    def describe(self) -> str:
        return f"sweep of staging bucket {self.config.staging_bucket}"

    def desired(self) -> Attributes:
        return {"gap": _SWEPT}

    def read(self, aws: Clients) -> Live | None:
        """Tell whether something is to be swept: now, or after what the plan will change."""
        live = self.notification.read(aws)
        if live is None:
            return None
        gap = find_gap(aws, self.name)
        if gap is None and resource_changes(self.notification, live):
            return Live(attributes={"gap": _CLOSING})
        return Live(attributes={"gap": _SWEPT if gap is None else _told(gap)})

    def create(self, aws: Clients) -> None:
        gap = find_gap(aws, self.name)
        if gap is not None:
            failed = self._sweep(aws, _earlier(gap.since))
            self._give_up(aws, failed)
            close_gap(aws, self.name)
            self._report(failed)

    def update(self, aws: Clients, changed: Attributes) -> None:  # noqa: ARG002 - one attribute
        self.create(aws)

    def delete(self, aws: Clients) -> None:
        """Leave it: what is remembered goes with the function."""

    def _sweep(self, aws: Clients, since: datetime) -> dict[Staged, str]:
        """Have everything moved that is missing; return why some could not be moved.

        Raises CloudError when so much fails that no single object can be the reason.
        """
        failed: dict[Staged, str] = {}
        recent = (one for one in staged_objects(aws, self.config) if one.arrived >= since)
        while page := list(islice(recent, _PAGE)):
            pause(0)  # whoever stops the work stops it here
            missing = self._missing(aws, page)
            batches = [missing[first : first + _BATCH] for first in range(0, len(missing), _BATCH)]
            for failures in _each(self._loader(aws).move, batches, self._workers):
                failed.update(failures)
                if len(failed) >= _TOO_MANY:
                    raise self._broken(failed)
        return failed

    def _missing(self, aws: Clients, page: Sequence[Staged]) -> list[Staged]:
        router = self.config.router()

        def is_missing(staged: Staged) -> bool:
            route = router.route(staged.key, staged.arrived)
            if isinstance(route, Skipped):
                return True  # the loader refuses it in its own way, which is seen
            # Without the right to look, everything counts as missing: a second copy is the same.
            return not is_there(aws, self.config, route, staged, "403")

        looks = _each(is_missing, page, _LOOKERS)
        return [staged for staged, missing in zip(page, looks, strict=True) if missing]

    @property
    def _workers(self) -> int:
        return min(_INVOCATIONS, self.at_once or _INVOCATIONS)

    def _loader(self, aws: Clients) -> Loader:
        return Loader.of(aws, self.name, self.config.staging_bucket, self.timeout_s)

    def _give_up(self, aws: Clients, failed: dict[Staged, str]) -> None:
        """Leave what failed to Lambda's own retries, and to the dead letters after that."""
        if failed:
            list(_each(self._loader(aws).leave, list(failed), self._workers))

    def _report(self, failed: dict[Staged, str]) -> None:
        if failed:
            raise CloudError(
                f"{self.describe()}: {_counted(len(failed))} could not be moved into the lake",
                why=_named(failed),
                fix="see what fails with dmslake status; Lambda tries them twice more, and then "
                "they are among the dead letters, for dmslake redrive",
            )

    def _broken(self, failed: dict[Staged, str]) -> CloudError:
        return CloudError(
            f"{self.describe()}: {_counted(len(failed))} could not be moved into the lake, and it "
            "gave up",
            why=_named(failed),
            fix="see what fails with dmslake status, and remove the reason",
        )


def _each(work: Callable[[One], Found], items: Sequence[One], workers: int) -> Iterator[Found]:
    """Do something with each item, several at once; yield what comes of it, in their order."""
    with ThreadPoolExecutor(workers, thread_name_prefix="sweep") as pool:
        # What stops this thread's pauses stops those of the others.
        running = [pool.submit(copy_context().run, work, item) for item in items]
        try:
            for future in running:
                yield future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _earlier(moment: datetime) -> datetime:
    floor = datetime.min.replace(tzinfo=moment.tzinfo)
    return max(floor + _MARGIN, moment) - _MARGIN


def _told(gap: Gap) -> str:
    return f"open since the trigger was changed at {gap.since:%Y-%m-%d %H:%M:%S} UTC"


def _counted(number: int) -> str:
    return "one object" if number == 1 else f"{number:,} objects"


def _named(failed: dict[Staged, str]) -> str:
    named = [f"{staged.key}: {reason}" for staged, reason in list(failed.items())[:_NAMED]]
    more = len(failed) - len(named)
    return "; ".join(named) + (f"; and {more:,} more" if more else "")
