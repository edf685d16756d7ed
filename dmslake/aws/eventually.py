"""Retry what AWS refuses only because it has not caught up with itself.

IAM is eventually consistent: a role that was just made cannot be used for some seconds. Each caller
names the exact refusal it expects, so that a real denial still fails at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from botocore.exceptions import ClientError

from dmslake.aws.errors import code_of, message_of

Answer = TypeVar("Answer")

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 10.0


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
    sleep: Callable[[float], None] = time.sleep,
) -> Answer:
    """Return what the call returns, trying again while it is refused in an expected way.

    Args:
        call: one AWS call.
        refusals: the refusals that are worth another try.
        within: seconds of waiting after which the refusal is taken seriously.
        sleep: lets time pass.
    """
    waited, pause = 0.0, _FIRST_PAUSE
    while True:
        try:
            return call()
        except ClientError as error:
            if waited >= within or not any(refusal.matches(error) for refusal in refusals):
                raise
        sleep(pause)
        waited += pause
        pause = min(_LONGEST_PAUSE, pause * 1.6)
