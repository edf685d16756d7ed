"""The one shape in which a check says what is wrong with a value.

A mistake never holds the value itself: `{value}` in its message is filled in later, by the one
place that knows whether the value may be shown (`findings.py`).
"""

import difflib
from collections.abc import Iterable

from pydantic_core import PydanticCustomError


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


def not_supported_yet(instead: str, *, what: str = "") -> PydanticCustomError:
    """Report something that the spec's final shape has and this version cannot do."""
    return mistake(f"{what} is not supported yet" if what else "not supported yet", fix=instead)


def nearest(word: str, candidates: Iterable[str]) -> str:
    """Return the candidate that `word` was probably meant to be, or an empty text."""
    found = difflib.get_close_matches(word.lower().replace("-", "_"), list(candidates), n=1)
    found = found or difflib.get_close_matches(word.lower(), list(candidates), n=1)
    return found[0] if found else ""
