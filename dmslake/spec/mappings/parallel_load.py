"""Parallel load: how the full load of one table is cut into segments.

Source: DMS user guide, "Table and collection settings rules and operations" and, for segment
names, "Using Amazon S3 as a target".
"""

from collections.abc import Mapping, Sequence

from dmslake.spec.display import quoted
from dmslake.spec.mappings import boundaries
from dmslake.spec.mappings.mistake import shown
from dmslake.spec.mappings.part import Part
from dmslake.spec.mappings.task import Task

MOST_COLUMNS = 10

_COUNTS = ("number-of-partitions", "max-records-skip-per-page", "batch-size")
_FROM_METADATA = "collection-count-from-metadata"
_OF_COLLECTIONS = (*_COUNTS, _FROM_METADATA)
_MOST = 2**31 - 1

TYPES: Mapping[str, Sequence[str]] = {
    "partitions-auto": _OF_COLLECTIONS,
    "subpartitions-auto": (),
    "partitions-list": ("partitions", "subpartitions"),
    "ranges": ("columns", "boundaries", "segment-names"),
    "none": (),
}
"""Each type with the members that it takes."""

_MEMBERS = tuple(dict.fromkeys(member for takes in TYPES.values() for member in takes))


def check(rule: Part, task: Task) -> None:
    """Check the `parallel-load` of a table-settings rule."""
    load = rule.part("parallel-load", 'write "parallel-load": {"type": "…"}')
    if load is None:
        return
    load.know(("type", *_MEMBERS))
    kind = load.choice("type", TYPES)
    if kind is None:
        return
    for member in _MEMBERS:
        if member not in TYPES[kind] and load.has(member):
            load.warning(member, f"no effect with the type {kind}", "remove it")
    _check_engine(load, kind, task)
    _check_collections(load, kind, task)
    if kind == "partitions-list":
        _check_partitions(load)
    elif kind == "ranges":
        _check_ranges(load)
    if kind != "none" and task.replication_type == "cdc":
        load.warning("", "no effect without a full load", "remove it")


def _check_engine(load: Part, kind: str, task: Task) -> None:
    """Warn where the source has no such segments: DMS then loads the table in one piece."""
    for_oracle = kind == "subpartitions-auto" or (
        kind == "partitions-list" and load.has("subpartitions")
    )
    if kind == "none" or (kind == "ranges" and task.engine != "s3"):
        return
    if task.engine == "s3":
        reason, fix = "DMS loads no tables of an S3 source in segments", "remove the rule"
    elif task.reads_postgres:
        reason, fix = "PostgreSQL sources are loaded in parallel by ranges only", 'use "ranges"'
    elif task.reads_documents and kind != "partitions-auto":
        reason = f"{task.engine} sources take partitions-auto and ranges only"
        fix = 'use "partitions-auto" or "ranges"'
    elif for_oracle and not task.reads_oracle:
        reason, fix = "only Oracle has subpartitions", 'use partitions or "ranges"'
    else:
        return
    load.warning("type", f"{quoted(kind)}: {reason}", fix)


def _check_collections(load: Part, kind: str, task: Task) -> None:
    """Check the members that cut collections of MongoDB and DocumentDB."""
    written = [member for member in _OF_COLLECTIONS if load.has(member)]
    if kind != "partitions-auto" or not written:
        return
    if not task.reads_documents:
        message = f"no effect on {task.engine}: meant for MongoDB and DocumentDB"
        load.warning(written[0], message, "remove it")
    for member in _COUNTS:
        load.number(member, 1, _MOST)
    switch = load.members.get(_FROM_METADATA)
    if switch is not None and not isinstance(switch, bool) and switch not in ("true", "false"):
        load.error(_FROM_METADATA, f"expected true or false, not {shown(switch)}")


def _check_partitions(load: Part) -> None:
    if not load.has("partitions") and not load.has("subpartitions"):
        load.error("partitions", "missing, and partitions-list needs it", "list the partitions")
    for member in ("partitions", "subpartitions"):
        load.texts(member)


def _check_ranges(load: Part) -> None:
    if not load.has("columns"):
        load.error("columns", "missing, and ranges need it", "list the columns")
    columns = load.texts("columns")
    if len(columns) > MOST_COLUMNS:
        message = f"{len(columns)} columns, and DMS takes {MOST_COLUMNS} at most"
        load.error("columns", message, "use fewer columns")
    _check_segment_names(load, boundaries.check(load, load.count("columns")))


def _check_segment_names(load: Part, segments: int) -> None:
    names = load.texts("segment-names")
    for index, name in enumerate(names):
        if "/" in name:
            load.error(
                ("segment-names", index), f"{quoted(name)} has a /, which makes another folder"
            )
    count = load.count("segment-names")
    if names and segments and count != segments:
        message = f"{count} names for {segments} segments, one more than the boundaries"
        load.error("segment-names", message, f"give {segments} names")
