"""Whether two objects have the same content: by checksums where S3 has them, else by their bytes.

ETags tell it only where neither object was uploaded in parts or is encrypted with a KMS key.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from dmslake.backfill.ledger import Row

_CHUNK = 1024**2
_ALGORITHMS = ("CRC64NVME", "CRC32C", "CRC32", "SHA256", "SHA1")
_MOVED_ON = frozenset({"404", "412", "NoSuchKey", "PreconditionFailed"})
_WHOLE = "FULL_OBJECT"


class By(StrEnum):
    """What a comparison was made by."""

    CHECKSUM = "checksum"
    BYTES = "bytes"


class Alike(NamedTuple):
    """How a comparison ended: None where it could not be made, and why."""

    same: bool | None
    by: By
    detail: str = ""


class Contents:
    """Compares staged objects with their copies; safe to use from many threads.

    Args:
        s3: boto3's client.
        staging, lake: the buckets.
        account: that has to own both.
    """

    def __init__(self, s3: Any, staging: str, lake: str, account: str) -> None:
        self._s3 = s3
        self._staging = staging
        self._lake = lake
        self._owner = {"ExpectedBucketOwner": account}

    def compare(self, row: Row) -> Alike:
        """Compare an object with its copy; what S3 refuses is told, not raised."""
        try:
            staged = self._head(self._staging, row.key)
            lies = self._head(self._lake, row.target)
            name = _shared_checksum(staged, lies)
            if name:
                return _judged(By.CHECKSUM, staged[name] == lies[name], name)
            same = self._digest(self._staging, row.key, staged) == self._digest(
                self._lake, row.target, lies
            )
            return _judged(By.BYTES, same, "their bytes")
        except ClientError as error:
            told = error.response.get("Error", {})
            code = str(told.get("Code"))
            detail = "it was changed meanwhile" if code in _MOVED_ON else f"{code}: {error}"
            return Alike(None, By.BYTES, detail)
        except BotoCoreError as error:
            return Alike(None, By.BYTES, f"{type(error).__name__}: {error}")

    def size_in_lake(self, row: Row) -> int | None:
        """Return how long the copy is; None where there is none that can be looked at."""
        try:
            return int(self._head(self._lake, row.target)["ContentLength"])
        except (BotoCoreError, ClientError):
            return None

    def _head(self, bucket: str, key: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._s3.head_object(
            Bucket=bucket, Key=key, ChecksumMode="ENABLED", **self._owner
        )
        return found

    def _digest(self, bucket: str, key: str, head: Mapping[str, Any]) -> str:
        answer = self._s3.get_object(Bucket=bucket, Key=key, IfMatch=head["ETag"], **self._owner)
        found = hashlib.sha256()
        with answer["Body"] as body:
            for chunk in body.iter_chunks(_CHUNK):
                found.update(chunk)
        return found.hexdigest()


def _shared_checksum(staged: Mapping[str, Any], lies: Mapping[str, Any]) -> str:
    """Return the member that has a checksum of the whole object on both sides, or nothing."""
    for algorithm in _ALGORITHMS:
        name = f"Checksum{algorithm}"
        if all(_is_whole(one, name) for one in (staged, lies)):
            return name
    return ""


def _is_whole(head: Mapping[str, Any], name: str) -> bool:
    value = str(head.get(name) or "")
    # A checksum of checksums ends in the number of parts, where S3 does not say its type.
    return bool(value) and head.get("ChecksumType", _WHOLE) == _WHOLE and "-" not in value


def _judged(by: By, same: bool, what: str) -> Alike:  # noqa: FBT001 - an answer, not an option
    return Alike(same, by, "" if same else f"told by {what.removeprefix('Checksum')}")
