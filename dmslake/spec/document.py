"""YAML text as plain values, with the line and column of every one of them.

Knows YAML and `${NAME}`, nothing about the spec's fields. Messages written here never quote the
text: it may be a password in the wrong place.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import yaml
from pydantic import SecretStr

from dmslake.spec import environment, scalars
from dmslake.spec.environment import EnvironmentText, VariableError

Path = tuple[str | int, ...]

UNTAGGED = "untagged"
"""The tag of every node that was written without one (see `syntax.compose`)."""

UNUSABLE = object()
"""Stands where a value could not be read; its finding has been written already."""


@dataclass(frozen=True, order=True)
class Place:
    """Where something stands, both counted from 1."""

    line: int
    column: int

    @classmethod
    def of(cls, mark: yaml.Mark) -> "Place":
        return cls(mark.line + 1, mark.column + 1)


@dataclass(frozen=True)
class Finding:
    """One mistake: the path of the field, the place in the text, and what to say."""

    path: Path
    place: Place
    message: str
    fix: str = ""


@dataclass(frozen=True)
class Entry:
    """Where a value and its key stand; `written` is its text if the environment took part."""

    value: Place
    key: Place
    written: str = ""


@dataclass
class Document:
    """The values of one YAML text, each by its path; the whole tree stands at `()`."""

    values: dict[Path, object] = field(default_factory=dict)
    entries: dict[Path, Entry] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def place(self, path: Path) -> Place:
        """Return where a value stands, or the key of its parent if it is not written."""
        if path in self.entries:
            return self.entries[path].value
        return self.key_place(path[:-1])

    def key_place(self, path: Path) -> Place:
        """Return where the key of a value stands, or of the nearest one above that is written."""
        while path not in self.entries:
            path = path[:-1]
        return self.entries[path].key


def read_document(
    root: yaml.Node, environ: Mapping[str, str], secrets: Collection[Path]
) -> Document:
    """Turn nodes into values.

    Args:
        root: what `syntax.compose` returned.
        environ: the variables for `${NAME}`.
        secrets: paths whose value may only be `${NAME}` and is never shown.
    """
    document = Document()
    document.entries[()] = Entry(Place.of(root.start_mark), Place.of(root.start_mark))
    _Reader(document, environ, secrets).read(root, ())
    return document


@dataclass(frozen=True)
class _Reader:
    document: Document
    environ: Mapping[str, str]
    secrets: Collection[Path]

    def read(self, node: yaml.Node, path: Path) -> object:
        value = self.document.values[path] = self._value(node, path)
        return value

    def _value(self, node: yaml.Node, path: Path) -> object:
        if path in self.secrets:
            return self._secret(node, path)
        if node.tag != UNTAGGED:
            return self._refuse(
                path, "YAML tags (!name) are not supported", "put the text in quotes"
            )
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return self._sequence(node, path)
        return self._scalar(node, path)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> object:
        values: dict[str, object] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag != UNTAGGED:
                fix = 'put the whole value in quotes if it is a text that starts with "{"'
                return self._refuse(path, "the name of a field has to be plain text", fix)
            self._field(values, (*path, key.value), key, value)
        return values

    def _field(
        self, values: dict[str, object], path: Path, key: yaml.ScalarNode, value: yaml.Node
    ) -> None:
        place = Place.of(key.start_mark)
        if path in self.document.entries:
            first = self.document.entries[path].key
            message = f"given twice; the first one is at {first.line}:{first.column}"
            self.document.findings.append(Finding(path, place, message, "remove one of them"))
            return
        if key.value == "<<" and _is_plain(key):
            message, fix = "merge keys (<<) are not supported", "write the fields out"
            self.document.findings.append(Finding(path, place, message, fix))
            return
        start = place if _is_empty(value) else Place.of(value.start_mark)
        self.document.entries[path] = Entry(start, place)
        values[key.value] = self.read(value, path)

    def _sequence(self, node: yaml.SequenceNode, path: Path) -> list[object]:
        values: list[object] = []
        for index, item in enumerate(node.value):
            place = Place.of(item.start_mark)
            self.document.entries[*path, index] = Entry(place, place)
            values.append(self.read(item, (*path, index)))
        return values

    def _scalar(self, node: yaml.Node, path: Path) -> object:
        try:
            expanded = environment.expand(node.value, self.environ)
        except VariableError as error:
            return self._refuse(path, error.message, error.fix)
        if isinstance(expanded, EnvironmentText):
            entry = self.document.entries[path]
            self.document.entries[path] = Entry(entry.value, entry.key, node.value)
            return expanded
        return scalars.resolve(expanded) if _is_plain(node) else expanded

    def _secret(self, node: yaml.Node, path: Path) -> object:
        """Return the variable's value; a literal is refused and never quoted."""
        if _is_empty(node):
            return None
        name = environment.variable_name(node.value) if isinstance(node, yaml.ScalarNode) else None
        if name is None:
            fix = "write ${NAME} and set the variable NAME to the secret"
            return self._refuse(path, "a secret has to come from the environment", fix)
        try:
            secret = environment.lookup(name, self.environ)
        except VariableError as error:
            return self._refuse(path, error.message, error.fix)
        if not secret:
            return self._refuse(path, f"the environment variable {name} is empty", "")
        return SecretStr(secret)

    def _refuse(self, path: Path, message: str, fix: str) -> object:
        place = self.document.entries[path].value
        self.document.findings.append(Finding(path, place, message, fix))
        return UNUSABLE


def _is_empty(node: yaml.Node) -> bool:
    return _is_plain(node) and scalars.is_null(node.value)


def _is_plain(node: yaml.Node) -> bool:
    """Tell whether a node is text without quotes."""
    return isinstance(node, yaml.ScalarNode) and node.style is None
