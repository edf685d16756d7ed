"""What identifies a rule: its id, which also decides between rules, and its name."""

from collections.abc import Mapping

from dmslake.spec.display import quoted
from dmslake.spec.mappings.mistake import shown
from dmslake.spec.mappings.part import Part
from dmslake.spec.mappings.vocabulary import RULE_ID, RULE_NAME

_MOST_DIGITS = 18


def id_of(members: Mapping[str, object]) -> str:
    """Return the digits of a rule's id without leading zeros; empty if it has none."""
    written = members.get(RULE_ID)
    if isinstance(written, bool) or not isinstance(written, int | str):
        return ""
    if isinstance(written, int):
        return str(written) if 0 <= written < 10**_MOST_DIGITS else ""
    digits = written.isascii() and written.isdigit() and len(written) <= _MOST_DIGITS
    return str(int(written)) if digits else ""


def check(rule: Part) -> None:
    """Check the id and the name of one rule."""
    if not rule.missing(RULE_ID, "add a number that no other rule has") and not rule.rule_id:
        rule.error(
            RULE_ID, f"{shown(rule.members[RULE_ID])} is not a number", 'write digits, such as "1"'
        )
    if rule.missing(RULE_NAME, "add a name that no other rule has"):
        return
    name = rule.members[RULE_NAME]
    if isinstance(name, bool) or not isinstance(name, str | int) or name == "":
        rule.error(RULE_NAME, f"expected a name, not {shown(name or None)}", "write a text")


def check_unique(rules: list[Part]) -> None:
    """Note ids that several rules have, as errors, and names, as warnings."""
    highest = max((int(rule.rule_id) for rule in rules if rule.rule_id), default=0)
    ids: dict[str, Part] = {}
    names: dict[str, Part] = {}
    for rule in rules:
        first = ids.setdefault(rule.rule_id, rule)
        repeated = first is not rule and rule.rule_id != ""
        if repeated:
            message = f"{rule.rule_id} is the id of {_name(first)} already, and ids are unique"
            rule.error(RULE_ID, message, f"use another number, such as {highest + 1}")
        name = rule.members.get(RULE_NAME)
        if isinstance(name, str) and name:
            namesake = names.setdefault(name, rule)
            if namesake is not rule and not repeated:
                _warn_of_name(rule, name, namesake)


def _warn_of_name(rule: Part, name: str, namesake: Part) -> None:
    message = f"{quoted(name)} is the name of {_name(namesake)} already, and names are unique"
    rule.warning(RULE_NAME, message, "use another name")


def _name(rule: Part) -> str:
    """Name a rule by its place, which no other rule shares."""
    return f"rules[{rule.path[1]}]"
