"""Answers are read whole or not at all, however they come in."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmslake.backfill.store import DONE, Answer
from dmslake.backfill.wire.answers import (
    LONGEST,
    BrokenAnswerError,
    Whole,
    judged,
    read_answer,
    refused,
)

BODIES = st.binary(max_size=200)
HEADERS = st.sampled_from(["", "x-amz-id-2: a\r\n", "Date: now\r\nServer: S3\r\n"])
COPIED = b'<CopyObjectResult><ETag>"0a"</ETag><LastModified>x</LastModified></CopyObjectResult>'

HALF = Answer(0, "BrokenAnswer", "S3 answered 200, but not that the object was copied")


def measured(status: int, body: bytes, headers: str = "") -> bytes:
    head = f"HTTP/1.1 {status} Some Reason\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def chunked(status: int, body: bytes, headers: str = "", size: int = 7) -> bytes:
    head = f"HTTP/1.1 {status} OK\r\n{headers}transfer-encoding: Chunked\r\n\r\n"
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    chunks = b"".join(b"%x;ext=1\r\n%s\r\n" % (len(part), part) for part in parts)
    return head.encode() + chunks + b"0\r\nx-amz-trailer: 1\r\n\r\n"


@given(st.sampled_from([200, 412, 503]), BODIES, HEADERS, st.sampled_from([measured, chunked]))
def test_an_answer_is_whole_at_its_last_byte_and_not_before(
    status: int, body: bytes, headers: str, write: Callable[[int, bytes, str], bytes]
) -> None:
    answer = write(status, body, headers)
    for at in range(len(answer)):
        assert read_answer(answer[:at], ended=False) is None
        with pytest.raises(BrokenAnswerError):
            read_answer(answer[:at], ended=True)
    assert read_answer(answer, ended=False) == Whole(status, body, keeps=True)


@given(BODIES)
def test_an_answer_of_no_length_lasts_to_the_end(body: bytes) -> None:
    answer = b"HTTP/1.1 200 OK\r\n\r\n" + body
    assert read_answer(answer, ended=False) is None
    assert read_answer(answer, ended=True) == Whole(200, body, keeps=False)


@pytest.mark.parametrize(
    ("answer", "keeps"),
    [
        (b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 0\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 400 More\r\n\r\n", False),
        (b"HTTP/1.1 204 Gone\r\n\r\n", True),
    ],
)
def test_a_connection_is_kept_where_the_server_keeps_it(answer: bytes, keeps: bool) -> None:
    found = read_answer(answer, ended=False)
    assert found is not None
    assert found.keeps is keeps


def test_what_announces_an_answer_is_none() -> None:
    first = b"HTTP/1.1 100 Continue\r\n\r\n"
    assert read_answer(first, ended=False) is None
    assert read_answer(first + measured(200, b"x"), ended=False) == Whole(200, b"x", keeps=True)


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
        b"HTTP/1.1 999 What\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n",
        b"x" * (LONGEST + 1),
    ],
)
def test_what_is_no_answer_is_refused(answer: bytes) -> None:
    with pytest.raises(BrokenAnswerError):
        read_answer(answer, ended=False)


@pytest.mark.parametrize(
    ("status", "body", "answer"),
    [
        (200, COPIED, DONE),
        (200, b" \n " + COPIED + b"\n", DONE),
        (200, b"", HALF),
        (200, COPIED[:-4],
         HALF),
        (200, b"<Error><Code>SlowDown</Code><Message>Less</Message></Error>",
         Answer(200, "SlowDown", "Less")),
        (412, b"<Error><Code>PreconditionFailed</Code></Error>",
         Answer(412, "PreconditionFailed", "")),
        (502, b"<html>Bad Gateway</html>", Answer(502, "502", "")),
    ],
)  # fmt: skip
def test_a_copy_is_done_only_where_s3_says_so(status: int, body: bytes, answer: Answer) -> None:
    assert judged(status, body) == answer


def test_a_listing_that_is_refused_says_why() -> None:
    body = b"<Error><Code>AccessDenied</Code><Message>No &amp; no</Message></Error>"
    assert refused(403, body).code == "AccessDenied"
