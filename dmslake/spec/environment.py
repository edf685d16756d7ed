"""`${NAME}` in the spec: values that come from the environment.

No message written here holds the value of a variable.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_TOKEN = re.compile(r"\$\$\{|\$\{(?P<name>" + _NAME + r")\}|\$\{")
_WHOLE = re.compile(r"\$\{(" + _NAME + r")\}")

VARIABLE_PATTERN = f"^\\$\\{{{_NAME}\\}}$"
"""Matches a text that is nothing but one `${NAME}`; also the JSON Schema's pattern for it."""


class EnvironmentText(str):
    """A text that came from the environment; number and boolean fields read it as one."""

    __slots__ = ()


@dataclass(frozen=True)
class VariableError(Exception):
    """A `${...}` that cannot be replaced."""

    message: str
    fix: str


def variable_name(text: str) -> str | None:
    """Return NAME where the text is nothing but `${NAME}`."""
    whole = _WHOLE.fullmatch(text)
    return whole[1] if whole else None


def lookup(name: str, environ: Mapping[str, str]) -> str:
    """Return a variable's value; a `VariableError` says what is wrong with one."""
    variable = f"the environment variable {name}"
    if name not in environ:
        raise VariableError(f"{variable} is not set", f"set it, for example: export {name}=...")
    if not is_text(environ[name]):
        raise VariableError(f"{variable} is not UTF-8 text", "set it to text")
    return environ[name]


def is_text(value: str) -> bool:
    """Tell whether a string can be encoded: undecodable bytes and half characters cannot."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def expand(text: str, environ: Mapping[str, str]) -> str:
    """Replace every `${NAME}`; `$${` stands for a literal `${`.

    Returns an `EnvironmentText` where a variable took part, the same text where none did.
    """
    names = [token["name"] for token in _TOKEN.finditer(text)]
    expanded = _TOKEN.sub(lambda token: _replacement(token, environ), text)
    return EnvironmentText(expanded) if any(names) else expanded


def _replacement(token: re.Match[str], environ: Mapping[str, str]) -> str:
    if token[0] == "$${":
        return "${"
    if token["name"] is None:
        raise VariableError(
            'a "${" that is not followed by a name and "}"',
            'write ${NAME}, or $${ for a literal "${"',
        )
    return lookup(token["name"], environ)
