"""Extra connection attributes: `name=value;name=value`.

DMS keeps them in one store with the endpoint's settings, so nothing may stand in both. Values are
never quoted in a message: they may hold what should not be there.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from dmslake.spec.mistakes import mistake
from dmslake.spec.section import filled

_PAIR = re.compile(r"\s*([A-Za-z][A-Za-z0-9_]*)=(.*)")
_SECRET = re.compile(r"(?i)passw|pwd|secret(?!s?manager)|token")


def attribute_names(text: str) -> tuple[str, ...]:
    """Return the names in extra connection attributes that have been checked."""
    return tuple(part.partition("=")[0].strip() for part in text.split(";") if part)


def check_attributes(text: str, settings: Iterable[str], decided: Mapping[str, str]) -> str:
    """Check extra connection attributes against the endpoint's settings.

    Args:
        text: the attributes as written.
        settings: names that stand in `settings` as well, in snake_case.
        decided: names that something else decides, each with the sentence that says what.
    """
    for part in filled(text).rstrip(";").split(";"):
        if not _PAIR.fullmatch(part):
            fix = 'write name=value pairs with ";" between them'
            raise mistake("not extra connection attributes", fix=fix)
    names = attribute_names(text)
    secrets = [name for name in names if _SECRET.search(name)]
    if secrets:
        fix = "use source.password or source.secret"
        detail = f"{secrets[0]} looks like a secret, which must not stand here"
        raise mistake("what looks like a secret must not stand here", detail=detail, fix=fix)
    for message in _conflicts(names, settings, decided):
        raise mistake(message, fix="remove it here")
    return text


def _conflicts(
    names: Iterable[str], settings: Iterable[str], decided: Mapping[str, str]
) -> Iterator[str]:
    here = {_folded(name) for name in names}
    for setting in settings:
        if _folded(setting) in here:
            yield f"{setting} stands in settings, too"
    for setting, sentence in decided.items():
        if _folded(setting) in here:
            yield f"{setting} is {sentence}"


def _folded(name: str) -> str:
    return name.lower().replace("_", "")
