"""dmslake's own way to AWS, from the tests' process into the session's sandbox."""

from __future__ import annotations

from typing import Any

from dmslake.aws.clients import Account, Clients
from tests.sandbox.calls import Calls


class SandboxClients(Clients):
    """Clients of the sandbox's administrator, without a word in this process's environment."""

    def __init__(self, calls: Calls) -> None:
        sandbox = calls.sandbox
        account = Account(id=sandbox.account, region=sandbox.region)
        super().__init__(calls.session(sandbox.keys), account)
        self._calls = calls

    def _client(self, service: str) -> Any:
        with self._lock:
            return self._calls.client(service)

    def invoker(self, seconds: float) -> Any:  # noqa: ARG002 - no function runs long here
        return self._client("lambda")
