"""The store over real boto3 and a server that answers badly: what S3 says in a 200 is read."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

import boto3
import pytest
from botocore.config import Config

from dmslake.lake.envelopes import ObjectRef
from dmslake.lake.places import Places
from dmslake.lake.store import S3Client, Store, StoreError

PLACES = Places(staging_bucket="staging", lake_bucket="lake", account="123456789012")
REF = ObjectRef("staging", "dms/s/t/a b+c.csv")
ERROR = b"<Error><Code>InternalError</Code><Message>We encountered an error</Message></Error>"
ASKED: dict[str, Callable[[Store], object]] = {
    "CopyObject": lambda store: store.copy(REF, '"e"', "k"),
    "UploadPartCopy": lambda store: store.copy_part(
        REF, '"e"', "k", {"UploadId": "u", "PartNumber": 1}
    ),
    "CompleteMultipartUpload": lambda store: store.complete_upload(
        "k", "u", [{"PartNumber": 1, "ETag": '"e"'}]
    ),
    "CreateMultipartUpload": lambda store: store.begin_upload("k", {}),
}
RESULTS = {
    "CopyObject": "CopyObjectResult",
    "UploadPartCopy": "CopyPartResult",
    "CompleteMultipartUpload": "CompleteMultipartUploadResult",
    "CreateMultipartUpload": "InitiateMultipartUploadResult",
}


class BadServer(ThreadingHTTPServer):
    """Gives every request the same answer; no status: it hangs up."""

    status: int = 200
    body: bytes = b""
    asked: int = 0


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        server = cast("BadServer", self.server)
        server.asked += 1
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if not server.status:
            self.close_connection = True
            return
        body = server.body  # a test goes on as soon as it has the headers of an empty one
        self.send_response(server.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = do_POST = answer  # noqa: N815 - the names are http.server's

    def do_HEAD(self) -> None:
        self.send_response(cast("BadServer", self.server).status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture
def server() -> Iterator[BadServer]:
    with BadServer(("127.0.0.1", 0), Answers) as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.01,))
        thread.start()
        yield made
        made.shutdown()
        thread.join()


@pytest.fixture
def store(server: BadServer) -> Store:
    client = boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{server.server_port}",
        region_name="eu-west-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
    )
    return Store(cast("S3Client", client), PLACES)


@pytest.mark.parametrize("operation", ASKED)
@pytest.mark.parametrize(
    "body",
    [b"", b"  \n ", ERROR, b"<?xml version='1.0'?>\n\n" + ERROR, b"<{0}><ET", b"<{0}></{0}>"],
    ids=["empty", "whitespace", "error", "late error", "cut off", "without an ETag"],
)
def test_a_200_is_no_success_before_it_says_so(
    server: BadServer, store: Store, operation: str, body: bytes
) -> None:
    server.body = body.replace(b"{0}", RESULTS[operation].encode())
    with pytest.raises(StoreError) as caught:
        ASKED[operation](store)
    assert caught.value.temporary
    assert server.asked == 1


@pytest.mark.parametrize("operation", ASKED)
@pytest.mark.parametrize(
    ("status", "code", "temporary"),
    [
        (503, "SlowDown", True),
        (500, "InternalError", True),
        (409, "OperationAborted", True),
        (403, "AccessDenied", False),
        (400, "InvalidRequest", False),
    ],
)
def test_an_error_keeps_its_code(
    server: BadServer, store: Store, operation: str, status: int, code: str, *, temporary: bool
) -> None:
    server.status, server.body = status, ERROR.replace(b"InternalError", code.encode())
    with pytest.raises(StoreError) as caught:
        ASKED[operation](store)
    assert (caught.value.code, caught.value.temporary) == (code, temporary)


@pytest.mark.parametrize("operation", ASKED)
def test_a_connection_that_breaks_is_temporary(
    server: BadServer, store: Store, operation: str
) -> None:
    server.status = 0
    with pytest.raises(StoreError, match="S3 gave no answer about") as caught:
        ASKED[operation](store)
    assert caught.value.temporary


@pytest.mark.parametrize(
    ("status", "code", "temporary"),
    [
        (404, "404", False),
        (403, "AccessDenied", False),
        (503, "SlowDown", True),
        (500, "InternalError", True),
    ],
)
def test_a_look_has_no_body_to_tell_why(
    server: BadServer, store: Store, status: int, code: str, *, temporary: bool
) -> None:
    server.status = status
    with pytest.raises(StoreError) as caught:
        store.look(REF)
    assert (caught.value.code, caught.value.temporary) == (code, temporary)


@pytest.mark.parametrize("body", [b"", b"<html/>", b"<Tagging></Tagging>"])
def test_half_an_answer_about_tags_is_not_taken_for_none(
    server: BadServer, store: Store, body: bytes
) -> None:
    server.body = body
    with pytest.raises(StoreError, match="GetObjectTagging broke off") as caught:
        store.tags(REF)
    assert caught.value.temporary
    server.body = b"<Tagging><TagSet/></Tagging>"
    assert store.tags(REF) == []


def test_a_look_whose_headers_break_off_is_none(server: BadServer, store: Store) -> None:
    server.status = 200  # and no ETag
    with pytest.raises(StoreError, match="HeadObject broke off") as caught:
        store.look(REF)
    assert caught.value.temporary


def test_an_answer_that_is_whole_is_taken(server: BadServer, store: Store) -> None:
    server.body = b"<CopyPartResult><ETag>&quot;e&quot;</ETag><ChecksumCRC32>AAA=</ChecksumCRC32>"
    server.body += b"</CopyPartResult>"
    part = {"UploadId": "u", "PartNumber": 7}
    made = store.copy_part(REF, '"e"', "k", part)
    assert made == {"PartNumber": 7, "ETag": '"e"', "ChecksumCRC32": "AAA="}
