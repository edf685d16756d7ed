"""The values of a spec as its cross-checks see them: sound ones only."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dmslake.spec.document import UNUSABLE, Document, Path
from dmslake.spec.engines import ENGINES, EngineRules
from dmslake.spec.section import from_environment


@dataclass(frozen=True)
class Values:
    """A document, the paths that have findings, and the table mapping's rules."""

    document: Document
    spoiled: frozenset[Path]
    rules: tuple[Mapping[str, object], ...]

    def sound(self, path: Path) -> bool:
        """Tell whether neither a value nor anything above it has a finding."""
        return not any(path[:length] in self.spoiled for length in range(len(path) + 1))

    def written(self, *path: str) -> bool:
        """Tell whether a value is written and sound."""
        return self.sound(path) and self.document.values.get(path) not in (None, UNUSABLE)

    def missing(self, *path: str) -> bool:
        """Tell whether a value is not written where one could be."""
        return self.sound(path) and self.document.values.get(path) is None

    def text(self, *path: str, default: str | None = None) -> str | None:
        """Return a sound value; `default` if it is not written, None if it is not sound."""
        if not self.sound(path):
            return None
        value = self.document.values.get(path)
        return value if isinstance(value, str) else default

    def on(self, *path: str) -> bool | None:
        """Tell whether a switch is on; None if it is not sound."""
        if not self.sound(path):
            return None
        return from_environment(self.document.values.get(path)) is True

    def number(self, *path: str, default: int) -> int | None:
        """Return a sound number; `default` if it is not written, None if it is not sound."""
        if not self.sound(path):
            return None
        value = self.document.values.get(path)
        number = default if value is None else from_environment(value)
        return number if isinstance(number, int) else None

    def items(self, above: Path) -> Iterator[tuple[Path, object]]:
        """Yield the sound entries of a list, each with its path."""
        for path, value in self.document.values.items():
            if path[:-1] == above and self.sound(path):
                yield path, value

    def fields(self, *above: str) -> Iterator[str]:
        """Yield the names of the written fields of a section."""
        for path, _ in self.items(above):
            if self.written(*map(str, path)):
                yield str(path[-1])

    def engine(self) -> str | None:
        """Return the source's engine if it is one."""
        return self.text("source", "engine")

    def engine_rules(self) -> EngineRules | None:
        """Return what is known about the source's engine."""
        return ENGINES.get(self.engine() or "")

    def kind(self) -> str | None:
        """Return the type of the replication."""
        return self.text("replication", "type", default="full-load-and-cdc")
