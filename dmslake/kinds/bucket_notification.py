"""Our entry among a bucket's event notifications. Entries of others are never touched.

S3 has one document per bucket and replaces it whole, without a version to compare: it is read just
before it is written, and the engine reads it again afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, cast
from urllib.parse import quote_plus

from dmslake.aws.clients import Clients
from dmslake.aws.errors import tolerating, unless_absent
from dmslake.aws.eventually import Refusal, eventually
from dmslake.engine.resource import Attributes, Live, Permissions, Resource

_EVENTS = ("s3:ObjectCreated:*",)
_FUNCTIONS = "LambdaFunctionConfigurations"
# S3 checks that it may invoke the function, and the permission is not seen at once.
_PERMISSION_NOT_READY = Refusal("InvalidArgument", "Unable to validate the following destination")

Entry = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class BucketNotification(Resource[Clients]):
    """The entry with the id `name`: every object created below `prefix` invokes the function."""

    kind: ClassVar[str] = "bucket_notification"
    permissions: ClassVar[Permissions] = Permissions(
        read=("s3:GetBucketNotification",),
        create=("s3:GetBucketNotification", "s3:PutBucketNotification"),
        update=("s3:GetBucketNotification", "s3:PutBucketNotification"),
        delete=("s3:GetBucketNotification", "s3:PutBucketNotification"),
    )

    bucket: str
    prefix: str
    function_arn: str

    def desired(self) -> Attributes:
        return {
            "function": self.function_arn,
            "events": _EVENTS,
            "prefix": _filter_value(self.prefix),
        }

    def read(self, aws: Clients) -> Live | None:
        found = unless_absent(lambda: _document(aws, self.bucket), "NoSuchBucket")
        entry = next(
            (e for e in (found or {}).get(_FUNCTIONS, []) if e.get("Id") == self.name), None
        )
        if entry is None:
            return None
        rules = entry.get("Filter", {}).get("Key", {}).get("FilterRules", [])
        # GET returns the rule's name capitalised although PUT takes it in lower case.
        prefixes = [rule["Value"] for rule in rules if rule["Name"].lower() == "prefix"]
        return Live(
            attributes={
                "function": entry["LambdaFunctionArn"],
                "events": tuple(entry["Events"]),
                "prefix": prefixes[0] if prefixes else "",
            }
        )

    def create(self, aws: Clients) -> None:
        self._rewrite(aws, lambda others: [*others, self._entry()])

    def update(self, aws: Clients, changed: Attributes) -> None:  # noqa: ARG002 - one entry, whole
        self.create(aws)

    def delete(self, aws: Clients) -> None:
        with tolerating("NoSuchBucket"):
            self._rewrite(aws, list)

    def _rewrite(self, aws: Clients, change: Callable[[list[Entry]], list[Entry]]) -> None:
        def merge() -> None:
            document = _document(aws, self.bucket)
            others = [e for e in document.get(_FUNCTIONS, []) if e.get("Id") != self.name]
            document[_FUNCTIONS] = change(others)
            aws.s3.put_bucket_notification_configuration(
                Bucket=self.bucket, NotificationConfiguration=cast("Any", document)
            )

        eventually(merge, _PERMISSION_NOT_READY, within=60)

    def _entry(self) -> Entry:
        rules = [{"Name": "prefix", "Value": _filter_value(self.prefix)}] if self.prefix else []
        return {
            "Id": self.name,
            "LambdaFunctionArn": self.function_arn,
            "Events": list(_EVENTS),
            "Filter": {"Key": {"FilterRules": rules}},
        }


def _document(aws: Clients, bucket: str) -> dict[str, Any]:
    answer = aws.s3.get_bucket_notification_configuration(Bucket=bucket)
    return {key: value for key, value in answer.items() if key != "ResponseMetadata"}


def _filter_value(prefix: str) -> str:
    """S3 wants special characters of a filter's value URL-encoded.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html
    """
    return quote_plus(prefix, safe="/")
