"""The cloud as a server of the sandbox: MiniStack behind our own certificate."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import ClassVar

from dmslake.sandbox.certificates import Certificates
from dmslake.sandbox.cloud.front import ABOUT
from dmslake.sandbox.cloud.settings import KEYS_VARIABLE, CloudKeys, CloudSettings
from dmslake.sandbox.ports import LOOPBACK
from dmslake.sandbox.python_server import PythonServer
from dmslake.sandbox.record import Network

_ANSWER_SECONDS = 3.0


@dataclass(frozen=True, kw_only=True)
class CloudServer(PythonServer):
    """S3, Lambda, IAM, SQS and the others, on one port.

    `role_seconds` is how long the services do not see a role that was just made.
    """

    name: ClassVar[str] = "cloud"
    module: ClassVar[str] = "dmslake.sandbox.cloud"

    region: str
    account: str
    certificates: Certificates
    keys: CloudKeys
    role_seconds: float = 0.0

    @property
    def url(self) -> str:
        """Return the endpoint URL; by address, for then clients put buckets into the path."""
        return f"https://{LOOPBACK}:{self.port}"

    def arguments(self) -> tuple[str, ...]:
        return CloudSettings(
            folder=self.folder,
            port=self.port,
            region=self.region,
            account=self.account,
            authority=self.certificates.authority,
            certificate=self.certificates.certificate,
            key=self.certificates.key,
            role_seconds=self.role_seconds,
        ).arguments()

    def environment(self) -> Mapping[str, str]:
        return {**super().environment(), KEYS_VARIABLE: self.keys.as_text()}

    def answers(self) -> bool:
        try:
            self.network()
        except (OSError, http.client.HTTPException, ValueError):
            return False
        return True

    def network(self) -> Network:
        """Return the account's default network, as the cloud tells it.

        Raises:
            OSError, HTTPException, ValueError: it does not answer, or not as it should.
        """
        trusted = ssl.create_default_context(cafile=str(self.certificates.authority))
        connection = http.client.HTTPSConnection(
            LOOPBACK, self.port, timeout=_ANSWER_SECONDS, context=trusted
        )
        with closing(connection):
            connection.request("GET", ABOUT)
            return Network.model_validate_json(connection.getresponse().read())
