"""Which of several rules on the same object applies: the others have no effect.

Source: DMS user guide, "Transformation rules and actions" (the lower rule-id wins) and "Using
Amazon S3 target object tagging" (the best match, else the first).
"""

from collections.abc import Iterable, Sequence

from dmslake.spec.display import quoted
from dmslake.spec.mappings.located import Located, TableIndex, grouped
from dmslake.spec.mappings.locator import OBJECT_LOCATOR
from dmslake.spec.mappings.names import covers, meet
from dmslake.spec.mappings.table_settings import SETTINGS
from dmslake.spec.mappings.transformations import TARGETS
from dmslake.spec.mappings.vocabulary import RULE_ID

_MASKING = "data-masking-"
_ADDING = "add-column"
# They add columns or lists of columns and stand beside other actions.
_REPEATABLE = (_ADDING, "add-before-image-columns", "include-column")


def check(rules: Sequence[Located]) -> None:
    """Warn of rules that others leave no effect."""
    transformations = [rule for rule in rules if rule.kind == "transformation"]
    _check_shadows(transformations)
    _check_renames(transformations)
    _check_added_columns([rule for rule in transformations if rule.action == _ADDING])
    _check_masking(transformations)
    _check_tags([rule for rule in rules if rule.kind == "post-processing"])
    _check_settings([rule for rule in rules if rule.kind == "table-settings"])


def _check_shadows(transformations: Sequence[Located]) -> None:
    """Warn of a rule all of whose objects a rule with a lower id takes already."""
    single = [
        rule
        for rule in transformations
        if rule.action not in _REPEATABLE and not rule.action.startswith(_MASKING)
    ]
    for target in TARGETS:
        rules = [rule for rule in single if rule.target == target]
        index = TableIndex(rules)
        for rule in rules:
            winner = _lowest(each for each in index.covering(rule) if _same_columns(each, rule))
            if winner and winner.number < rule.number:
                message = f"no effect: {winner.name} applies to the same {target}s"
                fix = "DMS applies one action to an object, that of the lowest id"
                rule.part.warning(OBJECT_LOCATOR, message, fix)


def _lowest(rules: Iterable[Located]) -> Located | None:
    return min(rules, key=lambda rule: rule.number, default=None)


def _same_columns(winner: Located, rule: Located) -> bool:
    return covers(winner.column, rule.column) and winner.data_type in ("", rule.data_type)


def _check_renames(transformations: Sequence[Located]) -> None:
    """Warn of two tables of a schema, or columns of a table, that get one name."""
    seen: dict[tuple[str, ...], Located] = {}
    for rule in transformations:
        value = rule.part.members.get("value")
        if rule.action != "rename" or rule.target not in ("table", "column") or not value:
            continue
        inside = rule.table if rule.target == "column" else ""
        first = seen.setdefault((rule.target, rule.schema, inside, str(value)), rule)
        if first is not rule and (first.table, first.column) != (rule.table, rule.column):
            message = f"{quoted(str(value))} is the new name in {first.name} as well"
            rule.part.warning("value", message, "give every one its own name")


def _check_added_columns(adding: Sequence[Located]) -> None:
    for name, same in grouped(adding, _made_column).items():
        index = TableIndex(same)
        for rule in same:
            first = _lowest(index.meeting(rule))
            if first and first.number < rule.number:
                message = f"{first.name} adds {quoted(name)} to the same tables"
                rule.part.warning("value", message, "give the column another name")


def _check_masking(transformations: Sequence[Located]) -> None:
    """Warn of a mask that comes before the rule that makes its column."""
    makers = TableIndex(
        rule for rule in transformations if rule.action in (_ADDING, "change-data-type")
    )
    for rule in transformations:
        if not rule.action.startswith(_MASKING):
            continue
        later = [
            maker
            for maker in makers.meeting(rule)
            if maker.number > rule.number and meet(_made_column(maker), rule.column)
        ]
        if later:
            message = f"{later[0].name} is about the same column and has the higher id"
            fix = f"give {later[0].action} the lower id, so that it comes first"
            rule.part.warning(RULE_ID, message, fix)


def _made_column(rule: Located) -> str:
    return str(rule.part.members["value"]) if rule.action == _ADDING else rule.column


def _check_tags(tagging: Sequence[Located]) -> None:
    seen: dict[str, Located] = {}
    for rule in tagging:
        first = seen.setdefault(rule.tables, rule)
        if first is not rule:
            message = f"no effect: {first.name} has the same locator, and DMS applies one rule"
            rule.part.warning(OBJECT_LOCATOR, message, "put all tags into one rule")


def _check_settings(settings: Sequence[Located]) -> None:
    seen: dict[tuple[str, str], Located] = {}
    for rule in settings:
        for name in SETTINGS:
            if rule.part.members.get(name) is None:
                continue
            first = seen.setdefault((rule.tables, name), rule)
            if first is not rule:
                message = f"{first.name} sets it for the same table"
                rule.part.warning(name, message, "keep one of them")
