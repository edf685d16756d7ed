"""How long a role that was just made cannot be used: IAM's answers reach the other services late.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from dmslake.sandbox.cloud.upstream import replace

_MAKES = "CreateRole"
# What completes a role: one that is still unseen stays so until its policies are seen, too.
_COMPLETES = frozenset({_MAKES, "PutRolePolicy", "AttachRolePolicy"})
_IAM = "services.iam"


class Propagation:
    """Which roles the services see: those that were complete `seconds` ago, or changed since.

    A change of a role that is in use does not hide it: the services go on with what they knew.
    """

    def __init__(self, seconds: float, now: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._now = now
        self._lock = threading.Lock()
        self._written: dict[str, float] = {}

    def install(self) -> None:
        """Notice every role that is made from now on."""
        replace(_IAM, "_IAM_HANDLERS", self._noticing)

    def sees(self, role_arn: str) -> bool:
        """Tell whether a service other than IAM sees a role."""
        return self._is_seen(role_arn.rpartition("/")[2])

    def wrote(self, action: str, role: str) -> None:
        """Take note of a write that IAM accepted."""
        if action == _MAKES or not self._is_seen(role):
            with self._lock:
                self._written[role] = self._now()

    def _is_seen(self, role: str) -> bool:
        with self._lock:
            written = self._written.get(role)
        return written is None or self._now() - written >= self._seconds

    def _noticing(self, handlers: Mapping[str, Callable[[Any], Any]]) -> dict[str, Any]:
        noticed = {action: self._telling(action, handlers[action]) for action in _COMPLETES}
        return {**handlers, **noticed}

    def _telling(self, action: str, handle: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def handler(asked: Any) -> Any:
            answer = handle(asked)
            if answer[0] < 300:  # noqa: PLR2004 - HTTP: it was done
                self.wrote(action, asked["RoleName"][0])
            return answer

        return handler
