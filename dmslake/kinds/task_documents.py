"""The two JSON documents of a task: how they are written, and how those found are compared.

Pure. DMS returns both with what it has added: nulls, defaults, the place of the log. Sent back as
they were read they are refused, so that what is sent is always written anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, cast

Rules = tuple[Mapping[str, object], ...]
Settings = Mapping[str, object]

SETTINGS_TAG = "dmslake:task-settings"
START_TAG = "dmslake:task-start"
_LOGGING = "Logging"
_COMPONENTS = "LogComponents"
# DMS fills them in, and refuses to be told.
_SET_BY_DMS = ("CloudWatchLogGroup", "CloudWatchLogStream")
_DIGITS = 16


def mappings_document(rules: Rules) -> str:
    """Return the table mappings as DMS takes them."""
    return json.dumps({"rules": _without_nulls(rules)})


def settings_document(settings: Settings) -> str:
    """Return the task settings as DMS takes them.

    The context of the log cannot stay on when the log is turned off.
    """
    written = _wanted(settings)
    log = written.get(_LOGGING)
    if isinstance(log, dict) and log.get("EnableLogging") is False:
        written[_LOGGING] = {"EnableLogContext": False, **log}
    return json.dumps(written)


def logging_document(settings: Settings) -> str:
    """Return the part of the task settings that may change while the task runs."""
    return json.dumps({_LOGGING: _wanted(settings).get(_LOGGING, {})})


def settings_digest(settings: Settings) -> str:
    """Return what tells one set of task settings from another."""
    return digest(json.dumps(_wanted(settings), sort_keys=True))


def digest(text: str) -> str:
    """Return what tells one text from another, in letters that a tag takes."""
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


def mapping_attributes(rules: Iterable[Mapping[str, object]]) -> dict[str, object]:
    """Return the rules by id, and the exact set of ids.

    By id, because DMS may return them in another order and with nulls added; the set makes a rule
    that we do not want a difference, too.
    """
    by_id = {str(rule.get("rule-id", f"#{n}")): _rule(rule) for n, rule in enumerate(rules)}
    return {"mappings": by_id, "mapping_rules": tuple(sorted(by_id))}


def settings_attributes(settings: Settings) -> dict[str, object]:
    """Return the settings, and the severities of the log's components by name.

    Apart, because severities are the only settings that a running task takes.
    """
    wanted = _wanted(settings)
    log = wanted.get(_LOGGING)
    severities: dict[str, object] | None = None
    if isinstance(log, dict) and _COMPONENTS in log:
        severities = {str(c.get("Id")): c.get("Severity") for c in log[_COMPONENTS]}
        wanted[_LOGGING] = {name: value for name, value in log.items() if name != _COMPONENTS}
    return {"settings": wanted, "log_severities": severities}


def found_mappings(document: str | None) -> dict[str, object]:
    """Return the attributes of the mappings that DMS describes."""
    return mapping_attributes(json.loads(document or "{}").get("rules") or ())


def found_settings(
    document: str | None, wanted: Settings, tags: Mapping[str, str]
) -> dict[str, object]:
    """Return the attributes of the settings that DMS describes.

    A setting that DMS does not know it drops without a word. When the tags say that these very
    settings were sent, what is missing was dropped, and sending it again would change nothing.
    """
    found = settings_attributes(cast("Settings", json.loads(document or "{}")))
    if tags.get(SETTINGS_TAG) == settings_digest(wanted):
        asked = settings_attributes(wanted)
        return {name: _filled(asked[name], value) for name, value in found.items()}
    return found


def _wanted(settings: Settings) -> dict[str, Any]:
    written = cast("dict[str, Any]", _without_nulls(settings))
    if isinstance(written.get(_LOGGING), dict):
        log = written[_LOGGING].items()
        written[_LOGGING] = {name: value for name, value in log if name not in _SET_BY_DMS}
    return written


def _without_nulls(value: object) -> object:
    if isinstance(value, Mapping):
        return {name: _without_nulls(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, list | tuple):
        return [_without_nulls(inner) for inner in value]
    return value


def _rule(rule: Mapping[str, object]) -> dict[str, object]:
    """Return one rule in the form in which rules are compared: no filters are an empty list."""
    plain = cast("dict[str, object]", _without_nulls(rule))
    return {"filters": [], **plain}


def _filled(asked: object, found: object) -> object:
    """Return what was found, together with what was asked for and is missing in it."""
    if not isinstance(asked, Mapping) or not isinstance(found, Mapping):
        return found
    kept = {name: _filled(asked.get(name), value) for name, value in found.items()}
    return {**{name: value for name, value in asked.items() if name not in found}, **kept}
