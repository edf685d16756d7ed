"""Extra connection attributes: the older, text form of an endpoint's settings structure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import JsonValue

from dmslake.sandbox.dms.faults import invalid_value
from dmslake.sandbox.dms.parameters import Json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.model import Shape


def settings_in(text: str, members: Mapping[str, Shape]) -> Json:
    """Return the settings that `key=value;key=value` holds, under their structure's names.

    Keys match members regardless of case; others (some settings exist as attributes only) are
    left to the text.

    Raises:
        Fault: a value that is not of the member's type.
    """
    by_key = {name.lower(): (name, shape) for name, shape in members.items()}
    settings: Json = {}
    for part in text.split(";"):
        key, _, value = part.partition("=")
        known = by_key.get(key.strip().lower())
        if known is not None:
            name, shape = known
            settings[name] = _typed(name, value.strip(), shape.type_name)
    return settings


def _typed(name: str, value: str, kind: str) -> JsonValue:
    if kind == "boolean":
        return value.lower() in {"true", "yes", "y", "1"}
    if kind != "integer":
        return value
    try:
        return int(value)
    except ValueError as error:
        raise invalid_value(
            f"The extra connection attribute {name} must be a number, not {value!r}."
        ) from error
