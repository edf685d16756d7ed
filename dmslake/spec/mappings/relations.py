"""What the rules of a document say about each other.

Looks at rules without errors only, and warns of those that can have no effect: they are
misspelt names in most cases.
"""

from collections.abc import Sequence

from dmslake.spec.display import quoted
from dmslake.spec.mappings import letter_case, precedence
from dmslake.spec.mappings.located import Located, TableIndex, located
from dmslake.spec.mappings.locator import OBJECT_LOCATOR
from dmslake.spec.mappings.part import Part
from dmslake.spec.mappings.task import Task
from dmslake.spec.mappings.vocabulary import RULE_ACTION, RULE_TYPE, RULE_TYPES

_SELECTION = "selection"
_EXCLUDE = "exclude"
_MOST_PATTERNS = 300  # more take too long, as each is compared with each


def check(rules: list[Part], task: Task) -> None:
    """Check the rules of a document together."""
    selections = [rule for rule in rules if rule.members.get(RULE_TYPE) == _SELECTION]
    if not selections:
        _note_no_selection(rules)
        return
    sound = located(rules)
    selected = [rule for rule in sound if rule.kind == _SELECTION]
    if len(selected) < len(selections):
        return
    if all(rule.action == _EXCLUDE for rule in selected):
        _note_nothing_included(selections[0])
    elif sum(rule.is_pattern for rule in sound) <= _MOST_PATTERNS:
        _check_together(sound, selected)
        letter_case.check(selected, task)


def _note_no_selection(rules: list[Part]) -> None:
    if all(rule.members.get(RULE_TYPE) in RULE_TYPES for rule in rules):
        rules[0].error(
            RULE_TYPE,
            "there is no selection rule in the document, so this rule has no tables to apply to",
            'add a rule with "rule-type": "selection" and "rule-action": "include"',
        )


def _note_nothing_included(first: Part) -> None:
    first.error(
        RULE_ACTION,
        "the document only excludes, so the task takes no table",
        'add a selection rule with "rule-action": "include"',
    )


def _check_together(sound: Sequence[Located], selected: Sequence[Located]) -> None:
    included = [rule for rule in selected if rule.action != _EXCLUDE]
    excludes = TableIndex(rule for rule in selected if rule.action == _EXCLUDE)
    _check_repetition(selected)
    _check_exclusion(included, excludes)
    precedence.check(sound)
    reach = _Reach(included)
    for rule in sound:
        if rule.action == _EXCLUDE:
            reach.check(rule, "remove the rule")
        elif rule.kind != _SELECTION and reach.check(rule, "correct the names or select them"):
            _check_cover(rule, excludes)


def _check_repetition(selected: Sequence[Located]) -> None:
    seen: dict[tuple[str, ...], Located] = {}
    for rule in selected:
        key = (rule.action, rule.schema, rule.table, rule.table_type)
        first = seen.setdefault(key, rule)
        if first is not rule:
            rule.part.warning(OBJECT_LOCATOR, f"the same as in {first.name}", "remove one of them")


def _check_exclusion(included: Sequence[Located], excludes: TableIndex) -> None:
    """Note include rules of which nothing is left; that all are so is an error."""
    pairs = [(rule, excludes.covering(rule)) for rule in included]
    nothing_left = all(cover for _, cover in pairs)
    for rule, cover in pairs:
        if cover:
            note = rule.part.error if nothing_left else rule.part.warning
            message = f"{cover[0].name} excludes every table that this rule selects"
            note(OBJECT_LOCATOR, message, "remove one of them; exclude always wins")


def _check_cover(rule: Located, excludes: TableIndex) -> None:
    cover = excludes.covering(rule)
    if cover:
        message = f"no effect: {cover[0].name} excludes these tables"
        rule.part.warning(OBJECT_LOCATOR, message, "remove one of them")


class _Reach:
    """The tables that are selected, to find rules about others."""

    def __init__(self, included: Sequence[Located]) -> None:
        self._includes = TableIndex(included)
        self._folded = TableIndex(rule.folded() for rule in included)
        self._by_path = {rule.part.path: rule for rule in included}

    def check(self, rule: Located, fix: str) -> bool:
        """Tell whether a table of the rule may be selected, and warn if none is."""
        if self._includes.meeting(rule):
            return True
        message = f"no effect: no rule selects {quoted(rule.tables)}"
        alike = self._folded.meeting(rule.folded())
        if alike:
            same = self._by_path[alike[0].part.path]
            message += f"; letter case counts, and {same.name} selects {quoted(same.tables)}"
        rule.part.warning(OBJECT_LOCATOR, message, fix)
        return False
