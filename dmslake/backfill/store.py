"""What the backfill asks of S3, and what it is told: the two requests that come by the million.

Copies belong to one thread, which begins them and attends to them; pages are for many threads. Two
stores exist: `WireStore`, and `Boto3Store` for what has to go by a proxy.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from dmslake.backfill.listing import Page


class Copy(NamedTuple):
    """One copy: the staged key, the ETag it was listed with (no quotes), and the lake key.

    With `fresh`, only where nothing lies at the lake key.
    """

    key: str
    etag: str
    target: str
    fresh: bool


class Answer(NamedTuple):
    """How a request ended: S3's error code and its text, empty when it was done.

    `status` is HTTP's, 0 where no whole answer arrived: then it may have been done all the same.
    """

    status: int = 200
    code: str = ""
    text: str = ""


DONE = Answer()


class PageAsked(NamedTuple):
    """A page to be listed: keys below `prefix` and behind `after`, or those behind a token."""

    bucket: str
    prefix: str
    after: str = ""
    token: str = ""
    delimiter: str = ""
    limit: int = 1000


class StoreError(Exception):
    """A listing that was refused or broke off."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"{answer.code}: {answer.text}" if answer.text else answer.code)
        self.answer = answer


@dataclass(frozen=True, kw_only=True)
class Place:
    """A bucket, and where its requests go.

    Attributes:
        name: the bucket.
        region: it lies in, and requests are signed for.
        endpoint: scheme, host and port of an S3 that is not AWS's; None for AWS's own.
        dns_suffix: what AWS's host names end in.
        authorities: PEM file of those whose certificates are trusted; None: the system's.
    """

    name: str
    region: str
    endpoint: str | None = None
    dns_suffix: str = "amazonaws.com"
    authorities: str | None = None


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What every copy of a run has in common.

    Attributes:
        staging: the bucket that is read.
        lake: the bucket that is written.
        account: the id of the account that has to own both; 12 digits.
        kms_key: ARN of the key that copies are encrypted with; empty: what the bucket does.
        storage_class: of the copies; empty: S3's standard.
    """

    staging: Place
    lake: Place
    account: str
    kms_key: str = ""
    storage_class: str = ""


class Store(ABC):
    """S3, as far as the backfill needs it by the million."""

    @abstractmethod
    def copy(self, one: Copy, done: Callable[[Answer], None]) -> None:
        """Begin a copy; `done` is called by `attend` when it is over."""

    @abstractmethod
    def attend(self, seconds: float) -> None:
        """Serve the copies for that long at most; returns early when some of them are over."""

    @abstractmethod
    def page(self, asked: PageAsked) -> Page:
        """List a page, from any thread; raises StoreError."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the connections; requests under way are forgotten."""
