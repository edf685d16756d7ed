"""The task settings that change what a replication does, with the service's own defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dmslake.sandbox.dms.replication.failures import SettingsError

_PREPARATIONS = ("DROP_AND_CREATE", "TRUNCATE_BEFORE_LOAD", "DO_NOTHING")


@dataclass(frozen=True, kw_only=True)
class TaskSettings:
    """DMS task settings, ready for use; `lob_bytes` is LobMaxSize, `recoverable_errors` -1 is ever.

    `empties_folder` is TargetTablePrepMode: on S3 both other modes remove the table's folder
    (release notes 3.4.2).
    """

    empties_folder: bool
    parallel_tables: int
    consistency_seconds: int
    stop_before_cached_changes: bool
    stop_after_cached_changes: bool
    supports_lobs: bool
    lob_bytes: int
    table_error_stops_task: bool
    fails_without_tables: bool
    recoverable_errors: int
    follows_alter: bool
    follows_drop: bool
    follows_truncate: bool


def read_task_settings(settings: Mapping[str, object]) -> TaskSettings:
    """Read a DMS task-settings document; absent members take the service's defaults.

    Raises:
        SettingsError: a member has a value of the wrong kind.
    """
    load = _Section(settings, "FullLoadSettings")
    errors = _Section(settings, "ErrorBehavior")
    lobs = _Section(settings, "TargetMetadata")
    ddl = _Section(settings, "ChangeProcessingDdlHandlingPolicy")
    return TaskSettings(
        empties_folder=load.choice("TargetTablePrepMode", _PREPARATIONS) != "DO_NOTHING",
        parallel_tables=max(1, load.number("MaxFullLoadSubTasks", 8)),
        consistency_seconds=load.number("TransactionConsistencyTimeout", 600),
        stop_before_cached_changes=load.flag("StopTaskCachedChangesNotApplied", default=False),
        stop_after_cached_changes=load.flag("StopTaskCachedChangesApplied", default=False),
        supports_lobs=lobs.flag("SupportLobs", default=True),
        lob_bytes=(lobs.number("LobMaxSize", 32) or 32) * 1024,
        table_error_stops_task=errors.text("TableErrorPolicy", "SUSPEND_TABLE") == "STOP_TASK",
        fails_without_tables=errors.flag("FailOnNoTablesCaptured", default=True),
        recoverable_errors=errors.number("RecoverableErrorCount", -1),
        follows_alter=ddl.flag("HandleSourceTableAltered", default=True),
        follows_drop=ddl.flag("HandleSourceTableDropped", default=True),
        follows_truncate=ddl.flag("HandleSourceTableTruncated", default=True),
    )


class _Section:
    """One section of the settings document; a missing one, and None in it, mean the defaults."""

    def __init__(self, settings: Mapping[str, object], name: str) -> None:
        section = settings.get(name)
        self._name = name
        self._values = section if isinstance(section, Mapping) else {}

    def flag(self, name: str, *, default: bool) -> bool:
        return bool(self._get(name, default, bool))

    def number(self, name: str, default: int) -> int:
        value = self._get(name, default, int)
        assert isinstance(value, int)  # noqa: S101  # `_get` has checked it
        return value

    def text(self, name: str, default: str) -> str:
        return str(self._get(name, default, str))

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        value = self.text(name, choices[0])
        if value not in choices:
            raise SettingsError(f"{self._name}.{name} is {value!r}, not {' or '.join(choices)}")
        return value

    def _get(self, name: str, default: object, kind: type) -> object:
        value = self._values.get(name)
        if value is None:
            return default
        if not isinstance(value, kind):
            raise SettingsError(f"{self._name}.{name} is {value!r}, not of type {kind.__name__}")
        return value
