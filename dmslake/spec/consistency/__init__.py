"""What the sections of a spec, and the fields of one, say about each other.

Works on single values instead of whole sections, so that a contradiction is reported together
with the other mistakes of the file. A value that already has a finding takes no part.
"""

from collections.abc import Iterable, Iterator

from dmslake.spec.consistency import capture, places, source, storage, tables
from dmslake.spec.consistency.values import Values
from dmslake.spec.document import Document, Path
from dmslake.spec.mistakes import Placed
from dmslake.spec.surroundings import Surroundings

_CHECKS = (source.checks, tables.checks, capture.checks, storage.checks, places.checks)


def contradictions(
    document: Document, spoiled: Iterable[Path], around: Surroundings
) -> Iterator[Placed]:
    """Yield every contradiction with the path of the field that should change.

    Args:
        document: the spec as written.
        spoiled: the paths of all findings so far.
        around: what the checks of single fields have left.
    """
    values = Values(document, frozenset(spoiled), around.rules)
    for check in _CHECKS:
        yield from check(values)
