"""Our entry among a bucket's event notifications. Entries of others are never touched.

S3 has one document per bucket and replaces it whole, without a version to compare: it is read right
before it is written, and read again afterwards for as long as S3 needs to act by it everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, cast
from urllib.parse import quote_plus, unquote_plus

from dmslake.aws.clients import Clients
from dmslake.aws.errors import translating, unless_absent
from dmslake.aws.eventually import Refusal, eventually
from dmslake.engine.clock import Clock, SystemClock
from dmslake.engine.resource import (
    Attributes,
    Broken,
    Live,
    Patience,
    Pending,
    Permissions,
    Ready,
    Resource,
    Settled,
)
from dmslake.errors import CloudError, ConflictError
from dmslake.kinds.gap import find_gap, open_gap, utc_now

_EVENTS = ("s3:ObjectCreated:*",)
_FUNCTIONS, _QUEUES = "LambdaFunctionConfigurations", "QueueConfigurations"
# Each list of the document, and the member of its entries that names the target.
_TARGETS = {
    _FUNCTIONS: "LambdaFunctionArn",
    _QUEUES: "QueueArn",
    "TopicConfigurations": "TopicArn",
}
_UNREACHABLE = "Unable to validate the following destination"
# S3 checks that it may reach every target, and a permission or a policy is not seen at once.
_NOT_READY = (Refusal("InvalidArgument", _UNREACHABLE), Refusal("OperationAborted"))
_WRITES = 3  # how often to write when another writer overwrites us at the same moment
# S3 promises no read-after-write for a bucket's configuration: a look may come too early.
_LOOKS, _PAUSE = 3, 1.0
_LOST = "it is gone again: somebody else wrote the bucket's notifications at the same moment"

Entry = dict[str, Any]
Document = dict[str, Any]


@dataclass
class Memory:
    """Whether this run has written the entry: then it has to stay."""

    written: bool = False


@dataclass(frozen=True, kw_only=True)
class BucketNotification(Resource[Clients]):
    """The entry with the id `name`: every object created below `prefix` goes to one target.

    It is ready when S3 acts by it everywhere: until then some events still go the old way, which
    has to stand, or nowhere, so that staging has to be swept (`kinds/sweep.py`).

    Attributes:
        function_arn: the target, or `queue_arn`; exactly one is given.
        loader: the name of the function that remembers the change; None for nobody.
        now: tells the time, in UTC.
    """

    kind: ClassVar[str] = "bucket_notification"
    patience: ClassVar[Patience] = Patience(usual=300, limit=4500)
    permissions: ClassVar[Permissions] = Permissions(
        read=("s3:GetBucketNotification", "lambda:GetFunction"),
        create=(
            "s3:GetBucketNotification", "s3:PutBucketNotification", "lambda:GetFunction",
            "lambda:TagResource",
        ),
        update=(
            "s3:GetBucketNotification", "s3:PutBucketNotification", "lambda:GetFunction",
            "lambda:TagResource",
        ),
        delete=("s3:GetBucketNotification", "s3:PutBucketNotification"),
    )  # fmt: skip

    bucket: str
    prefix: str
    function_arn: str | None = None
    queue_arn: str | None = None
    loader: str | None = None
    now: Callable[[], datetime] = field(default=utc_now, repr=False, compare=False)
    clock: Clock = field(default_factory=SystemClock, repr=False, compare=False)
    memory: Memory = field(default_factory=Memory, init=False, repr=False, compare=False)

    def desired(self) -> Attributes:
        return {
            "target": self.queue_arn or self.function_arn,
            "events": _EVENTS,
            "prefix": self.prefix,
        }

    def read(self, aws: Clients) -> Live | None:
        found = unless_absent(lambda: _document(aws, self.bucket), "NoSuchBucket")
        live = next(self._ours(found or {}), None)
        if live is None:
            return Live(reason=_LOST) if self.memory.written else None
        return Live(attributes=live, state=self._on_its_way(aws))

    def _on_its_way(self, aws: Clients) -> str:
        gap = find_gap(aws, self.loader) if self.loader else None
        left = gap.left(self.now(), aws.notification_delay_s) if gap else 0.0
        return "on its way to all of S3" if left else ""

    def settle(self, live: Live) -> Settled:
        if live.reason:
            return Broken(live.reason, fix="find out who writes there, and run it again")
        return Pending(live.state) if live.state else Ready()

    def outlook(self, aws: Clients) -> str:
        """Raise ConflictError when S3 will refuse the entry because of somebody else's."""
        found = unless_absent(lambda: _document(aws, self.bucket), "NoSuchBucket")
        self._refuse_overlap(found or {})
        return ""

    def create(self, aws: Clients) -> None:
        for _ in range(_WRITES):
            self._merge(aws)
            if self._stays(aws):
                self.memory.written = True
                return
        raise CloudError(
            f"the notification {self.name} of bucket {self.bucket} does not stay",
            why="somebody else writes the bucket's notifications at the same time, and S3 keeps "
            "the last writer's",
            fix="find out who does, and run it again when that is over",
        )

    def update(self, aws: Clients, changed: Attributes) -> None:  # noqa: ARG002 - one entry, whole
        self.create(aws)

    def _stays(self, aws: Clients) -> bool:
        for look in range(_LOOKS):
            if look:
                self.clock.sleep(_PAUSE)
            if self.desired() in self._ours(_document(aws, self.bucket)):
                return True
        return False

    def delete(self, aws: Clients) -> None:
        self.memory.written = False
        found = unless_absent(lambda: _document(aws, self.bucket), "NoSuchBucket")
        if any(self._ours(found or {})):
            self._write(aws, lambda: self._without_ours(_document(aws, self.bucket)))

    def _merge(self, aws: Clients) -> None:
        def merged() -> Document:
            if self.loader:
                open_gap(aws, self.loader, self.now())
            document = self._without_ours(_document(aws, self.bucket))
            self._refuse_overlap(document)
            where = _QUEUES if self.queue_arn else _FUNCTIONS
            document[where] = [*document.get(where, ()), self._entry(where)]
            return document

        self._write(aws, merged)

    def _write(self, aws: Clients, make: Callable[[], Document]) -> None:
        """Write what `make` makes of the document, anew at each try."""

        def write() -> None:
            document = make()  # nothing comes between reading it and writing it
            aws.s3.put_bucket_notification_configuration(
                Bucket=self.bucket,
                NotificationConfiguration=cast("Any", document),
                ExpectedBucketOwner=aws.account.id,
            )

        try:
            with translating(f"writing the notifications of bucket {self.bucket}"):
                eventually(write, *_NOT_READY, within=60)
        except CloudError as error:
            if _UNREACHABLE not in error.why:
                raise
            raise self._unreachable(aws, error) from error

    def _unreachable(self, aws: Clients, error: CloudError) -> CloudError:
        others = [
            f"{entry.get('Id', 'without an id')} ({target})"
            for entry, target in _entries(self._without_ours(_document(aws, self.bucket)))
        ]
        theirs = f": {', '.join(others)}" if others else ""
        return CloudError(
            error.what,
            why=f"{error.why}. S3 checks the targets of all entries, those of others too{theirs}",
            fix="let S3 reach each target, or let its owner remove the entry whose target is gone",
            service_code=error.service_code,
            operation=error.operation,
        )

    def _ours(self, document: Document) -> Iterator[Attributes]:
        for entry, target in _entries(document):
            if entry.get("Id") == self.name:
                yield {
                    "target": target,
                    "events": tuple(entry["Events"]),
                    "prefix": _filter_of(entry, "prefix"),
                }

    def _without_ours(self, document: Document) -> Document:
        """Return the document as it has to be written to leave the entries of others alone."""
        kept = dict(document)
        for where in _TARGETS:
            entries = [
                _as_sent(one) for one in document.get(where, ()) if one.get("Id") != self.name
            ]
            kept.pop(where, None)
            if entries:
                kept[where] = entries
        return kept

    def _entry(self, where: str) -> Entry:
        value = _encoded(self.prefix)
        rules = [{"Name": "prefix", "Value": value}] if self.prefix else []
        return {
            "Id": self.name,
            _TARGETS[where]: self.queue_arn or self.function_arn,
            "Events": list(_EVENTS),
            "Filter": {"Key": {"FilterRules": rules}},
        }

    def _refuse_overlap(self, document: Document) -> None:
        """Raise ConflictError for an entry that wants events of the same objects, as S3 would.

        Ours has no suffix, so every suffix of theirs overlaps with it.
        """
        for entry, target in _entries(self._without_ours(document)):
            theirs = _filter_of(entry, "prefix")
            same = theirs.startswith(self.prefix) or self.prefix.startswith(theirs)
            if same and any(event.startswith("s3:ObjectCreated:") for event in entry["Events"]):
                raise ConflictError(
                    f"bucket {self.bucket} already notifies somebody of the objects created below "
                    f"{self.prefix or 'its root'!r}",
                    why=f"its notification {entry.get('Id', 'without an id')} sends those below "
                    f"{theirs or 'its root'!r} to {target}, and S3 lets no two overlap",
                    fix="choose a staging.prefix, or a bucket, that the other one does not cover",
                )


def _document(aws: Clients, bucket: str) -> Document:
    answer = aws.s3.get_bucket_notification_configuration(Bucket=bucket)
    return {key: value for key, value in answer.items() if key != "ResponseMetadata"}


def _entries(document: Mapping[str, Any]) -> Iterator[tuple[Entry, str]]:
    for where, member in _TARGETS.items():
        for entry in document.get(where, ()):
            yield entry, entry[member]


def _as_sent(entry: Entry) -> Entry:
    """Return an entry as PUT takes it: GET capitalises the names of the rules."""
    rules = entry.get("Filter", {}).get("Key", {}).get("FilterRules")
    if not rules:
        return entry
    written = [{**rule, "Name": rule["Name"].lower()} for rule in rules]
    return {**entry, "Filter": {"Key": {"FilterRules": written}}}


def _filter_of(entry: Entry, name: str) -> str:
    """Return a filter's value, decoded: the rule's name comes capitalised, whatever was sent."""
    rules = entry.get("Filter", {}).get("Key", {}).get("FilterRules", [])
    values = (rule.get("Value", "") for rule in rules if rule["Name"].lower() == name)
    return unquote_plus(next(values, ""))


def _encoded(prefix: str) -> str:
    """S3 wants special characters of a filter's value URL-encoded.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html
    """
    return quote_plus(prefix, safe="/")
