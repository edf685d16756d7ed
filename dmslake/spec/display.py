"""How values and field names appear in messages: short, printable, and without passwords."""

import re

from dmslake.spec.document import Path

_LONGEST = 60
_HOLDS_PASSWORD = re.compile(r"(?i)://[^/]*@|(?:password|passwd|pwd|secret|token)\s*[=:]")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]{1,60}|<<")


def describe(value: object) -> str:
    """Name a value for a message, without what looks like a password."""
    if value is None:
        return "an empty value"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str):
        return "this text" if _HOLDS_PASSWORD.search(value) else quoted(value)
    return "a list" if isinstance(value, list) else "a mapping"


def quoted(text: str) -> str:
    """Return a text in double quotes, cut to one line that a terminal can show."""
    shown = text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
    return '"' + "".join(c if c.isprintable() else ascii(c)[1:-1] for c in shown) + '"'


def field_name(path: Path) -> str:
    """Return a path as `tables.include[0]`."""
    name = ""
    for step in path:
        if isinstance(step, int):
            name += f"[{step}]"
        else:
            name += ("." if name else "") + (step if _PLAIN_NAME.fullmatch(step) else quoted(step))
    return name
