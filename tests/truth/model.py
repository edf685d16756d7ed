"""What botocore's service model says about a value and boto3 does not check before it sends it.

boto3 checks types, required members and minima. Enums, patterns and maxima are checked here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from tests.truth.mistake import Found

# Java's own classes, as the models use them. A letter is anything beyond Latin-1's signs.
_JAVA = {
    r"\p{L}": "A-Za-z\u00aa\u00b5\u00ba\u00c0-\U0010ffff",
    r"\p{N}": "0-9\u00b2\u00b3\u00b9\u0660-\u0669",
    r"\p{P}": re.escape("!\"#%&'()*,-./:;?@[\\]_{}"),
    r"\p{Z}": " \u00a0\u2000-\u200a",
    r"\uD800\uDC00-\uDBFF\uDFFF": "\U00010000-\U0010ffff",
    r"[\w-_]": r"[\w_-]",
}


def check(shape: Shape, value: object, path: str = "") -> Found:
    """Yield what the model forbids, for a member and for everything in it."""
    yield from _limits(shape, value, path)
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        for name, member in value.items():
            if name in shape.members:
                yield from check(shape.members[name], member, f"{path}.{name}" if path else name)
    elif isinstance(shape, ListShape) and isinstance(value, (list, tuple)):
        for number, item in enumerate(value):
            yield from check(shape.member, item, f"{path}[{number}]")
    elif isinstance(shape, MapShape) and isinstance(value, Mapping):
        for key, item in value.items():
            yield from check(shape.key, key, f"{path} key")
            yield from check(shape.value, item, f"{path}.{key}")


def _limits(shape: Shape, value: object, path: str) -> Found:
    if isinstance(value, str):
        allowed = getattr(shape, "enum", None)
        if allowed and value not in allowed:
            yield path, value, f"one of {', '.join(allowed)}"
        pattern = shape.metadata.get("pattern")
        if pattern and not compiled(pattern).fullmatch(value):
            yield path, value, f"matches {pattern}"
    size, unit = _size(shape, value)
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if size is not None and least is not None and size < least:
        yield path, value, f"at least {least}{unit}"
    if size is not None and most is not None and size > most:
        yield path, value, f"at most {most}{unit}"


def _size(shape: Shape, value: Any) -> tuple[float | None, str]:
    if isinstance(value, bool):
        return None, ""
    if isinstance(value, (int, float)):
        return value, ""
    if isinstance(value, str):
        return len(value), " characters"
    if isinstance(value, (bytes, bytearray)):
        return len(value), " bytes"
    if isinstance(value, (list, tuple, Mapping)) and not isinstance(shape, StructureShape):
        return len(value), " items"
    return None, ""


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """Return a model's pattern, which is Java's, as Python's."""
    for java, python in _JAVA.items():
        pattern = pattern.replace(java, python)
    return re.compile(pattern)
