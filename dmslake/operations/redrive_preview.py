"""Look at the dead letters of a pipeline: how many, and what a redrive would try. Takes nothing."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime

from dmslake.aws.clients import Clients
from dmslake.blueprint.names import Names
from dmslake.operations.redrive_function import find_function
from dmslake.operations.redrive_letters import Letter
from dmslake.operations.redrive_queue import BATCH, Counts, find_queue
from dmslake.spec import Spec

_EXAMPLES = 10
_LOOKS = 3
_WAIT_S = 1
_GIVEN_UP = "the loader failed every time; its log says why"


@dataclass(frozen=True, kw_only=True)
class Example:
    """A dead letter: the objects in it, when it was sent (UTC), and why it was given up.

    `foreign` tells that it holds no event, and `why` then says that.
    """

    message: str
    objects: tuple[str, ...]
    since: datetime | None
    why: str
    foreign: bool = False


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What a redrive would find; numbers are messages. `examples` are some of them."""

    queue: str
    counts: Counts
    would_try: int
    examples: tuple[Example, ...]


def preview(spec: Spec, clients: Clients, *, most: int | None = None) -> Preview:
    """Return the counts and some examples of a pipeline's dead letters. Invokes nothing.

    Raises NotFoundError or RefusedError where a redrive would.
    """
    names = Names(spec.name, clients.account)
    find_function(clients, names, threading.Event())
    queue = find_queue(clients, names)
    counts = queue.count()
    found: dict[str, Letter] = {}
    for _ in range(_LOOKS if counts.waiting else 1):
        # Looking does not take: with no visibility timeout a message stays where it is.
        found.update({one.id: one for one in queue.receive(BATCH, hidden_s=0, wait_s=_WAIT_S)})
        if len(found) >= min(_EXAMPLES, counts.waiting):
            break
    waiting = max(counts.waiting, len(found))
    return Preview(
        queue=queue.name,
        counts=Counts(waiting=waiting, hidden=counts.hidden),
        would_try=waiting if most is None else min(waiting, most),
        examples=tuple(_example(letter) for letter in [*found.values()][:_EXAMPLES]),
    )


def _example(letter: Letter) -> Example:
    return Example(
        message=letter.id,
        objects=letter.objects,
        since=letter.since,
        why=letter.foreign or letter.given_up or _GIVEN_UP,
        foreign=bool(letter.foreign),
    )
