"""Retry what AWS refuses only because it has not caught up with itself.

IAM is eventually consistent: a role that was just made cannot be used for some seconds. Each caller
names the exact refusal it expects, so that a real denial still fails at once. Work that is being
stopped waits no longer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from botocore.exceptions import ClientError

from dmslake.aws.errors import code_of, message_of
from dmslake.pausing import pause

Answer = TypeVar("Answer")

_SHORTEST_PAUSE = 0.5
_LONGEST_PAUSE = 10.0
_SHARE_OF_WAITED = 0.2


@dataclass(frozen=True)
class Refusal:
    """A refusal that passes by itself: the code, and a text in the message, in whatever case."""

    code: str
    text: str = ""

    def matches(self, error: ClientError) -> bool:
        return code_of(error) == self.code and self.text.lower() in message_of(error).lower()


def eventually(
    call: Callable[[], Answer],
    *refusals: Refusal,
    within: float,
    sleep: Callable[[float], None] = pause,
) -> Answer:
    """Return what the call returns, trying again while it is refused in an expected way.

    Args:
        call: one AWS call.
        refusals: the refusals that are worth another try.
        within: seconds of waiting after which the refusal is taken seriously.
        sleep: lets time pass; what it raises ends the trying.

    Raises the last refusal, and StoppedError when the work around it is being stopped.
    """
    waited = 0.0
    while True:
        try:
            return call()
        except ClientError as error:
            if waited >= within or not any(refusal.matches(error) for refusal in refusals):
                raise
        seconds = _pause_after(waited)
        sleep(seconds)
        waited += seconds


def _pause_after(waited: float) -> float:
    """Return the seconds until the next try: half a second, or a fifth of the waiting, too late.

    A minute of it costs some twenty calls, of the two hundred that DMS allows an account at once.
    """
    return min(_LONGEST_PAUSE, max(_SHORTEST_PAUSE, waited * _SHARE_OF_WAITED))
