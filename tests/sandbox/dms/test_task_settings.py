from __future__ import annotations

import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from dmslake.sandbox.dms.faults import Fault
from dmslake.sandbox.dms.parameters import Json
from dmslake.sandbox.dms.task_defaults import DEFAULTS
from dmslake.sandbox.dms.task_settings import apply_settings, same_but_for_severities

CHOSEN = {
    "TargetTablePrepMode",
    "TableErrorPolicy",
    "DataErrorPolicy",
    "MaxFullLoadSubTasks",
    "CommitRate",
    "LogComponents",
    "CloudWatchLogGroup",
    "CloudWatchLogStream",
    "EnableLogContext",
    "BatchApplyEnabled",
    "FullLobMode",
}


def section(settings: Json, name: str) -> Json:
    value = settings[name]
    assert isinstance(value, dict)
    return value


def test_no_settings_are_the_defaults() -> None:
    assert apply_settings(None) == DEFAULTS
    assert apply_settings("{}") == DEFAULTS


def test_what_is_absent_or_null_keeps_its_value() -> None:
    settings = apply_settings('{"FullLoadSettings": {"CommitRate": null}, "ErrorBehavior": null}')

    assert settings == DEFAULTS


def test_a_modification_lies_over_what_was_there() -> None:
    before = apply_settings('{"FullLoadSettings": {"CommitRate": 5}}')

    after = apply_settings('{"FullLoadSettings": {"MaxFullLoadSubTasks": 3}}', before)

    assert section(after, "FullLoadSettings")["CommitRate"] == 5
    assert section(after, "FullLoadSettings")["MaxFullLoadSubTasks"] == 3
    assert section(before, "FullLoadSettings")["MaxFullLoadSubTasks"] == 8


def test_validation_settings_appear_once_they_are_sent() -> None:
    settings = apply_settings('{"ValidationSettings": {"ThreadCount": 3}}')

    assert "ValidationSettings" not in DEFAULTS
    assert section(settings, "ValidationSettings")["ThreadCount"] == 3
    assert section(settings, "ValidationSettings")["EnableValidation"] is False


def test_a_section_that_is_null_by_default_takes_what_is_sent() -> None:
    image = {"EnableBeforeImage": False, "FieldName": "before"}

    assert apply_settings(json.dumps({"BeforeImageSettings": image}))["BeforeImageSettings"] == (
        image
    )


def test_what_was_read_can_be_sent_again() -> None:
    settings = apply_settings('{"Logging": {"EnableLogging": true}}')

    assert apply_settings(json.dumps(settings)) == settings


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("nonsense", "Invalid task settings JSON"),
        ("[]", "Invalid task settings JSON"),
        ('"{}"', "Invalid task settings JSON"),
        ('{"Logging": true}', "Invalid task settings JSON"),
        ('{"FullLoadSettings": {"CommitRate": "5"}}', "Invalid task settings JSON"),
        ('{"FullLoadSettings": {"CommitRate": true}}', "Invalid task settings JSON"),
        ('{"FullLoadSettings": {"CommitRate": 50001}}', "CommitRate must be 1 to 50000"),
        ('{"FullLoadSettings": {"MaxFullLoadSubTasks": 50}}', "1 to 49"),
        ('{"FullLoadSettings": {"TargetTablePrepMode": "ERASE"}}', "DO_NOTHING"),
        ('{"Logging": {"EnableLogContext": true}}', "EnableLogContext"),
        ('{"Logging": {"CloudWatchLogStream": "s"}}', "cannot be set on create"),
        ('{"Logging": {"LogComponents": {}}}', "Invalid task settings JSON"),
        ('{"Logging": {"LogComponents": [1]}}', "Invalid task settings JSON"),
        ('{"Logging": {"LogComponents": [{"Id": "X", "Severity": "Y"}]}}', "Invalid"),
        ('{"Logging": {"LogComponents": [{"Id": "IO", "Severity": "LOUD"}]}}', "Invalid"),
        (
            '{"TargetMetadata": {"BatchApplyEnabled": true}}',
            "TargetMetadata.BatchApplyEnabled=true is not supported by the dmslake sandbox",
        ),
        ('{"TargetMetadata": {"FullLobMode": true}}', "FullLobMode"),
        ('{"ValidationSettings": {"EnableValidation": true}}', "EnableValidation"),
    ],
)
def test_settings_that_are_refused(asked: str, part: str) -> None:
    with pytest.raises(Fault) as caught:
        apply_settings(asked)

    assert caught.value.code == "InvalidParameterValueException"
    assert part in caught.value.message


def test_log_context_goes_with_logging() -> None:
    settings = apply_settings('{"Logging": {"EnableLogging": true, "EnableLogContext": true}}')

    assert section(settings, "Logging")["EnableLogContext"] is True


def test_severities_do_not_make_documents_differ() -> None:
    loud = apply_settings(
        '{"Logging": {"LogComponents": [{"Id": "IO", "Severity": "LOGGER_SEVERITY_DEBUG"}]}}'
    )

    assert same_but_for_severities(DEFAULTS, loud)
    assert not same_but_for_severities(
        DEFAULTS, apply_settings('{"Logging": {"EnableLogging": true}}')
    )


@st.composite
def some_settings(draw: st.DrawFn) -> Json:
    asked: Json = {}
    sections = [name for name, value in DEFAULTS.items() if isinstance(value, dict)]
    for name in draw(st.lists(st.sampled_from(sections), unique=True)):
        known = {k: v for k, v in section(DEFAULTS, name).items() if k not in CHOSEN}
        if known:
            keys = draw(st.lists(st.sampled_from(sorted(known)), unique=True))
            asked[name] = {key: draw(_like(known[key])) for key in keys}
    return asked


def _like(value: JsonValue) -> st.SearchStrategy[JsonValue]:
    if isinstance(value, bool):
        return st.booleans()
    if isinstance(value, int):
        return st.integers(min_value=-1, max_value=9999)
    return st.text(max_size=5)


@settings(deadline=None)
@given(some_settings())
def test_every_sent_key_reads_back_and_no_other_changes(asked: Json) -> None:
    settings = apply_settings(json.dumps(asked))

    expected = copy.deepcopy(DEFAULTS)
    for name, members in asked.items():
        assert isinstance(members, dict)
        section(expected, name).update(members)
    assert settings == expected
    assert apply_settings(json.dumps(asked), settings) == settings
