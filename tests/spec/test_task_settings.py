"""The settings of the DMS task: names, types, and what they say about each other."""

import json

import pytest

from dmslake.sandbox.dms.task_defaults import DEFAULTS, VALIDATION_DEFAULTS
from dmslake.spec.task_settings import SECTIONS, SINGLE
from tests.spec.texts import ENVIRON, messages_of, spec_of, text_of


def _text(settings: object) -> str:
    network = {"subnets": ["subnet-1", "subnet-2"]}
    return text_of(replication=json.dumps({"network": network, "settings": settings}))


def test_what_dms_answers_by_itself_can_be_written() -> None:
    """Settings copied from a task that exists, with all of the service's own."""
    answered = {**DEFAULTS, "ValidationSettings": VALIDATION_DEFAULTS}

    settings = spec_of(_text(answered)).replication.settings

    assert set(settings) == {name for name, value in answered.items() if value is not None}
    logging = settings["Logging"]
    assert isinstance(logging, dict)
    assert "CloudWatchLogGroup" not in logging
    assert settings["FullLoadSettings"] == DEFAULTS["FullLoadSettings"]
    by_itself = DEFAULTS["Logging"]
    assert isinstance(by_itself, dict)
    assert logging["LogComponents"] == by_itself["LogComponents"]


def test_every_name_that_the_service_answers_is_known() -> None:
    assert set(DEFAULTS) == set(SECTIONS) - {"ValidationSettings"} | set(SINGLE)
    for name, section in DEFAULTS.items():
        if isinstance(section, dict):
            assert set(section) <= set(SECTIONS[name])
    assert set(VALIDATION_DEFAULTS) <= set(SECTIONS["ValidationSettings"])


def test_values_are_normalised() -> None:
    environ = {**ENVIRON, "TASKS": "16", "LOUD": "true"}
    settings = {
        "FullLoadSettings": {
            "MaxFullLoadSubTasks": "${TASKS}",
            "TargetTablePrepMode": "do_nothing",
        },
        "Logging": {"EnableLogContext": "${LOUD}"},
        "ErrorBehavior": None,
        "TTSettings": {"EnableTT": False},
        "FailTaskWhenCleanTaskResourceFailed": True,
    }

    assert spec_of(_text(settings), environ).replication.settings == {
        "FullLoadSettings": {"MaxFullLoadSubTasks": 16, "TargetTablePrepMode": "DO_NOTHING"},
        "Logging": {"EnableLogContext": True},
        "TTSettings": {"EnableTT": False},
        "FailTaskWhenCleanTaskResourceFailed": True,
    }


@pytest.mark.parametrize(
    ("section", "name", "value"),
    [
        ("FullLoadSettings", "TargetTablePrepMode", "DROP_AND_CREATE"),
        ("ChangeProcessingDdlHandlingPolicy", "HandleSourceTableTruncated", True),
        ("ChangeProcessingDdlHandlingPolicy", "HandleSourceTableDropped", True),
    ],
)
def test_what_deletes_staged_files_is_said(section: str, name: str, value: object) -> None:
    spec = spec_of(_text({section: {name: value}}))

    assert len(spec.warnings) == 1
    assert f"replication.settings.{section}.{name}: " in spec.warnings[0]
    assert "staged files" in spec.warnings[0]
    assert "warnings" not in spec.model_dump()


def test_without_large_objects_their_modes_do_not_matter() -> None:
    metadata = {"SupportLobs": False, "LimitedSizeLobMode": False, "FullLobMode": False}

    assert messages_of(_text({"TargetMetadata": metadata})) == []


def test_a_context_goes_with_the_log_that_is_there_by_default() -> None:
    assert messages_of(_text({"Logging": {"EnableLogContext": True}})) == []
