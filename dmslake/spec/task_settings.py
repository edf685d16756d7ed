"""The settings of a DMS task: sections, names, types and choices.

Source: the DMS user guide's pages below "Specifying task settings", and what the service returns
for a task without settings. DMS ignores a name that it does not know, so a slip would never show.
What only other targets than S3 have is known here too, for settings that were copied as a whole.
"""

from collections.abc import Iterator, Mapping

from dmslake.spec.display import quoted
from dmslake.spec.document import UNUSABLE
from dmslake.spec.members import MOST, Member, read_all
from dmslake.spec.mistakes import KEY, Placed, mistake, nearest

Section = Mapping[str, Member]

_SWITCH = Member(kind="switch")
_AMOUNT = Member(kind="whole", minimum=0)
_TEXT = Member(kind="text", empty=True)
_ANYTHING = Member(kind="anything")


def _range(least: int, most: int = MOST) -> Member:
    return Member(kind="whole", minimum=least, maximum=most)


def _choice(*choices: str) -> Member:
    return Member(kind="text", choices=choices)


_OF_A_RECORD = _choice("IGNORE_RECORD", "LOG_ERROR", "SUSPEND_TABLE", "STOP_TASK")
_OF_A_TABLE = _choice("SUSPEND_TABLE", "STOP_TASK")

_TARGET_METADATA: Section = {
    "TargetSchema": _TEXT,
    "SupportLobs": _SWITCH,
    "FullLobMode": _SWITCH,
    "LobChunkSize": _AMOUNT,
    "LimitedSizeLobMode": _SWITCH,
    "LobMaxSize": _AMOUNT,
    "InlineLobMaxSize": _AMOUNT,
    "LoadMaxFileSize": _AMOUNT,
    "MaxFullLoadSubTasks": _range(1, 49),
    "ParallelLoadThreads": _AMOUNT,
    "ParallelLoadBufferSize": _AMOUNT,
    "ParallelLoadQueuesPerThread": _AMOUNT,
    "ParallelApplyThreads": _AMOUNT,
    "ParallelApplyBufferSize": _AMOUNT,
    "ParallelApplyQueuesPerThread": _AMOUNT,
    "BatchApplyEnabled": _SWITCH,
    "TaskRecoveryTableEnabled": _SWITCH,
}
_FULL_LOAD: Section = {
    "TargetTablePrepMode": _choice("DO_NOTHING", "DROP_AND_CREATE", "TRUNCATE_BEFORE_LOAD"),
    "CreatePkAfterFullLoad": _SWITCH,
    "StopTaskCachedChangesApplied": _SWITCH,
    "StopTaskCachedChangesNotApplied": _SWITCH,
    "MaxFullLoadSubTasks": _range(1, 49),
    "TransactionConsistencyTimeout": _AMOUNT,
    "CommitRate": _range(1, 50000),
}
_LOGGING: Section = {
    "EnableLogging": _SWITCH,
    "EnableLogContext": _SWITCH,
    "DeleteTaskLogs": _SWITCH,
    "LogComponents": _ANYTHING,
    "CloudWatchLogGroup": _ANYTHING,
    "CloudWatchLogStream": _ANYTHING,
}
_LOG_COMPONENT: Section = {
    "Id": _choice(
        "ADDONS",
        "COMMON",
        "COMMUNICATION",
        "DATA_STRUCTURE",
        "FILE_FACTORY",
        "FILE_TRANSFER",
        "IO",
        "METADATA_MANAGER",
        "PERFORMANCE",
        "REST_SERVER",
        "SORTER",
        "SOURCE_CAPTURE",
        "SOURCE_UNLOAD",
        "TABLES_MANAGER",
        "TARGET_APPLY",
        "TARGET_LOAD",
        "TASK_MANAGER",
        "TRANSFORMATION",
        "VALIDATOR",
        "VALIDATOR_EXT",
    ),
    "Severity": _choice(
        "LOGGER_SEVERITY_ERROR",
        "LOGGER_SEVERITY_WARNING",
        "LOGGER_SEVERITY_INFO",
        "LOGGER_SEVERITY_DEFAULT",
        "LOGGER_SEVERITY_DEBUG",
        "LOGGER_SEVERITY_DETAILED_DEBUG",
    ),
}
_CONTROL_TABLES: Section = {
    "ControlSchema": _TEXT,
    "historyTimeslotInMinutes": _range(1),  # DMS has it in both spellings
    "HistoryTimeslotInMinutes": _range(1),
    "HistoryTableEnabled": _SWITCH,
    "SuspendedTablesTableEnabled": _SWITCH,
    "StatusTableEnabled": _SWITCH,
    "FullLoadExceptionTableEnabled": _SWITCH,
}
_STREAM_BUFFER: Section = {
    "StreamBufferCount": _range(1),
    "StreamBufferSizeInMB": _range(1),
    "CtrlStreamBufferSizeInMB": _range(1, 8),
}
_ERRORS: Section = {
    "DataErrorPolicy": _OF_A_RECORD,
    "DataTruncationErrorPolicy": _OF_A_RECORD,
    "DataErrorEscalationPolicy": _OF_A_TABLE,
    "DataErrorEscalationCount": _AMOUNT,
    "DataMaskingErrorPolicy": _OF_A_RECORD,
    "EventErrorPolicy": _choice("IGNORE", "STOP_TASK"),
    "TableErrorPolicy": _OF_A_TABLE,
    "TableErrorEscalationPolicy": _choice("STOP_TASK"),
    "TableErrorEscalationCount": _AMOUNT,
    "RecoverableErrorCount": _range(-1),
    "RecoverableErrorInterval": _AMOUNT,
    "RecoverableErrorThrottling": _SWITCH,
    "RecoverableErrorThrottlingMax": _AMOUNT,
    "RecoverableErrorStopRetryAfterThrottlingMax": _SWITCH,
    "ApplyErrorDeletePolicy": _OF_A_RECORD,
    "ApplyErrorInsertPolicy": _choice(*_OF_A_RECORD.choices, "INSERT_RECORD"),
    "ApplyErrorUpdatePolicy": _choice(*_OF_A_RECORD.choices, "UPDATE_RECORD"),
    "ApplyErrorEscalationPolicy": _choice("LOG_ERROR", "SUSPEND_TABLE", "STOP_TASK"),
    "ApplyErrorEscalationCount": _AMOUNT,
    "ApplyErrorFailOnTruncationDdl": _SWITCH,
    "FullLoadIgnoreConflicts": _SWITCH,
    "FailOnTransactionConsistencyBreached": _SWITCH,
    "FailOnNoTablesCaptured": _SWITCH,
}
_CHANGES: Section = {
    "BatchApplyPreserveTransaction": _SWITCH,
    "BatchApplyTimeoutMin": _AMOUNT,
    "BatchApplyTimeoutMax": _AMOUNT,
    "BatchApplyMemoryLimit": _AMOUNT,
    "BatchSplitSize": _AMOUNT,
    "MinTransactionSize": _AMOUNT,
    "CommitTimeout": _AMOUNT,
    "MemoryLimitTotal": _AMOUNT,
    "MemoryKeepTime": _AMOUNT,
    "StatementCacheSize": _range(0, 200),
    "RecoveryTimeout": _range(-1),
}
_DDL: Section = {
    "HandleSourceTableDropped": _SWITCH,
    "HandleSourceTableTruncated": _SWITCH,
    "HandleSourceTableAltered": _SWITCH,
}
_VALIDATION: Section = {
    "EnableValidation": _SWITCH,
    "ValidationMode": _choice("ROW_LEVEL", "GROUP_LEVEL"),
    "ThreadCount": _range(1),
    "PartitionSize": _range(1),
    "FailureMaxCount": _AMOUNT,
    "RecordFailureDelayInMinutes": _AMOUNT,
    "RecordFailureDelayLimitInMinutes": _AMOUNT,
    "RecordSuspendDelayInMinutes": _AMOUNT,
    "MaxKeyColumnSize": _AMOUNT,
    "TableFailureMaxCount": _AMOUNT,
    "ValidationOnly": _SWITCH,
    "HandleCollationDiff": _SWITCH,
    "SkipLobColumns": _SWITCH,
    "ValidationPartialLobSize": _AMOUNT,
    "ValidationQueryCdcDelaySeconds": _AMOUNT,
    "ValidationS3Mask": _AMOUNT,
    "ValidationS3Time": _AMOUNT,
}

SECTIONS: Mapping[str, Section] = {
    "TargetMetadata": _TARGET_METADATA,
    "FullLoadSettings": _FULL_LOAD,
    "Logging": _LOGGING,
    "ControlTablesSettings": _CONTROL_TABLES,
    "StreamBufferSettings": _STREAM_BUFFER,
    "ErrorBehavior": _ERRORS,
    "ChangeProcessingTuning": _CHANGES,
    "ChangeProcessingDdlHandlingPolicy": _DDL,
    "ValidationSettings": _VALIDATION,
    "BeforeImageSettings": {
        "EnableBeforeImage": _SWITCH,
        "FieldName": _TEXT,
        "ColumnFilter": _choice("pk-only", "non-lob", "all"),
    },
    "LoopbackPreventionSettings": {
        "EnableLoopbackPrevention": _SWITCH,
        "SourceSchema": _TEXT,
        "TargetSchema": _TEXT,
    },
    "CharacterSetSettings": {
        "CharacterReplacements": _ANYTHING,
        "CharacterSetSupport": _ANYTHING,
    },
    "TTSettings": {
        "EnableTT": _SWITCH,
        "TTS3Settings": _ANYTHING,
        "TTRecordSettings": _ANYTHING,
    },
}
SINGLE: Section = {
    "FailTaskWhenCleanTaskResourceFailed": _SWITCH,
    "PostProcessingRules": _ANYTHING,
}
"""Settings that stand beside the sections."""


def read_task_settings(given: Mapping[str, object]) -> tuple[dict[str, object], list[Placed]]:
    """Check the names, types and choices of task settings.

    Returns:
        the settings with their values in DMS's own words and without those that have none, and
        all mistakes with paths that start at the settings.
    """
    values, found = read_all(SINGLE, given)
    for name, section in given.items():
        if name in SECTIONS and isinstance(section, dict):
            inner, wrong = _read_section(SECTIONS[name], section)
            values[name] = inner
            found += _below(name, wrong)
        elif name in SECTIONS and section is not None and section is not UNUSABLE:
            found.append(((name,), mistake("expected names with values below it, not {value}")))
    found += _unknown(given, (*SECTIONS, *SINGLE), "section")
    return values, found


def _read_section(
    known: Section, given: Mapping[str, object]
) -> tuple[dict[str, object], list[Placed]]:
    values, found = read_all(known, given)
    found += _unknown(given, tuple(known), "setting")
    if values.get("LogComponents") is not None:
        values["LogComponents"], wrong = _log_components(values["LogComponents"])
        found += _below("LogComponents", wrong)
    return values, found


def _log_components(given: object) -> tuple[object, list[Placed]]:
    if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
        fix = "write it as a list of {Id: ..., Severity: ...}"
        return given, [((), mistake("expected a list of components, not {value}", fix=fix))]
    components: list[object] = []
    found: list[Placed] = []
    for index, item in enumerate(given):
        values, wrong = _read_section(_LOG_COMPONENT, item)
        components.append(values)
        found += _below(index, wrong)
        if not wrong and len(values) < len(_LOG_COMPONENT):
            found.append(((index,), mistake("Id or Severity is missing", fix="give both")))
    return components, found


def _below(step: str | int, found: list[Placed]) -> Iterator[Placed]:
    for path, error in found:
        yield (step, *path), error


def _unknown(given: Mapping[str, object], known: tuple[str, ...], what: str) -> Iterator[Placed]:
    for name in given:
        if name not in known:
            near = nearest(name, known)
            fix = f"did you mean {quoted(near)}?" if near else f"known here: {', '.join(known)}"
            yield (name, KEY), mistake(f"not a {what} of a DMS task", fix=fix)
