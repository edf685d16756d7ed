"""Whether a layout can send two staged objects, or two arrivals of one, to the same lake key.

A layout is accepted only if its keys can be read backwards in one way. The argument: everything
before some point is read from the left and everything after it from the right, each part ending
where it must (a slash ends a segment, a fixed token ends by itself), so that at most one part of
unknown length is left in the middle. Layouts that this argument does not cover are refused, even
where a cleverer one might save them.
"""

from collections.abc import Iterator, Sequence

from dmslake.lake.tokens import Shape, Token

Part = str | Token
"""A piece of a template: literal text, or a token."""

_LOSSES = {
    "stamp": "a file written again under its name would replace its earlier copy",
    "schema": "tables of one name in two schemas would overwrite each other",
    "table": "LOAD00000001.csv of two tables would overwrite each other",
    "stem": "files of one table would overwrite each other",
    "ext": "files that differ only in their extension would overwrite each other",
}


def collisions(parts: Sequence[Part]) -> list[str]:
    """Name every reason why two objects could get one key; none means that no two can."""
    missing = list(_missing(parts))
    return missing or list(_ambiguities(parts))


def _missing(parts: Sequence[Part]) -> Iterator[str]:
    names = {part.name for part in parts if isinstance(part, Token)}
    needed = ("stamp",) if "path" in names else tuple(_LOSSES)
    for name in needed:
        if name not in names:
            yield f"{{{name}}} is missing: {_loss(name, names)}"


def _loss(name: str, names: set[str]) -> str:
    if name == "stem" and "file" in names:
        return "{file} leaves out the folders below a table, so files of two would overwrite"
    return _LOSSES[name]


def _ambiguities(parts: Sequence[Part]) -> Iterator[str]:
    middle = _unread(parts)
    unknown = _open_ended(middle)
    if len(unknown) > 1 and not _is_rest(middle):
        one, other, *_ = unknown
        yield (
            f"a key does not tell where {{{one}}} ends and {{{other}}} begins, "
            "so two objects could share it"
        )


def _unread(parts: Sequence[Part]) -> Sequence[Part]:
    """Take off what can be read from the left, then what can be read from the right."""
    first, last = 0, len(parts) - 1
    while first <= last and _ends_by_itself(parts, first, neighbour=first + 1, edge=0):
        first += 1
    while first <= last and _ends_by_itself(parts, last, neighbour=last - 1, edge=-1):
        last -= 1
    return parts[first : last + 1]


def _ends_by_itself(parts: Sequence[Part], at: int, *, neighbour: int, edge: int) -> bool:
    part = parts[at]
    if isinstance(part, str) or part.shape is Shape.FIXED:
        return True
    beside = parts[neighbour] if 0 <= neighbour < len(parts) else ""
    return part.shape is not Shape.PATH and isinstance(beside, str) and beside[edge:][:1] == "/"


def _is_rest(middle: Sequence[Part]) -> bool:
    """Tell `{stem}…{ext}` whose gap marks where the extension begins, or that has no gap."""
    first, *gap, last = middle
    if not (_is_token(first, "stem") and _is_token(last, "ext")):
        return False
    return not gap or (not _open_ended(gap) and _marks_extension(gap))


def _is_token(part: Part, name: str) -> bool:
    return isinstance(part, Token) and part.name == name


def _open_ended(parts: Sequence[Part]) -> list[str]:
    return [
        part.name for part in parts if isinstance(part, Token) and part.shape is not Shape.FIXED
    ]


def _marks_extension(gap: Sequence[Part]) -> bool:
    # An extension is dots, ASCII letters and digits. So the last other character of a key is the
    # last other one of this gap's literals, and what follows it up to the first dot is the rest
    # of the gap, provided that the gap has no dot there.
    for part in reversed(gap):
        for character in reversed(part if isinstance(part, str) else ""):
            if character == ".":
                return False
            if not (character.isascii() and character.isalnum()):
                return True
    return False
