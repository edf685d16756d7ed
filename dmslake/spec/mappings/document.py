"""The table-mapping document as a whole: its shape, its rules one by one, then their relations.

Source: DMS user guide, "Specifying table selection and transformations rules using JSON".
"""

import json
from collections.abc import Callable, Iterator, Mapping
from math import isfinite

from dmslake.spec.display import quoted
from dmslake.spec.mappings import (
    identity,
    other_rules,
    post_processing,
    relations,
    selection,
    table_settings,
    transformations,
)
from dmslake.spec.mappings.mistake import (
    MappingMistake,
    Path,
    listed,
    mistake_at,
    nearest,
    shown,
)
from dmslake.spec.mappings.part import Part
from dmslake.spec.mappings.task import Task
from dmslake.spec.mappings.vocabulary import RULE_TYPE, know_any_members

MOST_BYTES = 2 * 1024 * 1024

_DEEPEST = 32
_MOST_BITS = 1024
_RULES = "rules"
_FORM = 'write {"rules": [{"rule-type": "selection", …}, …]}'
_CHECKS: Mapping[str, Callable[[Part, Task], None]] = {  # one for each of RULE_TYPES
    "selection": selection.check,
    "transformation": transformations.check,
    "table-settings": table_settings.check,
    "post-processing": post_processing.check,
    "validation": other_rules.check_validation,
    "object-mapping": other_rules.check_object_mapping,
}


def check_rules(
    document: object, *, engine: str, replication_type: str | None = None
) -> list[MappingMistake]:
    """Check a table-mapping document for a task whose target is S3, without any call.

    Args:
        document: the document as parsed JSON: an object with the member "rules".
        engine: the DMS name of the source's engine, such as "postgres".
        replication_type: full-load, cdc or full-load-and-cdc, where it is known.

    Returns:
        Every mistake, in the order of the document; empty if there is none.
    """
    found = list(_not_json(document, ()))
    if found:
        return found
    parts = _read_rules(document, found)
    task = Task(engine=engine, replication_type=replication_type)
    for part in parts:
        _check_rule(part, task)
    if parts:
        identity.check_unique(parts)
        relations.check(parts, task)
    found += _too_large(document)
    return sorted(found, key=_place)


def rules_of(document: object) -> tuple[Mapping[str, object], ...]:
    """Return the rules of a document that `check_rules` found no errors in, as written."""
    rules = document.get(_RULES) if isinstance(document, Mapping) else None
    if not isinstance(rules, list | tuple):
        return ()
    return tuple(rule for rule in rules if isinstance(rule, Mapping))


def _place(mistake: MappingMistake) -> int:
    """Sort by rule, and what is about the document first; the rest stays as found."""
    rule = mistake.path[1] if len(mistake.path) > 1 else -1
    return rule if isinstance(rule, int) else -1


def _read_rules(document: object, found: list[MappingMistake]) -> list[Part]:
    if not isinstance(document, Mapping):
        message = f"expected an object with rules, not {shown(document)}"
        found.append(mistake_at((), message, _FORM))
        return []
    whole = Part(members=document, path=(), rule_id="", found=found)
    if "TableMappings" in document:
        whole.error("TableMappings", "a form of table mappings that DMS no longer takes", _FORM)
    else:
        whole.know((_RULES,))
    if found or whole.missing(_RULES, _FORM):
        return []
    rules = whole.parts(_RULES)
    if document[_RULES] in ([], ()):
        whole.error(_RULES, "empty", "add a selection rule")
    return [_with_id(rule) for rule in rules]


def _with_id(rule: Part) -> Part:
    rule_id = identity.id_of(rule.members)
    return Part(members=rule.members, path=rule.path, rule_id=rule_id, found=rule.found)


def _check_rule(rule: Part, task: Task) -> None:
    if other_rules.is_graph_mapping(rule):
        message = "a rule of a graph mapping for Neptune, and the target of this pipeline is S3"
        rule.error("", message, "remove the rule")
        return
    identity.check(rule)
    kind = _type_of(rule)
    if kind is not None:
        _CHECKS[kind](rule, task)
    elif rule.members.get(RULE_TYPE) is None:
        know_any_members(rule)


def _type_of(rule: Part) -> str | None:
    kind = rule.members.get(RULE_TYPE)
    if isinstance(kind, str) and kind not in _CHECKS and not nearest(kind, _CHECKS):
        ours = [name for name in _CHECKS if name != "object-mapping"]
        rule.error(RULE_TYPE, f"{quoted(kind)} is not a type of rule", f"use {listed(ours)}")
        return None
    return rule.choice(RULE_TYPE, _CHECKS)


def _too_large(document: object) -> list[MappingMistake]:
    """Measure the document as DMS gets it: JSON without spaces."""
    size = len(json.dumps(document, default=dict, separators=(",", ":")))
    if size <= MOST_BYTES:
        return []
    message = f"{size} bytes as JSON, and DMS takes {MOST_BYTES} (2 MB)"
    fix = "use wildcards instead of single tables, or divide the tables between pipelines"
    return [mistake_at((_RULES,), message, fix)]


def _not_json(value: object, path: Path) -> Iterator[MappingMistake]:
    """Find what JSON cannot hold, in documents that did not come from JSON."""
    if len(path) > _DEEPEST:
        yield mistake_at(path[:1], f"deeper than {_DEEPEST} levels")
    elif isinstance(value, Mapping):
        for name, each in value.items():
            if isinstance(name, str):
                yield from _not_json(each, (*path, name))
            else:
                yield mistake_at(path, "a member's name is no text", "put it in quotes")
    elif isinstance(value, list | tuple):
        for index, each in enumerate(value):
            yield from _not_json(each, (*path, index))
    elif not _is_plain(value):
        yield mistake_at(path, "no value of JSON", "put it in quotes")


def _is_plain(value: object) -> bool:
    if isinstance(value, float):
        return isfinite(value)
    if isinstance(value, int):
        return value.bit_length() <= _MOST_BITS
    return value is None or isinstance(value, str)
