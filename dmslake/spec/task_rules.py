"""What task settings must not say when the target is S3 and the data is wanted in a lake.

Source: the DMS user guide's pages on S3 as a target ("Limitations") and on task settings.
"""

from collections.abc import Iterator, Mapping

from dmslake.spec.mistakes import Placed, mistake

_SWITCHES_OF_OTHER_TARGETS = {
    ("TTSettings", "EnableTT"): "Time Travel",
    ("LoopbackPreventionSettings", "EnableLoopbackPrevention"): "loopback prevention",
}
_SET_BY_DMS = ("CloudWatchLogGroup", "CloudWatchLogStream")


def task_conflicts(settings: Mapping[str, object]) -> Iterator[Placed]:
    """Yield what an S3 target does not take, or what would leave the lake empty."""
    yield from _large_objects(_section(settings, "TargetMetadata"))
    yield from _batches(_section(settings, "TargetMetadata"))
    yield from _logging(_section(settings, "Logging"))
    yield from _other_targets(settings)
    if _section(settings, "ValidationSettings").get("ValidationOnly"):
        path = ("ValidationSettings", "ValidationOnly")
        yield path, mistake("a task that only validates writes nothing", fix="remove it")


def task_warnings(settings: Mapping[str, object]) -> Iterator[Placed]:
    """Yield what is allowed and deletes staged files that may not be in the lake yet."""
    mode = _section(settings, "FullLoadSettings").get("TargetTablePrepMode", "DO_NOTHING")
    if mode != "DO_NOTHING":
        message = "DMS deletes a table's staged files, loaded or not, before it loads the table"
        yield ("FullLoadSettings", "TargetTablePrepMode"), mistake(message)
    policy = _section(settings, "ChangeProcessingDdlHandlingPolicy")
    for name, event in (
        ("HandleSourceTableTruncated", "truncates"),
        ("HandleSourceTableDropped", "drops"),
    ):
        if policy.get(name):
            message = (
                f"when the source {event} a table, DMS deletes its staged files, loaded or not"
            )
            yield ("ChangeProcessingDdlHandlingPolicy", name), mistake(message)


def _section(settings: Mapping[str, object], name: str) -> Mapping[str, object]:
    section = settings.get(name)
    return section if isinstance(section, dict) else {}


def _large_objects(section: Mapping[str, object]) -> Iterator[Placed]:
    """Large objects reach S3 up to LobMaxSize only."""
    if section.get("SupportLobs") is False:
        return
    fix = "leave it out and choose LobMaxSize (KB)"
    if section.get("FullLobMode"):
        message = "DMS has no full LOB mode for an S3 target"
        yield ("TargetMetadata", "FullLobMode"), mistake(message, fix=fix)
    elif section.get("LimitedSizeLobMode") is False:
        message = "DMS has no other LOB mode than this for an S3 target"
        yield ("TargetMetadata", "LimitedSizeLobMode"), mistake(message, fix=fix)
    if section.get("InlineLobMaxSize"):
        message = "DMS has no inline LOB mode for an S3 target"
        yield ("TargetMetadata", "InlineLobMaxSize"), mistake(message, fix=fix)


def _batches(section: Mapping[str, object]) -> Iterator[Placed]:
    if section.get("BatchApplyEnabled"):
        message = "DMS does not support it for an S3 target and may lose data"
        yield ("TargetMetadata", "BatchApplyEnabled"), mistake(message, fix="leave it out")


def _logging(section: Mapping[str, object]) -> Iterator[Placed]:
    for name in _SET_BY_DMS:
        if name in section:
            message = "DMS sets this itself and refuses to be told"
            yield ("Logging", name), mistake(message, fix="leave it out")
    if section.get("EnableLogContext") and section.get("EnableLogging") is False:
        fix = "write EnableLogging: true, or remove it"
        message = "DMS refuses it while EnableLogging is false"
        yield ("Logging", "EnableLogContext"), mistake(message, fix=fix)


def _other_targets(settings: Mapping[str, object]) -> Iterator[Placed]:
    for (section, name), what in _SWITCHES_OF_OTHER_TARGETS.items():
        if _section(settings, section).get(name):
            message = f"DMS has no {what} for an S3 target"
            yield (section, name), mistake(message, fix="leave it out")
    if _section(settings, "BeforeImageSettings").get("EnableBeforeImage"):
        fix = "use a transformation rule with add-before-image-columns in tables.rules"
        message = "this is not for an S3 target"
        yield ("BeforeImageSettings", "EnableBeforeImage"), mistake(message, fix=fix)
    if _section(settings, "CharacterSetSettings"):
        message = "DMS replaces no characters for an S3 target"
        yield ("CharacterSetSettings",), mistake(message, fix="leave it out")
