"""Wait until a resource is ready or gone, by looking at it again and again.

No SDK waiters: they sleep for real, cannot tell what they wait for, and call ordinary transitions
of the service a failure.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, TypeVar

from dmslake.engine.clock import Clock
from dmslake.engine.resource import Address, Broken, Live, Pending, Resource
from dmslake.errors import StoppedError, WaitError

Guard = Callable[[Address], AbstractContextManager[None]]
Report = Callable[[str], None]
Seen = TypeVar("Seen")

_SHORTEST_PAUSE = 0.1
_LONGEST_PAUSE = 15.0
_SHARE_OF_ELAPSED = 0.07


@dataclass(frozen=True, kw_only=True)
class Waiter:
    """Looks at resources until they settle. `guard` translates the service's errors."""

    aws: Any
    clock: Clock
    guard: Guard
    stop: threading.Event

    def until_ready(self, resource: Resource[Any], report: Report) -> Live:
        """Return the first observation in which the resource is ready.

        A resource that cannot be seen yet counts as pending: services are eventually consistent.
        Raises WaitError when it breaks or takes longer than its kind ever should.
        """

        def look() -> Live | Pending:
            live = self._read(resource)
            return Pending("not visible yet") if live is None else _judge(resource, live)

        return self._poll(resource, look, report)

    def until_settled(self, resource: Resource[Any], report: Report) -> Live | None:
        """Return the first observation in which a resource that was seen before is ready.

        None when it is gone: it was being deleted. Raises WaitError as `until_ready` does.
        """

        def look() -> Live | Pending | None:
            live = self._read(resource)
            return None if live is None else _judge(resource, live)

        return self._poll(resource, look, report)

    def until_gone(self, resource: Resource[Any], report: Report) -> None:
        """Return when the resource no longer exists. Raises WaitError when it stays too long.

        Something that can be restarted and is broken does not run: that is gone enough.
        """

        def look() -> bool | Pending:
            live = self._read(resource)
            if live is None or (resource.restarts and isinstance(resource.settle(live), Broken)):
                return True
            return Pending(live.state or "still there")

        self._poll(resource, look, report)

    def _read(self, resource: Resource[Any]) -> Live | None:
        with self.guard(resource.address):
            return resource.read(self.aws)

    def _poll(
        self, resource: Resource[Any], look: Callable[[], Seen | Pending], report: Report
    ) -> Seen:
        started = self.clock.now()
        while isinstance(seen := look(), Pending):
            elapsed = self.clock.now() - started
            if elapsed > resource.patience.limit:
                raise _too_long(resource, seen.what, elapsed)
            report(seen.what)
            self.clock.sleep(pause_after(elapsed))
            if self.stop.is_set():
                raise StoppedError(f"waiting for {resource.describe()} was interrupted")
        return seen


def _judge(resource: Resource[Any], live: Live) -> Live | Pending:
    match resource.settle(live):
        case Broken(reason, fix):
            raise WaitError(f"{resource.describe()} failed", why=reason, fix=fix)
        case Pending() as pending:
            return pending
        case _:
            return live


def pause_after(elapsed: float) -> float:
    """Return the seconds until the next look: short at first, never more than 7 % too late.

    The cap keeps a pipeline far below the DMS API's request quota (8 per second and account).
    """
    return min(_LONGEST_PAUSE, max(_SHORTEST_PAUSE, elapsed * _SHARE_OF_ELAPSED))


def _too_long(resource: Resource[Any], what: str, elapsed: float) -> WaitError:
    return WaitError(
        f"{resource.describe()} is still {what} after {elapsed / 60:.0f} minutes",
        why=f"it usually takes about {resource.patience.usual:.0f} s",
        fix="look at it in the AWS console; running the same command again goes on waiting",
    )
