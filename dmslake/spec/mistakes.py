"""The one shape in which a check says what is wrong with a value.

A mistake never holds the value itself: `{value}` in its message is filled in later, by the one
place that knows whether the value may be shown (`findings.py`).
"""

import difflib
from collections.abc import Iterable

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from dmslake.spec.document import Path

Placed = tuple[Path, PydanticCustomError]
"""A mistake and where it is; the path starts at whatever the check was given."""

KEY = "[key]"
"""The last step of a path that means the name of a field instead of its value."""


def mistake(
    message: str, *, fix: str = "", near: str = "", detail: str = ""
) -> PydanticCustomError:
    """Return the exception that a pydantic validator raises to report a mistake.

    Args:
        message: what is wrong; `{value}` stands for the value.
        fix: what to write instead.
        near: what was probably meant; said instead of `fix` where the value may be shown.
        detail: said instead of `message` where the value may be shown, as it quotes parts of it.
    """
    context = {"message": message, "fix": fix, "near": near, "detail": detail}
    return PydanticCustomError("mistake", "{message}", context)


def raise_all(found: Iterable[Placed]) -> None:
    """Report several mistakes of one field at once, each at its own path below the field.

    Raises:
        ValidationError: there is at least one; pydantic puts the field's path before theirs.
    """
    details = [InitErrorDetails(type=error, loc=path, input=None) for path, error in found]
    if details:
        raise ValidationError.from_exception_data("mistakes", details)


def nearest(word: str, candidates: Iterable[str]) -> str:
    """Return the candidate that `word` was probably meant to be, or an empty text.

    Letter case, hyphens and underscores do not count.
    """
    known = {_folded(candidate): candidate for candidate in candidates}
    found = difflib.get_close_matches(_folded(word), known, n=1)
    return known[found[0]] if found else ""


def _folded(word: str) -> str:
    return word.lower().replace("-", "").replace("_", "")
