"""The DMS service as a server of the sandbox. What it does stands in `dmslake.sandbox.dms`."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from dmslake.sandbox.ports import LOOPBACK
from dmslake.sandbox.python_server import PythonServer
from dmslake.sandbox.record import Keys

_ANSWER_SECONDS = 3.0


@dataclass(frozen=True, kw_only=True)
class DmsServer(PythonServer):
    """DMS of the same account; `delays` are how long its resources stay in a state, in seconds.

    With `idle_engines` it accepts sources that it cannot read, for tests of whole pipelines.
    """

    name: ClassVar[str] = "dms"
    module: ClassVar[str] = "dmslake.sandbox.dms"
    needs: ClassVar[tuple[str, ...]] = ("cloud",)

    region: str
    account: str
    cloud_url: str
    authority: Path
    keys: Keys
    delays: Mapping[str, float] = field(default_factory=dict)
    idle_engines: bool = False

    @property
    def url(self) -> str:
        """Return the endpoint URL."""
        return f"http://{LOOPBACK}:{self.port}"

    def arguments(self) -> tuple[str, ...]:
        delays = ("--delays", json.dumps(dict(sorted(self.delays.items())))) if self.delays else ()
        idle = ("--idle-engines",) if self.idle_engines else ()
        return (
            "--host", LOOPBACK, "--port", str(self.port), "--cloud-endpoint", self.cloud_url,
            "--region", self.region, "--account", self.account, *delays, *idle,
        )  # fmt: skip

    def environment(self) -> Mapping[str, str]:
        return {
            **super().environment(),
            "AWS_ACCESS_KEY_ID": self.keys.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.keys.secret_access_key,
            "AWS_CA_BUNDLE": str(self.authority),
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def answers(self) -> bool:
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=_ANSWER_SECONDS)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
