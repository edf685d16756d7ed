"""S3 over sockets of our own: a copy costs a fraction of what any library needs for it.

A copy is one small request and one small answer, a million times the same. So it is written, signed
and read here, in the thread that routes and records, and nothing else is done for it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from dmslake.backfill.clock import stamp
from dmslake.backfill.listing import ListingError, Page, read_page
from dmslake.backfill.refusals import is_about_credentials
from dmslake.backfill.store import Answer, Copy, PageAsked, Place, Store, StoreError, Terms
from dmslake.backfill.wire.connections import Connections
from dmslake.backfill.wire.pages import Pages
from dmslake.backfill.wire.requests import Copies, Door, page_request
from dmslake.backfill.wire.server import Server, trusting
from dmslake.backfill.wire.signing import Credentials, KeptCredentials, Request, Signer, written


class WireStore(Store):
    """S3 over sockets, with as many requests at once as `connections`."""

    def __init__(self, terms: Terms, credentials: Credentials, *, connections: int) -> None:
        self._terms = terms
        self._kept = KeptCredentials(credentials)
        self._staging = _Bucket(terms.staging, self._kept)
        self._lake = _Bucket(terms.lake, self._kept)
        self._copies = Copies(terms, self._lake.door)
        self._connections = Connections(self._lake.server, connections)

    def copy(self, one: Copy, done: Callable[[Answer], None]) -> None:
        self._connections.ask(partial(self._written, one), partial(self._told, done))

    def attend(self, seconds: float) -> None:
        self._connections.attend(seconds)

    def page(self, asked: PageAsked) -> Page:
        bucket = self._staging if asked.bucket == self._terms.staging.name else self._lake
        request = page_request(asked, bucket.door, self._terms.account)
        try:
            return read_page(bucket.pages.body(request))
        except StoreError as error:
            self._look_at(error.answer)
            raise
        except ListingError as error:
            raise StoreError(Answer(0, "BrokenListing", str(error))) from error

    def close(self) -> None:
        self._connections.close()
        self._staging.pages.close()
        self._lake.pages.close()

    def _written(self, one: Copy) -> bytes:
        request = self._copies.request(one)
        return written(request, self._lake.signed(request))

    def _told(self, done: Callable[[Answer], None], answer: Answer) -> None:
        self._look_at(answer)
        done(answer)

    def _look_at(self, answer: Answer) -> None:
        if answer.code and is_about_credentials(answer):
            self._kept.forget()


class _Bucket:
    """A bucket's server, and who signs for it."""

    def __init__(self, place: Place, kept: KeptCredentials) -> None:
        self.door = Door(place)
        context = trusting(place.authorities) if self.door.tls else None
        self.server = Server(self.door.host, self.door.port, context)
        self.pages = Pages(self.server, self.signed)
        self._signer = Signer(place.region, kept)

    def signed(self, request: Request) -> list[tuple[str, str]]:
        return self._signer.signed(request, stamp())
