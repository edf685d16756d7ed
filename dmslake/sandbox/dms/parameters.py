"""Typed reads of a request that the model has already validated."""

from __future__ import annotations

from typing import TypeAlias

from pydantic import JsonValue

from dmslake.sandbox.dms.faults import Fault

Json: TypeAlias = dict[str, JsonValue]


class Parameters:
    """The members of one structure of a request, by their wire names. Absent and null are one."""

    def __init__(self, members: Json) -> None:
        self._members = members

    def __contains__(self, name: str) -> bool:
        return self._members.get(name) is not None

    def optional_text(self, name: str) -> str | None:
        """Return a string member, or None."""
        value = self._members.get(name)
        if value is None or isinstance(value, str):
            return value
        raise _unexpected(name)

    def text(self, name: str) -> str:
        """Return a string member, or the empty string."""
        return self.optional_text(name) or ""

    def integer(self, name: str) -> int | None:
        """Return an integer member, or None."""
        value = self._members.get(name)
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            return value
        raise _unexpected(name)

    def flag(self, name: str) -> bool | None:
        """Return a boolean member, or None."""
        value = self._members.get(name)
        if value is None or isinstance(value, bool):
            return value
        raise _unexpected(name)

    def structure(self, name: str) -> Json | None:
        """Return a structure member as it came, or None."""
        value = self._members.get(name)
        if value is None or isinstance(value, dict):
            return value
        raise _unexpected(name)

    def texts(self, name: str) -> list[str]:
        """Return a list of strings, empty where absent."""
        return [value for value in self._list(name) if isinstance(value, str)]

    def structures(self, name: str) -> list[Parameters]:
        """Return a list of structures, empty where absent."""
        return [Parameters(value) for value in self._list(name) if isinstance(value, dict)]

    def only(self, names: frozenset[str]) -> Json:
        """Return those of the named members that the request holds."""
        return {
            name: value
            for name, value in self._members.items()
            if name in names and value is not None
        }

    def _list(self, name: str) -> list[JsonValue]:
        value = self._members.get(name)
        if value is None:
            return []
        if isinstance(value, list):
            return value
        raise _unexpected(name)


def _unexpected(name: str) -> Fault:
    return Fault("SerializationException", f"unexpected type of member {name}")
