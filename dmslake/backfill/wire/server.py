"""A server: its addresses, and whose certificates are trusted."""

from __future__ import annotations

import socket
import ssl
from typing import Any, NamedTuple

from botocore.httpsession import get_cert_path

from dmslake.backfill.clock import steady

_KNOWN_FOR = 60.0


class Address(NamedTuple):
    """Where a socket connects to, as `socket.getaddrinfo` says it."""

    family: int
    place: Any


class Server:
    """A host and port; connections are spread over all addresses that its name has.

    S3 names several, and others every few seconds: a name that is asked for once would send all
    requests of an hour to one machine of AWS's.
    """

    def __init__(self, host: str, port: int, context: ssl.SSLContext | None) -> None:
        self.host = host
        self.port = port
        self.context = context
        self._known: list[Address] = []
        self._asked = 0.0
        self._turn = 0

    def addresses(self) -> list[Address]:
        """Return all addresses, another first each time; raises OSError when there is none."""
        if not self._known or steady() - self._asked > _KNOWN_FOR:
            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
            self._known = [Address(one[0], one[4]) for one in found]
            self._asked = steady()
        self._turn = (self._turn + 1) % len(self._known)
        return self._known[self._turn :] + self._known[: self._turn]


def trusting(authorities: str | None) -> ssl.SSLContext:
    """Trust those in a PEM file; without one those that boto3's clients trust."""
    return ssl.create_default_context(cafile=authorities or get_cert_path(verify=True))
