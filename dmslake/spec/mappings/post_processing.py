"""Post-processing rules: tags on the objects that DMS writes to S3.

Source: DMS user guide, "Using Amazon S3 target object tagging", and S3's limits for tags.
"""

import re

from dmslake.spec.display import quoted
from dmslake.spec.mappings.locator import SCHEMA, TABLE, Shape, read_locator
from dmslake.spec.mappings.mistake import nearest, shown
from dmslake.spec.mappings.part import Part
from dmslake.spec.mappings.task import Task
from dmslake.spec.mappings.vocabulary import RULE_ACTION, know_members

MOST_TAGS = 10
LONGEST_KEY = 128
LONGEST_VALUE = 256
PLACEHOLDERS = (SCHEMA, TABLE)

_TAG_SET = "tag-set"
_SHAPE = Shape(required=(SCHEMA, TABLE), whose="post-processing rules")
_PLACEHOLDER = re.compile(r"\$\{([^}]*)\}")
_UNUSABLE = re.compile(r"[^\w\s+\-=.:/@]")


def check(rule: Part, task: Task) -> None:  # noqa: ARG001  # all checks of rules have this form
    """Check one post-processing rule."""
    know_members(rule, (_TAG_SET,))
    rule.choice(RULE_ACTION, ("add-tag",))
    read_locator(rule, _SHAPE)
    if rule.missing(_TAG_SET, 'add "tag-set": [{"key": "…", "value": "…"}]'):
        return
    tags = rule.parts(_TAG_SET)
    count = rule.count(_TAG_SET)
    if not rule.has(_TAG_SET):
        rule.error(_TAG_SET, "empty", "add a tag or remove the rule")
    if count > MOST_TAGS:
        message = f"{count} tags, and S3 takes {MOST_TAGS} for an object"
        rule.error(_TAG_SET, message, f"keep {MOST_TAGS} at most")
    for tag in tags:
        _check_tag(tag)
    _check_repetition(tags)


def _check_tag(tag: Part) -> None:
    tag.know(("key", "value"))
    key = tag.text("key")
    if key is not None:
        _check_text(tag, "key", key, LONGEST_KEY)
        if key.lower().startswith("aws:"):
            tag.error("key", f'{quoted(key)} begins with "aws:", which AWS keeps for itself')
    value = tag.members.get("value")
    if isinstance(value, str):
        _check_text(tag, "value", value, LONGEST_VALUE)
    elif not tag.missing("value"):
        tag.error("value", f"expected text, not {shown(value)}", "put it in quotes")


def _check_text(tag: Part, name: str, text: str, longest: int) -> None:
    for placeholder in _PLACEHOLDER.findall(text):
        if placeholder not in PLACEHOLDERS:
            near = nearest(placeholder, PLACEHOLDERS)
            fix = f"did you mean ${{{near}}}?" if near else "DMS knows these two only"
            known = " nor ".join(f"${{{each}}}" for each in PLACEHOLDERS)
            tag.error(name, f"{quoted(f'${{{placeholder}}}')} is neither {known}", fix)
    fixed = _PLACEHOLDER.sub("", text)
    unusable = _UNUSABLE.search(fixed)
    if unusable:
        message = f"{quoted(unusable[0])} cannot stand in a tag of S3"
        tag.error(name, message, "use letters, digits, spaces and + - = . _ : / @")
    if len(fixed) > longest:
        message = f"{len(fixed)} characters, and S3 takes {longest}"
        tag.error(name, message, "shorten it")


def _check_repetition(tags: list[Part]) -> None:
    seen: set[object] = set()
    for tag in tags:
        key = tag.members.get("key")
        if isinstance(key, str) and key in seen:
            tag.warning("key", f"{quoted(key)} is in this tag-set twice: one remains", "remove one")
        seen.add(key if isinstance(key, str) else None)
