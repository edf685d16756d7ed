"""S3 by boto3 and threads, where a proxy lies in between: the same work, slower."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from dmslake.backfill.listing import Listed, Page
from dmslake.backfill.mailbox import Mailbox
from dmslake.backfill.store import DONE, Answer, Copy, PageAsked, Store, StoreError, Terms


class Boto3Store(Store):
    """S3 by a boto3 client, with as many requests at once as `connections`."""

    def __init__(self, terms: Terms, client: Any, *, connections: int) -> None:
        self._terms = terms
        self._client = client
        self._threads = ThreadPoolExecutor(connections, thread_name_prefix="copy")
        self._fixed = _fixed_members(terms)
        self._mailbox = Mailbox()

    def copy(self, one: Copy, done: Callable[[Answer], None]) -> None:
        def over(copying: Future[Answer]) -> None:
            if copying.cancelled():
                return
            error = copying.exception()
            # Whatever it was: a copy without an answer would be waited for without end.
            told = Answer(0, type(error).__name__, str(error)) if error else copying.result()
            self._mailbox.put(done, told)

        self._threads.submit(self._copy, one).add_done_callback(over)

    def attend(self, seconds: float) -> None:
        self._mailbox.empty(seconds)

    def _copy(self, one: Copy) -> Answer:
        request: dict[str, Any] = {
            "Key": one.target,
            "CopySource": {"Bucket": self._terms.staging.name, "Key": one.key},
            "CopySourceIfMatch": one.etag,
        }
        if one.fresh:
            request["IfNoneMatch"] = "*"
        made: list[Any] = []
        answer = _answer(lambda: made.append(self._client.copy_object(**self._fixed, **request)))
        if not answer.code and not made[0].get("CopyObjectResult", {}).get("ETag"):
            # botocore takes a 200 without a body for success, S3 does not.
            return Answer(0, "BrokenAnswer", "S3 answered 200, but not that it copied the object")
        return answer

    def page(self, asked: PageAsked) -> Page:
        request: dict[str, Any] = {"Bucket": asked.bucket, "MaxKeys": asked.limit}
        optional = {
            "Prefix": asked.prefix,
            "StartAfter": asked.after,
            "ContinuationToken": asked.token,
            "Delimiter": asked.delimiter,
        }
        request |= {name: value for name, value in optional.items() if value}
        found: list[Any] = []

        def ask() -> None:
            owner = self._terms.account
            found.append(self._client.list_objects_v2(**request, ExpectedBucketOwner=owner))

        answer = _answer(ask)
        if answer.code:
            raise StoreError(answer)
        if "IsTruncated" not in found[0]:
            raise StoreError(Answer(0, "BrokenListing", "S3 answered 200, but without a listing"))
        try:
            return _page(found[0])
        except KeyError as error:
            raise StoreError(Answer(0, "BrokenListing", f"an object without {error}")) from error

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _fixed_members(terms: Terms) -> dict[str, Any]:
    found: dict[str, Any] = {
        "Bucket": terms.lake.name,
        "ExpectedBucketOwner": terms.account,
        "ExpectedSourceBucketOwner": terms.account,
    }
    if terms.kms_key:
        found |= {
            "ServerSideEncryption": "aws:kms",
            "SSEKMSKeyId": terms.kms_key,
            "BucketKeyEnabled": True,
        }
    return found | ({"StorageClass": terms.storage_class} if terms.storage_class else {})


def _answer(call: Callable[[], object]) -> Answer:
    try:
        call()
    except ClientError as error:
        told = error.response.get("Error", {})
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return Answer(int(status), str(told.get("Code", "")), str(told.get("Message", "")))
    except (BotoCoreError, ResponseParserError) as error:
        return Answer(0, type(error).__name__, str(error))
    return DONE


def _page(answer: Any) -> Page:
    objects = [
        Listed(
            one["Key"],
            int(one["LastModified"].timestamp()),
            one["ETag"].strip('"'),
            one["Size"],
            one.get("StorageClass", "STANDARD"),
        )
        for one in answer.get("Contents", ())
    ]
    folders = [one["Prefix"] for one in answer.get("CommonPrefixes", ())]
    return Page(objects, folders, answer.get("NextContinuationToken"))
