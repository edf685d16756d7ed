"""`settings` of the source and of staging: names, types, choices and ranges.

What members say about each other is in `source_rules.py` and `staging_rules.py`.
"""

from collections.abc import Iterator, Mapping

from pydantic_core import PydanticCustomError

from dmslake.spec.display import quoted
from dmslake.spec.members import Member, read_all
from dmslake.spec.mistakes import KEY, Placed, mistake, nearest
from dmslake.spec.model.names import role_arn
from dmslake.spec.service_model import members

Refused = Mapping[str, str]
"""Members that the spec does not take in `settings`, each with the sentence that says why."""


def read_settings(
    structure: str, given: Mapping[str, object], refused: Refused
) -> tuple[dict[str, object], list[Placed]]:
    """Check settings against botocore's model.

    Args:
        structure: the member of CreateEndpoint that holds them, such as `PostgreSQLSettings`.
        given: the settings as written, names in snake_case.
        refused: members that something else decides.

    Returns:
        the settings with their values in DMS's own words, and all mistakes.
    """
    if not given:
        return {}, []
    usable = {name: m for name, m in members(structure).items() if name not in refused}
    values, found = read_all(usable, given)
    found += _unknown(usable, given, refused)
    found += _roles(values)
    return values, found


def written(given: Mapping[str, object]) -> Mapping[str, object]:
    """Return the settings that have a value."""
    return {name: value for name, value in given.items() if value is not None}


def in_words_of_dms(structure: str, settings: Mapping[str, object]) -> dict[str, object]:
    """Return settings by the names that DMS has for them; the inverse of reading them."""
    if not settings:
        return {}
    known = members(structure)
    return {known[name].name: value for name, value in settings.items()}


def _unknown(
    usable: Mapping[str, Member], given: Mapping[str, object], refused: Refused
) -> Iterator[Placed]:
    for name in given:
        if name in refused:
            yield (name, KEY), mistake(refused[name], fix="leave it out")
        elif name not in usable:
            yield (name, KEY), mistake("unknown setting", fix=_meant(name, usable, refused))


def _meant(name: str, usable: Mapping[str, Member], refused: Refused) -> str:
    near = nearest(name, [*usable, *refused])
    if not near:
        return f"known here: {', '.join(usable)}"
    return f"did you mean {quoted(near)}?" + (f" It is {refused[near]}" if near in refused else "")


def _roles(values: Mapping[str, object]) -> Iterator[Placed]:
    for name, value in values.items():
        if name.endswith("role_arn") and isinstance(value, str):
            try:
                role_arn(value)
            except PydanticCustomError as error:
                yield (name,), error
