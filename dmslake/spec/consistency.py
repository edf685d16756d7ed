"""What the sections of a spec say about each other.

Works on single values instead of whole sections, so that a contradiction is reported together
with the other mistakes of the file. A value that already has a finding takes no part.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pydantic_core import PydanticCustomError

from dmslake.spec.document import Document, Path
from dmslake.spec.engines import ENGINES
from dmslake.spec.mistakes import mistake
from dmslake.spec.model.names import normal_prefix

Contradiction = tuple[Path, PydanticCustomError]


_WITHOUT_REPETITION: tuple[Path, ...] = (
    ("tables", "include"),
    ("tables", "exclude"),
    ("replication", "network", "subnets"),
    ("replication", "network", "security_groups"),
)
_CSV_ONLY = ("csv_null_value", "max_file_size")


def contradictions(document: Document, spoiled: Iterable[Path]) -> Iterator[Contradiction]:
    """Yield every contradiction with the path of the field that should change.

    Args:
        document: the spec as written.
        spoiled: the paths of all findings so far.
    """
    values = _Values(document, frozenset(spoiled))
    for check in (_capture, _repetition, _exclusion, _format, _overlap):
        yield from check(values)


@dataclass(frozen=True)
class _Values:
    document: Document
    spoiled: frozenset[Path]

    def sound(self, path: Path) -> bool:
        """Tell whether neither a value nor anything above it has a finding."""
        return not any(path[:length] in self.spoiled for length in range(len(path) + 1))

    def text(self, *path: str, default: str | None = None) -> str | None:
        """Return a sound value; `default` if it is not written, None if it is not sound."""
        if not self.sound(path):
            return None
        value = self.document.values.get(path)
        return value if isinstance(value, str) else default

    def items(self, above: Path) -> Iterator[tuple[Path, object]]:
        """Yield the sound entries of a list, each with its path."""
        for path, value in self.document.values.items():
            if path[:-1] == above and self.sound(path):
                yield path, value


def _capture(values: _Values) -> Iterator[Contradiction]:
    """Some engines cannot tell DMS about changes."""
    engine = values.text("source", "engine")
    kind = values.text("replication", "type", default="full-load-and-cdc")
    if engine and kind and kind != "full-load" and not ENGINES[engine].captures_changes:
        message = f"DMS cannot capture changes from {engine}"
        yield ("replication", "type"), mistake(message, fix="write type: full-load")


def _repetition(values: _Values) -> Iterator[Contradiction]:
    """What stands in a list twice was meant to be something else."""
    for above in _WITHOUT_REPETITION:
        seen: set[object] = set()
        for path, value in values.items(above):
            if value in seen:
                yield path, mistake("{value} is in this list twice", fix="remove one of them")
            seen.add(value)


def _exclusion(values: _Values) -> Iterator[Contradiction]:
    """To leave out exactly what was asked for cannot be meant."""
    included = {value for _, value in values.items(("tables", "include"))}
    for path, value in values.items(("tables", "exclude")):
        if value in included:
            yield path, mistake("{value} is in tables.include as well", fix="remove one of them")


def _format(values: _Values) -> Iterator[Contradiction]:
    """DMS takes some settings for CSV only and ignores them for Parquet."""
    if values.text("staging", "format") != "parquet":
        return
    for name in _CSV_ONLY:
        path = ("staging", "settings", name)
        if values.sound(path) and values.document.values.get(path) is not None:
            message = "this setting is for CSV only, and staging.format is parquet"
            yield path, mistake(message, fix="remove it, or write format: csv")


def _overlap(values: _Values) -> Iterator[Contradiction]:
    """A lake inside the staging folder would be loaded again and again, and the reverse expired."""
    staging, lake = values.text("staging", "bucket"), values.text("lake", "bucket")
    outer = values.text("staging", "prefix", default="")
    inner = values.text("lake", "prefix", default="")
    if staging is None or staging != lake or outer is None or inner is None:
        return
    if _contains(outer, inner) or _contains(inner, outer):
        message = "staging and lake are the same bucket, and one prefix is inside the other"
        fix = "give them different buckets, or prefixes such as staging and lake"
        yield ("lake", "prefix"), mistake(message, fix=fix)


def _contains(outer: str, inner: str) -> bool:
    folder = normal_prefix(outer) + "/"
    return folder == "/" or (normal_prefix(inner) + "/").startswith(folder)
