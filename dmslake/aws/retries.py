"""Refusals of DMS that pass by themselves and that botocore does not know: tried again, too.

Throttling in all its spellings, 5xx answers and connections that break are botocore's own work (its
`adaptive` mode). What is left are two faults that DMS hands on from the services behind it.
"""

from __future__ import annotations

from typing import Any

# https://docs.aws.amazon.com/dms/latest/APIReference/CommonErrors.html and botocore's DMS model:
# KMS asks for fewer requests; a service that DMS needs did not answer.
_PASSING = ("FailedDependencyFault", "KMSThrottlingFault")
_MOST_TRIES = 6
_LONGEST_PAUSE = 10.0


def persist(client: Any) -> None:
    """Let a DMS client try again what only passes."""
    client.meta.events.register("needs-retry.database-migration-service", _pause)


def _pause(response: tuple[Any, dict[str, Any]] | None, attempts: int, **_: Any) -> float | None:
    """Return the seconds until the next try, or None where another one would not help."""
    if response is None or attempts >= _MOST_TRIES:
        return None
    code = response[1].get("Error", {}).get("Code")
    return min(_LONGEST_PAUSE, 0.5 * 2**attempts) if code in _PASSING else None
