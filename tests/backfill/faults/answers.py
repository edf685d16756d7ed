"""S3's side of the few requests that a backfill makes, and the one of STS that any command makes.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import NamedTuple
from urllib.parse import parse_qsl, quote_plus, unquote
from xml.sax.saxutils import escape

from tests.backfill.faults.kept import ACCOUNT, Bucket, Kept, World

_SIGNED = re.compile(r"Credential=([^/]+)/[0-9]{8}/([^/]+)/")
_HEADERS = {"x-amz-expected-bucket-owner", "x-amz-source-expected-bucket-owner"}


class Request(NamedTuple):
    method: str
    bucket: str
    key: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    proxied: bool = False

    @classmethod
    def read(cls, head: str) -> Request:
        first, *lines = head.split("\r\n")
        method, target, _ = first.split(" ")
        proxied = target.startswith("http://")  # as clients ask a proxy
        if proxied:
            target = "/" + target.split("/", 3)[3]
        path, _, query = target.partition("?")
        bucket, _, key = path.removeprefix("/").partition("/")
        pairs = (line.partition(":") for line in lines if line)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        asked = dict(parse_qsl(query, keep_blank_values=True))
        return cls(method, bucket, unquote(key), asked, headers, proxied)

    @property
    def operation(self) -> str:
        if not self.bucket:
            return "GetCallerIdentity"
        if self.method == "HEAD":
            return "HeadObject" if self.key else "HeadBucket"
        return "CopyObject" if self.method == "PUT" else "ListObjectsV2"

    @property
    def source(self) -> tuple[str, str]:
        """The bucket and the key that are copied."""
        bucket, _, key = unquote(self.headers["x-amz-copy-source"]).lstrip("/").partition("/")
        return bucket, key

    @property
    def signer(self) -> tuple[str, str]:
        """The access key, and the region that the request is signed for."""
        found = _SIGNED.search(self.headers.get("authorization", ""))
        return (found[1], found[2]) if found else ("", "")


class Answer(NamedTuple):
    status: int
    body: bytes = b""
    headers: Mapping[str, str] | None = None


class RefusedError(Exception):
    """What S3 refuses, by its code."""

    def __init__(self, status: int, code: str, text: str = "") -> None:
        super().__init__(code)
        self.answer = refusal(status, code, text or code)


def refusal(status: int, code: str, text: str) -> Answer:
    found = f"<Error><Code>{code}</Code><Message>{text}</Message></Error>"
    return Answer(status, f'<?xml version="1.0" encoding="UTF-8"?>\n{found}'.encode())


def answer(world: World, request: Request) -> Answer:
    """Do what a request asks for."""
    try:
        _admit(world, request)
        return _DONE[request.operation](world, request)
    except RefusedError as no:
        return no.answer


def _admit(world: World, request: Request) -> None:
    access_key, region = request.signer
    if access_key in world.expired:
        raise RefusedError(400, "ExpiredToken", "The provided token has expired.")
    if not request.bucket:
        return
    world.ask()
    bucket = world.buckets.get(request.bucket)
    if bucket is None:
        raise RefusedError(404, "NoSuchBucket", "The specified bucket does not exist")
    if request.headers.get("x-amz-expected-bucket-owner") != bucket.owner:
        raise RefusedError(403, "AccessDenied", "Access Denied")
    if region != bucket.region and request.operation != "HeadBucket":
        raise RefusedError(400, "AuthorizationHeaderMalformed", f"expecting {bucket.region!r}")


def _identity(_world: World, _request: Request) -> Answer:
    found = (
        '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
        f"<GetCallerIdentityResult><Arn>arn:aws:iam::{ACCOUNT}:user/ann</Arn>"
        f"<UserId>AIDAEXAMPLE</UserId><Account>{ACCOUNT}</Account></GetCallerIdentityResult>"
        "<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>"
        "</GetCallerIdentityResponse>"
    )
    return Answer(200, found.encode())


def _head_bucket(world: World, request: Request) -> Answer:
    return Answer(200, headers={"x-amz-bucket-region": world.buckets[request.bucket].region})


def _head(world: World, request: Request) -> Answer:
    found = _find(world.buckets[request.bucket], request.key)
    modified = datetime.fromtimestamp(found.modified, UTC)
    headers = {
        "Content-Length": str(found.size),
        "ETag": f'"{found.etag}"',
        "Last-Modified": format_datetime(modified, usegmt=True),
    }
    return Answer(200, headers=headers)


def _find(bucket: Bucket, key: str) -> Kept:
    if key not in bucket.objects:
        raise RefusedError(404, "NoSuchKey", "The specified key does not exist.")
    return bucket.objects[key]


def _list(world: World, request: Request) -> Answer:
    query = request.query
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    after = query.get("continuation-token") or query.get("start-after", "")
    found = world.buckets[request.bucket].page(
        prefix, after, delimiter, int(query.get("max-keys", 1000))
    )
    token = f"<NextContinuationToken>{escape(found.more)}</NextContinuationToken>"
    head = (
        f"<Name>{request.bucket}</Name><Prefix>{quote_plus(prefix)}</Prefix>"
        f"<EncodingType>url</EncodingType><IsTruncated>{str(bool(found.more)).lower()}"
        f"</IsTruncated>{token if found.more else ''}"
    )
    parts = [
        head,
        *(_entry(key, one) for key, one in found.objects),
        *(
            f"<CommonPrefixes><Prefix>{quote_plus(one, safe='/')}</Prefix></CommonPrefixes>"
            for one in found.folders
        ),
    ]
    return _xml("ListBucketResult", "".join(parts))


def _entry(key: str, one: Kept) -> str:
    time = datetime.fromtimestamp(one.modified, UTC)
    return (
        f"<Contents><Key>{quote_plus(key, safe='/')}</Key>"
        f"<LastModified>{time:%Y-%m-%dT%H:%M:%S.000Z}</LastModified>"
        f"<ETag>&quot;{one.etag}&quot;</ETag><Size>{one.size}</Size>"
        f"<StorageClass>{one.storage_class}</StorageClass></Contents>"
    )


def _copy(world: World, request: Request) -> Answer:
    name, key = request.source
    world.on_copy(world.copies)
    if request.headers.get("x-amz-source-expected-bucket-owner") != world.buckets[name].owner:
        raise RefusedError(403, "AccessDenied", "Access Denied")
    denied = world.denied(key, request.key)
    if denied:
        raise RefusedError(403, "AccessDenied", denied)
    source = _find(world.buckets[name], key)
    if source.storage_class in {"GLACIER", "DEEP_ARCHIVE"} and key not in world.restored:
        raise RefusedError(403, "InvalidObjectState", "The source object is archived")
    if request.headers["x-amz-copy-source-if-match"].strip('"') != source.etag:
        raise RefusedError(412, "PreconditionFailed", "At least one precondition did not hold")
    _meet_condition(world, request)
    made = world.copied(source, request.key)
    time = "<LastModified>2026-11-24T10:00:00.000Z</LastModified>"
    return _xml("CopyObjectResult", f"{time}<ETag>&quot;{made.etag}&quot;</ETag>")


def _meet_condition(world: World, request: Request) -> None:
    if "if-none-match" not in request.headers or world.conditions == "ignored":
        return
    if world.conditions == "refused":
        text = "A header you provided implies functionality that is not implemented"
        raise RefusedError(501, "NotImplemented", text)
    if request.key in world.buckets[request.bucket].objects:
        raise RefusedError(412, "PreconditionFailed", "At least one precondition did not hold")


def _xml(name: str, content: str) -> Answer:
    space = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<{name} {space}>{content}</{name}>'
    return Answer(200, text.encode())


_DONE: dict[str, Callable[[World, Request], Answer]] = {
    "GetCallerIdentity": _identity,
    "HeadBucket": _head_bucket,
    "HeadObject": _head,
    "ListObjectsV2": _list,
    "CopyObject": _copy,
}
