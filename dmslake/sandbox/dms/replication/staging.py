"""The staging bucket: object names as DMS gives them, and the few calls that put objects there.

Objects appear whole: one PUT, or one multipart upload that is completed at the end.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any, TypedDict, cast

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    IncompleteReadError,
)
from botocore.exceptions import (
    ConnectionError as S3ConnectionError,
)

from dmslake.sandbox.dms.replication.catalog import TableName
from dmslake.sandbox.dms.replication.failures import ConnectionFailure, TaskError
from dmslake.sandbox.dms.replication.model import StagingTarget
from dmslake.sandbox.dms.replication.target_settings import TargetSettings, read_target_settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_SINGLE_PUT_BYTES = 64 * 1024 * 1024
_TRANSFER = TransferConfig(
    multipart_threshold=_SINGLE_PUT_BYTES, multipart_chunksize=_SINGLE_PUT_BYTES // 4
)
_SERVER_ERROR = 500
# S3's error responses that say "again later"; ExpiredToken because the caller renews credentials.
_TRANSIENT = frozenset(
    [
        "ExpiredToken",
        "OperationAborted",
        "RequestTimeout",
        "RequestTimeTooSkewed",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    ]
)
_PROBE = "awsdms_test_connection"


class _Owner(TypedDict, total=False):
    """The argument by which S3 refuses a bucket of another account."""

    ExpectedBucketOwner: str


class TransientS3Error(Exception):
    """S3 could not do it now, and may do it later."""


class Staging:
    """One task's part of the bucket. `s3` returns a client with credentials that are valid now."""

    def __init__(
        self, target: StagingTarget, settings: TargetSettings, s3: Callable[[], S3Client]
    ) -> None:
        self._target = target
        self._settings = settings
        self._s3 = s3
        self._owner = settings.expected_owner

    def folder(self, name: TableName) -> str:
        """Return the prefix of a table's objects, with its final slash."""
        parts = (self._target.folder.strip("/"), _segment(name.schema), _segment(name.table), "")
        return "/".join(part for place, part in enumerate(parts) if part or place)

    def load_key(self, name: TableName, number: int) -> str:
        """Return the key of the `number`th file of a full load, counted from 1."""
        return f"{self.folder(name)}LOAD{number:08X}{self._settings.extension}"

    def change_key(self, name: TableName, closed: datetime) -> str:
        """Return the key of a change file that is closed at that moment."""
        local = closed.astimezone(self._settings.timezone)
        pattern = self._settings.date_pattern
        date = f"{local.strftime(pattern)}/" if pattern else ""
        return f"{self.folder(name)}{date}{stamp(local)}{self._settings.extension}"

    @property
    def names_repeat(self) -> bool:
        """Whether the clock in the names may be set back, as local time is every autumn."""
        return self._settings.timezone.key != "UTC"

    def put(self, key: str, content: IO[bytes]) -> None:
        """Store an object.

        Raises:
            TransientS3Error: it may work later.
            TaskError: S3 refused, for instance for want of a permission.
        """
        arguments: dict[str, Any] = dict(self._settings.upload_arguments)  # enums to the stubs
        bucket = self._target.bucket
        size = content.seek(0, os.SEEK_END)
        content.seek(0)
        with _s3_errors(f"write s3://{bucket}/{key}"):
            if size <= _SINGLE_PUT_BYTES:
                self._s3().put_object(Bucket=bucket, Key=key, Body=content.read(), **arguments)
            else:
                borrowed = cast("IO[bytes]", _Borrowed(content))
                self._s3().upload_fileobj(borrowed, bucket, key, arguments, Config=_TRANSFER)

    def exists(self, key: str) -> bool:
        """Tell whether an object has this key; DMS's role may list, but not read."""
        with _s3_errors(f"list s3://{self._target.bucket}/{key}"):
            page = self._s3().list_objects_v2(
                Bucket=self._target.bucket, Prefix=key, MaxKeys=1, **self._owner_argument()
            )
        return any(found["Key"] == key for found in page.get("Contents", []))

    def empty_folder(self, name: TableName) -> None:
        """Delete every object of a table.

        Raises:
            TransientS3Error: some may be left; it may work later.
            TaskError: S3 refused.
        """
        prefix = self.folder(name)
        with _s3_errors(f"delete s3://{self._target.bucket}/{prefix}"):
            pages = (
                self._s3()
                .get_paginator("list_objects_v2")
                .paginate(Bucket=self._target.bucket, Prefix=prefix, **self._owner_argument())
            )
            for page in pages:
                self._delete_all([found["Key"] for found in page.get("Contents", [])])

    def probe(self) -> None:
        """Write and delete an object as files are written, as a connection test does.

        Raises:
            TransientS3Error, TaskError: as `put`.
        """
        folder = self._target.folder.strip("/")
        key = f"{folder}/{_PROBE}" if folder else _PROBE
        self.put(key, io.BytesIO())
        with _s3_errors(f"delete s3://{self._target.bucket}/{key}"):
            self._delete(key)

    def _delete_all(self, keys: list[str]) -> None:
        if not keys:
            return
        response = self._s3().delete_objects(
            Bucket=self._target.bucket,
            Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True},
            **self._owner_argument(),
        )
        for error in response.get("Errors", []):
            raise TaskError(
                f"Failed to delete s3://{self._target.bucket}/{error.get('Key')}",
                why=f"{error.get('Code')}: {error.get('Message')}",
                fix=_fix(error.get("Code", "")),
            )

    def _delete(self, key: str) -> None:
        self._s3().delete_object(Bucket=self._target.bucket, Key=key, **self._owner_argument())

    def _owner_argument(self) -> _Owner:
        return {"ExpectedBucketOwner": self._owner} if self._owner else {}


class _Borrowed:
    """A file that an upload may read but not close, since a failed upload is tried again."""

    def __init__(self, content: IO[bytes]) -> None:
        self.read = content.read
        self.seek = content.seek
        self.tell = content.tell


def test_target(target: StagingTarget, s3: Callable[[], S3Client]) -> None:
    """Check that files can be written to and deleted from the bucket, and that its owner is right.

    Raises:
        ConnectionFailure: S3's own reason, or a setting that cannot be honoured.
    """
    settings = read_target_settings(target.settings)
    try:
        Staging(target, settings, s3).probe()
    except (TaskError, TransientS3Error) as error:
        raise ConnectionFailure(
            f"cannot use bucket {target.bucket!r}",
            why=str(error),
            fix="check the bucket's name and owner, and the rights of the service role",
        ) from error


def stamp(moment: datetime) -> str:
    """Return a moment as change files are named: `YYYYMMDD-HHMMSSmmm`."""
    return f"{moment:%Y%m%d-%H%M%S}{moment.microsecond // 1000:03d}"


def _segment(name: str) -> str:
    # A name with a slash would look like two folders. It is written as %2F, and a name that holds
    # that text already keeps a different one: no two tables share a folder.
    return re.sub("%(?=(25)*2F)", "%25", name).replace("/", "%2F")


@contextmanager
def _s3_errors(action: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if status >= _SERVER_ERROR or code in _TRANSIENT:
            raise TransientS3Error(f"Failed to {action}: {error}") from error
        raise TaskError(f"Failed to {action}", why=str(error), fix=_fix(code)) from error
    except (HTTPClientError, S3ConnectionError, IncompleteReadError) as error:
        raise TransientS3Error(f"Failed to {action}: {error}") from error
    except BotoCoreError as error:
        raise TaskError(f"Failed to {action}", why=str(error)) from error


def _fix(code: str) -> str:
    if code in {"AccessDenied", "403"}:
        return "grant the service role s3:PutObject, s3:DeleteObject and s3:ListBucket"
    return "check the target endpoint's bucket and settings"
