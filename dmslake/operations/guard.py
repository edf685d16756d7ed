"""How the engine's work on one resource gets AWS's errors translated."""

from __future__ import annotations

from contextlib import AbstractContextManager

from dmslake.aws.errors import translating
from dmslake.engine.resource import Address


def guard(address: Address) -> AbstractContextManager[None]:
    """Return the context in which botocore's errors name the resource they happened to."""
    return translating(str(address))
