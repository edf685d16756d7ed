"""MiniStack as the corrections see it: one tested version, its parts looked up by name.

Everything that is taken from inside MiniStack goes through here, so that a version in which it is
missing or merely untested stops the cloud at its start, with a sentence, and never misbehaves.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from importlib import metadata
from typing import Any

from dmslake.errors import SandboxError

VERSION = "1.5.33"


def check_version(found: str | None = None) -> None:
    """Refuse a MiniStack that the corrections were not made and tested for.

    Raises:
        SandboxError: it is another version.
    """
    found = found or metadata.version("ministack")
    if found != VERSION:
        raise SandboxError(
            "the sandbox's cloud cannot be started",
            why=f"it was made for MiniStack {VERSION}, and {found} is installed",
            fix=f"run `pip install ministack=={VERSION}`",
        )


def part(module: str, name: str) -> Any:
    """Return something out of a module of MiniStack (`services.s3`, `_error`).

    Raises:
        SandboxError: this version has no such thing.
    """
    inside = vars(importlib.import_module(f"ministack.{module}"))
    if name not in inside:
        raise SandboxError(
            "the sandbox's cloud cannot be started",
            why=f"MiniStack has no {name} in {module} any more",
            fix=f"run `pip install ministack=={VERSION}`",
        )
    return inside[name]


def replace(module: str, name: str, make: Callable[[Any], Any]) -> None:
    """Put `make(original)` in the place of something in a module of MiniStack."""
    original = part(module, name)
    vars(importlib.import_module(f"ministack.{module}"))[name] = make(original)
