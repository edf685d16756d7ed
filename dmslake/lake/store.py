"""S3 as the mover uses it: the requests, with both buckets' owner in each, and what went wrong.

Decides nothing about an object. Sends no parameter that a boto3 of two years ago does not know.
"""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Protocol

from dmslake.lake.envelopes.base import ObjectRef
from dmslake.lake.places import Places

CHANGED = "PreconditionFailed"
GONE = frozenset({"404", "NoSuchKey", "NoSuchVersion"})
ARCHIVED = "InvalidObjectState"
NO_UPLOAD = "NoSuchUpload"
NO_ANSWER = "IncompleteAnswer"

_TEMPORARY = frozenset(
    {
        "429",
        "ConditionalRequestConflict",
        "ExpiredToken",
        "InternalError",
        "OperationAborted",
        "RequestLimitExceeded",
        "RequestTimeTooSkewed",
        "RequestTimeout",
        "ServiceUnavailable",
        "SlowDown",
        "TooManyRequestsException",
        NO_ANSWER,
        NO_UPLOAD,
    }
)
# botocore's own errors for a store that cannot be reached or an answer that cannot be read, and
# what lies below them. By name: nothing here may import botocore.
_OUT_OF_REACH = frozenset(
    {
        "ConnectionError",
        "HTTPClientError",
        "HTTPError",
        "HTTPException",
        "IncompleteReadError",
        "OSError",
        "ResponseParserError",
    }
)
# HEAD has no body, so S3's word for the refusal is lost and only the number is left.
_NAMES_OF_NUMBERS = {
    "403": "AccessDenied",
    "412": CHANGED,
    "500": "InternalError",
    "503": "SlowDown",
}
_SERVER_ERROR = 500


class S3Exceptions(Protocol):
    """The part of `client.exceptions` that is used."""

    ClientError: type[Exception]


class S3Client(Protocol):
    """The part of boto3's S3 client that is used."""

    @property
    def exceptions(self) -> S3Exceptions: ...

    def head_object(self, **request: Any) -> Mapping[str, Any]: ...

    def get_object_tagging(self, **request: Any) -> Mapping[str, Any]: ...

    def copy_object(self, **request: Any) -> Mapping[str, Any]: ...

    def create_multipart_upload(self, **request: Any) -> Mapping[str, Any]: ...

    def upload_part_copy(self, **request: Any) -> Mapping[str, Any]: ...

    def complete_multipart_upload(self, **request: Any) -> Mapping[str, Any]: ...

    def abort_multipart_upload(self, **request: Any) -> Mapping[str, Any]: ...


class StoreError(Exception):
    """S3 did not do what was asked, or nobody knows whether it did.

    `temporary` tells the latter, or that it may do it when it is asked again.
    """

    def __init__(self, code: str, text: str, *, temporary: bool = False) -> None:
        super().__init__(text)
        self.code = code
        self.temporary = temporary


class Store:
    """The requests; all raise StoreError. Safe in many threads when the client is."""

    def __init__(self, s3: S3Client, places: Places) -> None:
        self._s3 = s3
        self._places = places
        self._owner = {"ExpectedBucketOwner": places.account}

    def look(self, ref: ObjectRef) -> Mapping[str, Any]:
        """Ask for the properties of a staged object."""
        needs = f"s3:GetObject and, to see what is gone, s3:ListBucket in {ref.bucket}"
        with self._asking(ref.address, needs):
            head = self._s3.head_object(**_named(ref), **self._owner)
        return _whole(head)

    def look_at_target(self, key: str) -> Mapping[str, Any]:
        """Ask for the properties of an object of the lake."""
        with self._asking(self.address(key), "s3:GetObject there"):
            head = self._s3.head_object(**self._target(key))
        return _whole(head)

    def tags(self, ref: ObjectRef) -> Sequence[Mapping[str, str]]:
        """Ask for the tags of a staged object."""
        with self._asking(ref.address, "s3:GetObjectTagging there"):
            answer = self._s3.get_object_tagging(**_named(ref), **self._owner)
        # An object without tags has an empty set; no set at all is half an answer.
        tags = answer.get("TagSet")
        if tags is None:
            raise _no_answer("GetObjectTagging")
        return list(tags)

    def copy(self, ref: ObjectRef, etag: str, key: str) -> None:
        """Copy a staged object as it was when it had this ETag; metadata and tags go with it."""
        with self._asking(f"{ref.address} to {self.address(key)}", _NEEDS_OF_A_COPY):
            answer = self._s3.copy_object(
                **self._target(key),
                **self._source(ref, etag),
                **self._places.kept,
            )
        _check(answer.get("CopyObjectResult"), "CopyObject")

    def begin_upload(self, key: str, properties: Mapping[str, object]) -> str:
        """Begin an upload in parts; give its id."""
        with self._asking(self.address(key), _NEEDS_OF_AN_UPLOAD):
            answer = self._s3.create_multipart_upload(
                **self._target(key), **self._places.kept, **properties
            )
        if not answer.get("UploadId"):
            raise _no_answer("CreateMultipartUpload")
        return str(answer["UploadId"])

    def copy_part(
        self, ref: ObjectRef, etag: str, key: str, part: Mapping[str, object]
    ) -> dict[str, object]:
        """Copy one part of a staged object; give what completing the upload wants of it."""
        with self._asking(f"{ref.address} to {self.address(key)}", _NEEDS_OF_A_COPY):
            answer = self._s3.upload_part_copy(
                **self._target(key), **self._source(ref, etag), **part
            )
        result = _check(answer.get("CopyPartResult"), "UploadPartCopy")
        # A new boto3 asks for checksums by itself, and S3 then wants each to be named at the end.
        sums = {name: value for name, value in result.items() if name.startswith("Checksum")}
        return {"PartNumber": part["PartNumber"], "ETag": result["ETag"], **sums}

    def complete_upload(self, key: str, upload: str, parts: Sequence[Mapping[str, object]]) -> None:
        """Make the object of its parts."""
        with self._asking(self.address(key), _NEEDS_OF_AN_UPLOAD):
            answer = self._s3.complete_multipart_upload(
                **self._target(key), UploadId=upload, MultipartUpload={"Parts": list(parts)}
            )
        _check(answer, "CompleteMultipartUpload")

    def abort_upload(self, key: str, upload: str) -> None:
        """Throw the parts of an upload away."""
        with self._asking(self.address(key), "s3:AbortMultipartUpload there"):
            self._s3.abort_multipart_upload(**self._target(key), UploadId=upload)

    def address(self, key: str) -> str:
        """Write the `s3://` address of a key of the lake."""
        return f"s3://{self._places.lake_bucket}/{key}"

    def _target(self, key: str) -> dict[str, object]:
        return {"Bucket": self._places.lake_bucket, "Key": key, **self._owner}

    def _source(self, ref: ObjectRef, etag: str) -> dict[str, object]:
        return {
            "CopySource": _named(ref),
            "CopySourceIfMatch": etag,
            "ExpectedSourceBucketOwner": self._places.account,
        }

    def _asking(self, about: str, needs: str) -> "_Asking":
        return _Asking(self._s3, about, f"{needs}, in account {self._places.account}")


class _Asking:
    """Turns whatever a request raises into a StoreError; errors of our own go through."""

    def __init__(self, s3: S3Client, about: str, needs: str) -> None:
        self._s3 = s3
        self._about = about
        self._needs = needs

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, self._s3.exceptions.ClientError):
            raise self._refused(error) from error
        if kind is not None and _OUT_OF_REACH & {base.__name__ for base in kind.__mro__}:
            text = f"S3 gave no answer about {self._about}: {error}"
            raise StoreError(kind.__name__, text, temporary=True) from error

    def _refused(self, error: Exception) -> StoreError:
        response: Mapping[str, Any] = getattr(error, "response", {})
        said = str(response.get("Error", {}).get("Code") or type(error).__name__)
        answered = response.get("ResponseMetadata", {})
        code = _NAMES_OF_NUMBERS.get(said, said)
        request = answered.get("RequestId")
        text = f"{error} ({self._about}{_hint(code, self._needs)}{_request(request)})"
        failed = int(answered.get("HTTPStatusCode") or 0) >= _SERVER_ERROR or said.startswith("5")
        return StoreError(code, text, temporary=failed or code in _TEMPORARY or "Throttl" in code)


_NEEDS_OF_A_COPY = (
    "s3:GetObject and s3:GetObjectTagging on the source, s3:PutObject and s3:PutObjectTagging on "
    "the target, and the use of the buckets' KMS keys"
)
_NEEDS_OF_AN_UPLOAD = (
    "s3:PutObject and s3:PutObjectTagging there, and the use of the bucket's KMS key"
)
_HINTS = {
    "NoSuchBucket": "; the bucket is gone: `dmslake up` makes it again",
    ARCHIVED: "; the object is archived: restore it (RestoreObject), then replay its event",
}


def _hint(code: str, needs: str) -> str:
    if code == "AccessDenied" or code.startswith("KMS."):
        return f"; it needs {needs}"
    return _HINTS.get(code, "")


def _request(number: object) -> str:
    return f"; S3's request {number}" if number else ""


def _named(ref: ObjectRef) -> dict[str, str]:
    version = {"VersionId": ref.version_id} if ref.version_id else {}
    return {"Bucket": ref.bucket, "Key": ref.key, **version}


def _check(result: Mapping[str, Any] | None, operation: str) -> Mapping[str, Any]:
    """Refuse an answer that breaks off before the ETag: S3 may have cancelled what it began."""
    if not result or not result.get("ETag"):
        raise _no_answer(operation)
    return result


def _whole(head: Mapping[str, Any]) -> Mapping[str, Any]:
    """Refuse an answer whose headers break off: the SDK takes what came for all of them."""
    if not {"ETag", "ContentLength", "LastModified"} <= head.keys():
        raise _no_answer("HeadObject")
    return head


def _no_answer(operation: str) -> StoreError:
    text = f"S3's answer to {operation} broke off before it said what became of it"
    return StoreError(NO_ANSWER, text, temporary=True)
