"""S3's answers: taken off the wire as HTTP/1.1, and judged.

https://www.rfc-editor.org/rfc/rfc9112 and
https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html (an error may follow a 200)
"""

from __future__ import annotations

import re
from typing import NamedTuple

from dmslake.backfill.store import DONE, Answer

LONGEST = 1 << 20
"""Answers to copies are of a few hundred bytes; more than this is no answer of S3."""

_STATUS = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9]{2})[ \r]")
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,18})[ \t]*(?=\r\n)", re.IGNORECASE)
_CODED = re.compile(rb"\r\ntransfer-encoding:[ \t]*([^\r\n]*)", re.IGNORECASE)
_CONNECTION = re.compile(rb"\r\nconnection:[ \t]*([^\r\n]*)", re.IGNORECASE)
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r\n")
_LAST_CHUNK = re.compile(rb"(?:[^\r\n]+\r\n)*\r\n")
_BODILESS = frozenset({204, 304})
_OK = 200
_INFORMATION = 200  # statuses below it announce an answer
_CODE = re.compile(rb"<Code>([^<]*)</Code>")
_TEXT = re.compile(rb"<Message>([^<]*)</Message>")
_COPIED = re.compile(rb"<ETag>[^<]+</ETag>.*</CopyObjectResult>\s*\Z", re.DOTALL)


class BrokenAnswerError(ValueError):
    """What came over the wire is not HTTP."""


class Whole(NamedTuple):
    """A whole answer, and whether another request may follow on its connection."""

    status: int
    body: bytes
    keeps: bool


def read_answer(received: bytes, *, ended: bool) -> Whole | None:
    """Read all that came so far, and whether the other side has `ended`; None while it is short.

    Raises BrokenAnswerError for what will never be a whole answer.
    """
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return _wait(received, ended=ended)
    head, body = received[: end + 2], received[end + 4 :]
    found = _STATUS.match(head)
    if found is None:
        raise BrokenAnswerError(f"no HTTP: {head[:40]!r}")
    status = int(found[2])
    if status < _INFORMATION:
        return read_answer(body, ended=ended)
    keeps = _keeps(head, minor=found[1]) and not ended
    coded = _CODED.search(head)
    if status in _BODILESS:
        return Whole(status, b"", keeps and not body)
    if coded is not None:
        if coded[1].strip().lower() != b"chunked":
            raise BrokenAnswerError(f"an answer coded as {coded[1]!r}")
        return _chunked(status, body, keeps=keeps, ended=ended)
    lengths = set(_LENGTH.findall(head))
    if not lengths:  # then it lasts to the end of the connection
        return Whole(status, body, keeps=False) if ended else _wait(body, ended=False)
    return _measured(status, body, lengths, keeps=keeps, ended=ended)


def _measured(
    status: int, body: bytes, lengths: set[bytes], *, keeps: bool, ended: bool
) -> Whole | None:
    if len(lengths) > 1:
        raise BrokenAnswerError("an answer of two lengths")
    length = int(lengths.pop())
    if len(body) < length:
        return _wait(body, ended=ended)
    return Whole(status, body[:length], keeps and len(body) == length)


def _chunked(status: int, body: bytes, *, keeps: bool, ended: bool) -> Whole | None:
    parts: list[bytes] = []
    at = 0
    while (found := _CHUNK.match(body, at)) is not None:
        size, begins = int(found[1], 16), found.end()
        if not size:
            last = _LAST_CHUNK.match(body, begins)
            if last is None:
                break
            return Whole(status, b"".join(parts), keeps and last.end() == len(body))
        at = begins + size + 2
        if len(body) >= at and body[at - 2 : at] != b"\r\n":
            raise BrokenAnswerError("a chunk that does not end where it should")
        parts.append(body[begins : begins + size])
    return _wait(body, ended=ended)


def _keeps(head: bytes, *, minor: bytes) -> bool:
    found = _CONNECTION.search(head)
    said = found[1].lower() if found else b""
    return b"keep-alive" in said if minor == b"0" else b"close" not in said


def _wait(received: bytes, *, ended: bool) -> Whole | None:
    """Return None, as long as more may come."""
    if ended:
        raise BrokenAnswerError("the connection was closed in the middle of an answer")
    if len(received) > LONGEST:
        raise BrokenAnswerError("an answer without end")
    return None


def judged(status: int, body: bytes) -> Answer:
    """Say what an answer to a copy means."""
    return _copied(body) if status == _OK else refused(status, body)


def refused(status: int, body: bytes) -> Answer:
    """Say what an answer with another status than 200 means."""
    found = _CODE.search(body)
    return Answer(status, _text(found) if found else str(status), _text(_TEXT.search(body)))


def _copied(body: bytes) -> Answer:
    """Judge a 200: an empty or a broken-off body is no success, and neither is an error in it."""
    if _COPIED.search(body):
        return DONE
    found = _CODE.search(body)
    if found:
        return Answer(_OK, _text(found), _text(_TEXT.search(body)))
    return Answer(0, "BrokenAnswer", "S3 answered 200, but not that the object was copied")


def _text(found: re.Match[bytes] | None) -> str:
    return found[1].decode(errors="replace") if found else ""
