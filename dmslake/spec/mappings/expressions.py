"""Expressions in transformation rules, which SQLite evaluates row by row.

Checks what can be told without a database: quotes, brackets, header variables and the names of
functions. Source: DMS user guide, "Using transformation rule expressions".
"""

import re
from collections.abc import Iterator, Mapping

from dmslake.spec.display import quoted
from dmslake.spec.mappings.mistake import listed, nearest
from dmslake.spec.mappings.part import Part
from dmslake.spec.mappings.task import Task

_MEMBER = "expression"

FUNCTIONS = frozenset({
    "lower", "upper", "ltrim", "rtrim", "trim", "replace", "substr", "replacechars", "hex",
    "randomblob", "zeroblob", "abs", "random", "round", "max", "min", "coalesce", "ifnull",
    "nullif", "date", "time", "datetime", "julianday", "strftime", "hash_sha256",
    "operation_indicator",
})  # fmt: skip
"""The functions that AWS lists, in lower case."""

_SYNTAX = frozenset({
    "case", "when", "then", "else", "end", "and", "or", "not", "in", "is", "null", "like", "glob",
    "between", "cast", "exists", "select", "where", "values",
})  # fmt: skip

VARIABLES = (
    "$AR_H_STREAM_POSITION",
    "$AR_H_TIMESTAMP",
    "$AR_H_COMMIT_TIMESTAMP",
    "$AR_H_OPERATION",
    "$AR_H_CHANGE_SEQ",
    "$AR_H_USER",
    "$AR_M_SOURCE_SCHEMA",
    "$AR_M_SOURCE_TABLE_NAME",
    "$AR_M_SOURCE_COLUMN_NAME",
    "$AR_M_SOURCE_COLUMN_DATATYPE",
    "$AR_M_MODIFIED_SCHEMA",
    "$AR_M_MODIFIED_TABLE_NAME",
)
_ELSEWHERE = {
    "$SCHEMA_NAME_VAR": "$AR_M_SOURCE_SCHEMA",
    "$TABLE_NAME_VAR": "$AR_M_SOURCE_TABLE_NAME",
}
_CURLY = re.compile("[\u2018\u2019\u201c\u201d\u201e]")
_TEXT = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")
_QUOTE = re.compile("['\"]")
_CALL = re.compile(r"(?<![\w$])([A-Za-z_]\w*)\s*\(")
_VARIABLE = re.compile(r"\$\{?\w+\}?")
_INDICATOR = re.compile(r"(?i)(?<![\w$])operation_indicator\s*\(([^()]*)\)")
_INDICATED = 3
_LIKE_A_FUNCTION = 0.75


def check(rule: Part, task: Task) -> None:
    """Check the `expression` of a rule."""
    expression = rule.optional_text(_MEMBER)
    if expression is None:
        return
    curly = _CURLY.search(_TEXT.sub("", expression))
    if curly:
        rule.error(_MEMBER, f"{quoted(curly[0])} is no quote for SQLite", "write straight quotes")
        return
    code = _TEXT.sub("''", expression)
    _check_syntax(rule, code)
    _check_variables(rule, code, task)
    for name in _unknown_functions(code):
        near = nearest(name, FUNCTIONS, likeness=_LIKE_A_FUNCTION)
        rule.warning(
            _MEMBER,
            f"AWS does not list the function {quoted(name)}",
            f"did you mean {quoted(near)}?" if near else f"AWS lists {listed(sorted(FUNCTIONS))}",
        )


def _check_syntax(rule: Part, code: str) -> None:
    opened = _QUOTE.search(code.replace("''", ""))
    if opened:
        rule.error(
            _MEMBER, f"what begins with {opened[0]} does not end", f"close it with {opened[0]}"
        )
    elif not _is_balanced(code):
        rule.error(_MEMBER, "brackets do not match", "give each ( its )")
    for arguments in _INDICATOR.findall(code):
        count = arguments.count(",") + 1 if arguments.strip() else 0
        if count != _INDICATED:
            rule.error(
                _MEMBER,
                f"operation_indicator takes 3 arguments, not {count}",
                "give the values for delete, update and insert: operation_indicator('D', 'U', 'I')",
            )


def _is_balanced(code: str) -> bool:
    depth = 0
    for character in code:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth < 0:
            return False
    return depth == 0


def _check_variables(rule: Part, code: str, task: Task) -> None:
    for written in dict.fromkeys(_VARIABLE.findall(code)):
        _check_variable(rule, written, task)


def _check_variable(rule: Part, written: str, task: Task) -> None:
    if written in _ELSEWHERE:
        message = f"{quoted(written)} is not a variable of DMS: it is read as a column"
        rule.warning(_MEMBER, message, f"use {_ELSEWHERE[written]}")
    elif written == "$AR_H_USER" and not task.reads_users:
        message = f"{quoted(written)} is empty for {task.engine}: Oracle and SQL Server only"
        rule.warning(_MEMBER, message)
    elif written.upper().startswith("$AR_") and written not in VARIABLES:
        near = _meant(written)
        fix = f"did you mean {quoted(near)}?" if near else f"DMS has {listed(VARIABLES)}"
        rule.error(_MEMBER, f"{quoted(written)} is not a variable of DMS", fix)
    elif written.startswith("${"):
        fix = f"write ${written.strip('${}')}"
        rule.error(_MEMBER, f"{quoted(written)}: columns stand without braces", fix)


def _meant(written: str) -> str:
    lower: Mapping[str, str] = {name.lower().replace("_", "-"): name for name in VARIABLES}
    return lower.get(nearest(written, lower), "")


def _unknown_functions(code: str) -> Iterator[str]:
    for name in dict.fromkeys(_CALL.findall(code)):
        if name.lower() not in FUNCTIONS | _SYNTAX:
            yield name
