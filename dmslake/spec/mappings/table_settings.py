"""Table-settings rules: how single tables are loaded, and how much of their large objects."""

from dmslake.spec.mappings import parallel_load
from dmslake.spec.mappings.locator import SCHEMA, TABLE, Shape, must_be_exact, read_locator
from dmslake.spec.mappings.mistake import shown
from dmslake.spec.mappings.part import Part, whole_number
from dmslake.spec.mappings.task import Task
from dmslake.spec.mappings.vocabulary import know_members

LOB_MODES = ("limited", "unlimited", "none")

SETTINGS = ("parallel-load", "lob-settings")

_SIZE = "bulk-max-size"
_LARGEST_SIZE = 2**31 - 1
_SHAPE = Shape(required=(SCHEMA, TABLE), whose="table-settings rules")


def check(rule: Part, task: Task) -> None:
    """Check one table-settings rule."""
    know_members(rule, SETTINGS)
    locator = read_locator(rule, _SHAPE)
    if locator is not None:
        must_be_exact(locator, "table-settings rules take the name of one table")
    if all(rule.members.get(name) is None for name in SETTINGS):
        fix = "add one of them, or remove the rule"
        rule.error("parallel-load", "missing, as is lob-settings, so the rule sets nothing", fix)
    if rule.members.get("parallel-load") is not None:
        parallel_load.check(rule, task)
    if rule.members.get("lob-settings") is not None:
        _check_lobs(rule)


def _check_lobs(rule: Part) -> None:
    lobs = rule.part("lob-settings")
    if lobs is None:
        return
    lobs.know(("mode", _SIZE))
    mode = lobs.optional_choice("mode", LOB_MODES) or "limited"
    lobs.number(_SIZE, 0, _LARGEST_SIZE)
    if mode == "unlimited":
        lobs.warning(
            "mode",
            '"unlimited": S3 targets have no full LOB mode, so DMS limits LOBs or refuses the task',
            f'use "limited" with a {_SIZE} in KB',
        )
    elif mode == "limited" and lobs.members.get("mode") in (None, mode):
        _check_size(lobs)


def _check_size(lobs: Part) -> None:
    size = lobs.members.get(_SIZE)
    if size is None:
        lobs.error(_SIZE, "missing, and the mode limited needs it", "write the KB to keep")
    elif whole_number(size) == 0:
        message = f"{shown(size)} keeps nothing of a LOB in the mode limited"
        lobs.error(_SIZE, message, "write the KB to keep")
