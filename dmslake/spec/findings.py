"""pydantic's errors as findings: plain sentences about the file, never about Python.

The one place that decides whether a value may be shown: not if it is a secret or came from the
environment.
"""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticCustomError

from dmslake.spec import scalars
from dmslake.spec.display import describe, field_name, quoted
from dmslake.spec.document import UNUSABLE, Document, Finding, Path
from dmslake.spec.environment import variable_name
from dmslake.spec.mistakes import KEY, nearest
from dmslake.spec.section import Section, fields_of, section_of, walk

# pydantic's error type -> what is wrong, what to do
_SENTENCES = {
    "string_type": ("expected text, not {value}", ""),
    "int_type": ("expected a whole number, not {value}", ""),
    "bool_type": ("expected true or false, not {value}", ""),
    "tuple_type": ("expected a list, not {value}", ""),
    "dict_type": ("expected names with values below it, not {value}", ""),
    "model_type": ("expected fields below it, not {value}", ""),
    "greater_than_equal": ("{value} is too small", "use {ge} or more"),
    "less_than_equal": ("{value} is too large", "use {le} or less"),
    "too_short": ("too few entries: {length}", "give at least {min_length}"),
    "too_long": ("too many entries: {length}", "at most {max_length} are possible"),
}

# What a quoted text would be without its quotes, where that is what was expected.
_UNQUOTED = {"int_type": int, "bool_type": bool}
_SWITCHES = {"yes": "write true", "on": "write true", "no": "write false", "off": "write false"}


@dataclass(frozen=True)
class Translator:
    """Turns what validation says about a document into findings."""

    document: Document
    root: type[Section]

    def findings(self, error: ValidationError) -> Iterator[Finding]:
        """Yield a finding per error, except for values that have one already."""
        for details in error.errors(include_url=False, include_input=False):
            path = details["loc"]
            unknown = details["type"] == "extra_forbidden"
            if not unknown and self.document.values.get(path) is UNUSABLE:
                continue
            # Entries that are wrong themselves do not count for pydantic; they do for the user.
            if self._length(path) < details.get("ctx", {}).get("min_length", math.inf):
                yield self._finding(path, details)

    def explain(self, path: Path, error: PydanticCustomError) -> Finding:
        """Return the finding for a mistake (see `mistakes.py`) at a path."""
        return self._mistake(path, error.context or {})

    def _finding(self, path: Path, details: ErrorDetails) -> Finding:
        kind = details["type"]
        if kind == "mistake":
            return self._mistake(path, details["ctx"])
        if kind == "extra_forbidden":
            return self._unknown(path)
        if kind == "missing":
            return self._missing(path)
        if kind == "literal_error":
            return self._choice(path)
        message, fix = _SENTENCES.get(kind, ("{value} does not fit here", ""))
        context = {"value": self._shown(path), "length": self._length(path)}
        context |= details.get("ctx", {})
        fix = fix.format(**context) or self._type_fix(kind, path)
        return self._at(path, message.format(**context), fix)

    def _mistake(self, path: Path, context: Mapping[str, Any]) -> Finding:
        message, fix = str(context["message"]), str(context["fix"])
        if path[-1] == KEY:
            return Finding(path[:-1], self.document.key_place(path[:-1]), message, fix)
        message = message.replace("{value}", self._shown(path))
        if not self._is_from_environment(path):
            message = str(context["detail"] or message)
            fix = f"did you mean {quoted(str(context['near']))}?" if context["near"] else fix
        return self._at(path, message, fix)

    def _unknown(self, path: Path) -> Finding:
        """Explain a field that does not exist."""
        section, name = self._section(path[:-1]), str(path[-1])
        place = self.document.key_place(path)
        return Finding(path, place, "unknown field", self._meant(section, name))

    def _meant(self, section: type[Section], name: str) -> str:
        """Suggest a near miss, else a field of another section, else all that are known."""
        known = fields_of(section)
        near = nearest(name, known)
        if near:
            return f"did you mean {quoted(near)}?"
        elsewhere = {str(path[-1]): path for path, _ in walk(self.root)}
        near = nearest(name, elsewhere)
        if near:
            return f"did you mean {field_name(elsewhere[near])}?"
        return f"known here: {', '.join(known)}"

    def _missing(self, path: Path) -> Finding:
        field = self._field(path)
        line = f"{path[-1]}:"
        for example in field.examples or ():
            line += f" {example if isinstance(example, str) else json.dumps(example)}"
        return self._at(path, "missing", f"add {line}")

    def _choice(self, path: Path) -> Finding:
        choices = [str(choice) for choice in get_args(self._field(path).annotation)]
        message = f"{self._shown(path)} is not one of {', '.join(choices)}"
        value = self.document.values[path]
        near = nearest(value, choices) if isinstance(value, str) else ""
        hide = self._is_from_environment(path) or not near
        return self._at(path, message, "" if hide else f"did you mean {quoted(near)}?")

    def _type_fix(self, kind: str, path: Path) -> str:
        value = self.document.values[path]
        if kind == "string_type" and isinstance(value, bool | int | float):
            return "put it in quotes"
        if kind == "tuple_type" and isinstance(value, str):
            return "write it as a list, in [ ]"
        if not isinstance(value, str) or self._is_from_environment(path):
            return ""
        if type(scalars.resolve(value)) is _UNQUOTED.get(kind):
            return "remove the quotes"
        return _SWITCHES.get(value.lower(), "") if kind == "bool_type" else ""

    def _at(self, path: Path, message: str, fix: str) -> Finding:
        return Finding(path, self.document.place(path), message, fix)

    def _is_from_environment(self, path: Path) -> bool:
        return path in self.document.entries and self.document.entries[path].written != ""

    def _length(self, path: Path) -> int:
        value = self.document.values.get(path)
        return len(value) if isinstance(value, list | dict) else 0

    def _shown(self, path: Path) -> str:
        if self._is_from_environment(path):
            written = self.document.entries[path].written
            return f"the value of {written if variable_name(written) else describe(written)}"
        return describe(self.document.values.get(path))

    def _section(self, path: Path) -> type[Section]:
        section = self.root
        for step in path:
            section = section_of(fields_of(section)[str(step)]) or section
        return section

    def _field(self, path: Path) -> FieldInfo:
        return fields_of(self._section(path[:-1]))[str(path[-1])]
