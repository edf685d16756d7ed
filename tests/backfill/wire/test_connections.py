"""Connections, on real sockets: used again, renewed, given up, and never waited for without end."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from botocore.exceptions import NoCredentialsError

from dmslake.backfill.store import DONE, Answer
from dmslake.backfill.wire.connections import Connections
from dmslake.backfill.wire.server import Address, Server, trusting
from tests.backfill.wire.scripted import OK, Peer, serving
from tests.sandbox.replication.tls_front import certificates_for

REQUEST = b"PUT /lake/a HTTP/1.1\r\nhost: h\r\n\r\n"


def answer_all(peer: Peer) -> None:
    while peer.request():
        peer.say(OK)


@contextmanager
def connected(
    port: int, most: int = 4, silence: float = 60.0, context: ssl.SSLContext | None = None
) -> Iterator[Connections]:
    server = Server("localhost" if context else "127.0.0.1", port, context)
    with closing(Connections(server, most, silence=silence)) as connections:
        yield connections


def ask(
    connections: Connections, count: int = 1, write: Callable[[], bytes] = lambda: REQUEST
) -> list[Answer]:
    """Ask so many times, and attend until all is answered."""
    told: list[Answer] = []
    for _ in range(count):
        connections.ask(write, told.append)
    for _ in range(200):
        if len(told) == count:
            break
        connections.attend(0.05)
    return told


def test_a_few_connections_serve_many_requests() -> None:
    served: list[int] = []

    def script(peer: Peer) -> None:
        while peer.request():
            served.append(peer.number)
            peer.say(OK)

    with serving(script) as port, connected(port, most=3) as connections:
        assert ask(connections, 100) == [DONE] * 100
    assert len(served) == 100
    assert set(served) <= {0, 1, 2}


def test_a_connection_that_the_server_ends_is_followed_by_another() -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.say(OK.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n"))

    with serving(script) as port, connected(port) as connections:
        assert ask(connections, 20) == [DONE] * 20


def test_a_connection_that_was_closed_while_idle_is_not_used() -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.say(OK)  # and closes it, without a word

    with serving(script) as port, connected(port) as connections:
        assert ask(connections) == [DONE]
        connections.attend(0.2)
        assert ask(connections) == [DONE]


def test_an_answer_that_breaks_off_is_no_answer() -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.say(OK[:-5])

    with serving(script) as port, connected(port) as connections:
        (answer,) = ask(connections)
    assert (answer.status, answer.code) == (0, "BrokenAnswer")


def test_an_answer_in_pieces_is_put_together() -> None:
    def script(peer: Peer) -> None:
        while peer.request():
            for at in range(0, len(OK), 9):
                peer.say(OK[at : at + 9])

    with serving(script) as port, connected(port) as connections:
        assert ask(connections, 10) == [DONE] * 10


def test_a_server_that_says_nothing_is_given_up() -> None:
    def script(peer: Peer) -> None:
        while peer.request():
            pass

    with serving(script) as port, connected(port, silence=0.1) as connections:
        (answer,) = ask(connections)
    assert (answer.status, answer.code) == (0, "NoAnswer")


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = int(taken.getsockname()[1])
    with connected(port) as connections:
        answers = ask(connections, 50)
    assert [(one.status, one.code) for one in answers] == [(0, "ConnectionRefusedError")] * 50


def test_a_name_that_nobody_knows() -> None:
    with closing(Connections(Server("s3.invalid", 80, None), 4)) as connections:
        (answer,) = ask(connections)
    assert (answer.status, answer.code) == (0, "gaierror")


def test_where_one_address_is_of_no_use_the_next_is_taken() -> None:
    class Both(Server):
        def addresses(self) -> list[Address]:
            dead = Address(socket.AF_INET, ("127.0.0.1", 9))
            return [dead, *super().addresses()]

    with (
        serving(answer_all) as port,
        closing(Connections(Both("127.0.0.1", port, None), 2)) as connections,
    ):
        assert ask(connections, 10) == [DONE] * 10


def test_addresses_take_turns() -> None:
    server = Server("localhost", 80, None)
    known = server.addresses()
    firsts = [server.addresses()[0] for _ in known]
    assert set(firsts) == set(known)


def test_without_credentials_nothing_is_sent() -> None:
    def write() -> bytes:
        raise NoCredentialsError

    with serving(answer_all) as port, connected(port) as connections:
        (answer,) = ask(connections, write=write)
    assert (answer.status, answer.code) == (0, "NoCredentialsError")


def test_a_long_request_goes_in_pieces() -> None:
    long = REQUEST[:-2] + b"x-long: " + b"x" * 20_000_000 + b"\r\n\r\n"
    with serving(answer_all) as port, connected(port) as connections:
        assert ask(connections, 2, lambda: long) == [DONE] * 2


@pytest.fixture
def tls(tmp_path: Path) -> tuple[ssl.SSLContext, str]:
    """A server's context, and the authority that its certificate is of."""
    files = certificates_for("localhost", tmp_path / "tls")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files.certificate, files.key)
    return context, str(files.authority)


def test_tls_with_an_authority_of_the_users(tls: tuple[ssl.SSLContext, str]) -> None:
    context, authority = tls
    with (
        serving(answer_all, context) as port,
        connected(port, context=trusting(authority)) as connections,
    ):
        assert ask(connections, 50) == [DONE] * 50


def test_a_certificate_of_nobody_known_is_refused(tls: tuple[ssl.SSLContext, str]) -> None:
    context, _ = tls
    with (
        serving(answer_all, context) as port,
        connected(port, context=trusting(None)) as connections,
    ):
        (answer,) = ask(connections)
    assert (answer.status, answer.code) == (0, "SSLCertVerificationError")
