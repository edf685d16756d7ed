"""One setting of DMS as a value of the spec: its type, its choices, its range.

Reads what stands in the YAML file and returns what goes to DMS, or raises a mistake.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import SecretStr
from pydantic_core import PydanticCustomError

from dmslake.spec import scalars
from dmslake.spec.document import UNUSABLE
from dmslake.spec.environment import EnvironmentText
from dmslake.spec.mistakes import Placed, mistake, nearest
from dmslake.spec.section import from_environment

Kind = Literal["text", "whole", "switch", "wholes", "anything"]

LEAST, MOST = -(2**31), 2**31 - 1
"""The range of an Integer shape in botocore's model."""


@dataclass(frozen=True, kw_only=True)
class Member:
    """What a setting takes.

    Args:
        name: what DMS calls it.
        kind: the type of its value; `wholes` is a list of whole numbers.
        choices: the only texts that are possible, in DMS's own letter case; empty: any text.
        minimum: the least number.
        maximum: the greatest number.
        empty: whether an empty text says something.
        sensitive: whether the value is a secret.
        as_text: whether DMS takes the number or the switch as a text.
    """

    name: str = ""
    kind: Kind
    choices: tuple[str, ...] = ()
    minimum: int = LEAST
    maximum: int = MOST
    empty: bool = False
    sensitive: bool = False
    as_text: bool = False


def read_all(
    known: Mapping[str, Member], given: Mapping[str, object]
) -> tuple[dict[str, object], list[Placed]]:
    """Read the settings whose names are known; one without a value counts as not written.

    Returns:
        the values that are right, in DMS's own words, and the mistakes with paths that start at
        `given`.
    """
    values: dict[str, object] = {}
    found: list[Placed] = []
    for name, value in given.items():
        if name not in known or value is UNUSABLE:
            continue
        if value is None:
            found += _nothing(name, known[name])
            continue
        read, wrong = _read(known[name], value)
        found += [((name, *path), error) for path, error in wrong]
        if not wrong:
            values[name] = read
    return values, found


def _nothing(name: str, member: Member) -> list[Placed]:
    """Refuse `csv_null_value: NULL`: for YAML that is nothing at all."""
    if not member.empty or member.choices or not member.name.startswith("Csv"):
        return []
    message = "YAML reads this as an empty value"
    return [((name,), mistake(message, fix="""put it in quotes, such as "NULL" or \"\""""))]


def _read(member: Member, value: object) -> tuple[object, list[Placed]]:
    if member.kind == "wholes":
        return _wholes(member, value)
    try:
        read = value if isinstance(value, SecretStr) else _READERS[member.kind](member, value)
    except PydanticCustomError as error:
        return None, [((), error)]
    return (str(read).lower() if member.as_text else read), []


def _wholes(member: Member, value: object) -> tuple[object, list[Placed]]:
    if not isinstance(value, list):
        return None, [((), mistake("expected a list, not {value}", fix="write it in [ ]"))]
    numbers: list[object] = []
    found: list[Placed] = []
    for index, item in enumerate(value):
        try:
            numbers.append(_whole(member, item))
        except PydanticCustomError as error:
            found.append(((index,), error))
    return numbers, found


def _whole(member: Member, value: object) -> object:
    number = from_environment(value)
    if isinstance(number, bool) or not isinstance(number, int):
        fix = _without_quotes(value, int)
        raise mistake("expected a whole number, not {value}", fix=fix)
    if number < member.minimum:
        raise mistake("{value} is too small", fix=f"use {member.minimum} or more")
    if number > member.maximum:
        raise mistake("{value} is too large", fix=f"use {member.maximum} or less")
    return number


def _switch(_: Member, value: object) -> object:
    switch = from_environment(value)
    if not isinstance(switch, bool):
        fix = _without_quotes(value, bool) or "write true or false"
        raise mistake("expected true or false, not {value}", fix=fix)
    return switch


def _text(member: Member, value: object) -> object:
    if not isinstance(value, str):
        fix = "put it in quotes" if isinstance(value, bool | int | float) else ""
        raise mistake("expected text, not {value}", fix=fix)
    if not value and not member.empty:
        raise mistake("the text is empty", fix="leave the setting out")
    return _choice(member.choices, value) if member.choices else str(value)


def _choice(choices: tuple[str, ...], value: str) -> str:
    """Return the choice in DMS's letter case: DMS itself answers in another one than it takes."""
    for choice in choices:
        if _folded(choice) == _folded(value):
            return choice
    message = f"{{value}} is not one of {', '.join(choices)}"
    raise mistake(message, near=nearest(value, choices))


def _folded(value: str) -> str:
    return value.lower().replace("_", "-").replace(" ", "-")


def _without_quotes(value: object, wanted: type) -> str:
    if not isinstance(value, str) or isinstance(value, EnvironmentText):
        return ""
    return "remove the quotes" if type(scalars.resolve(value)) is wanted else ""


def _anything(_: Member, value: object) -> object:
    return value


_READERS: Mapping[Kind, Callable[[Member, object], object]] = {
    "text": _text,
    "whole": _whole,
    "switch": _switch,
    "anything": _anything,
}
