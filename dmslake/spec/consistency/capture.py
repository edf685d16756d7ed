"""How the tables are captured: type, start, and what runs it."""

from collections.abc import Iterator

from dmslake.spec.consistency.values import Values
from dmslake.spec.document import Path
from dmslake.spec.mistakes import Placed, mistake
from dmslake.spec.source_rules import position_mistake

_EXAMPLE = '["subnet-0a1b2c3d", "subnet-4e5f6a7b"]'
_LEAST_MIN, _USUAL_MAX = 1, 4


def checks(values: Values) -> Iterator[Placed]:
    """Yield what does not fit together in the section, and with the source."""
    yield from _type(values)
    yield from _start(values)
    yield from _instance(values)
    yield from _serverless(values)
    yield from _network(values)


def _type(values: Values) -> Iterator[Placed]:
    """Some engines cannot tell DMS about changes."""
    rules, kind = values.engine_rules(), values.kind()
    if rules and kind not in (None, "full-load") and not rules.captures_changes:
        message = f"DMS cannot capture changes from {values.engine()}"
        yield ("replication", "type"), mistake(message, fix="write type: full-load")


def _start(values: Values) -> Iterator[Placed]:
    """A start is for changes only; what engines take differs."""
    path = ("replication", "start")
    if not values.written("replication", "start"):
        return
    position = values.written("replication", "start", "position")
    time = values.written("replication", "start", "time")
    if values.kind() not in (None, "cdc"):
        fix = "write type: cdc, or remove it"
        yield path, mistake("a full load starts with what is there", fix=fix)
    if values.written("replication", "serverless"):
        message = "DMS Serverless starts where it is started"
        yield path, mistake(message, fix="use an instance, or remove it")
    if position and time:
        yield path, mistake("position and time exclude each other", fix="remove one of them")
    if all(values.missing(*path, name) for name in ("position", "time")):
        yield path, mistake("neither a position nor a time", fix="add one, or remove it")
    yield from _start_of_engine(values, position=position, time=time)


def _start_of_engine(values: Values, *, position: bool, time: bool) -> Iterator[Placed]:
    rules, path = values.engine_rules(), ("replication", "start")
    if not rules or not rules.captures_changes:
        return
    if time and not rules.starts_at_a_time:
        fix = "write a position" if rules.starts_at_a_position else "remove it"
        message = f"DMS starts at no point in time for {values.engine()}"
        yield (*path, "time"), mistake(message, fix=fix)
    if position and not rules.starts_at_a_position:
        fix = "write StartFromContext in source.extra_connection_attributes"
        message = f"DMS takes no position here for {values.engine()}"
        yield (*path, "position"), mistake(message, fix=fix)
    if position and rules.settings == "PostgreSQLSettings":
        yield from _slot(values)


def _slot(values: Values) -> Iterator[Placed]:
    """PostgreSQL keeps the log from a position on for a slot only."""
    path: Path = ("replication", "start", "position")
    wrong = position_mistake(values.text("replication", "start", "position") or "")
    if wrong:
        yield path, wrong
    if values.missing("source", "settings", "slot_name"):
        fix = "add source.settings.slot_name: the name of a logical slot that exists"
        yield path, mistake(f"{values.engine()} needs a replication slot for it", fix=fix)


def _instance(values: Values) -> Iterator[Placed]:
    """A shared instance is as it is; a new one cannot be in one zone and in two."""
    above = ("replication", "instance")
    if values.written(*above, "arn"):
        for name in values.fields(*above):
            if name != "arn":
                fix = "remove it, or remove arn"
                yield (*above, name), mistake("the shared instance decides this", fix=fix)
    elif values.on(*above, "multi_az") and values.written(*above, "availability_zone"):
        path = (*above, "availability_zone")
        yield path, mistake("multi_az takes two zones", fix="remove one of them")


def _serverless(values: Values) -> Iterator[Placed]:
    above = ("replication", "serverless")
    if not values.written(*above):
        return
    if values.written("replication", "instance"):
        message = "replication.serverless takes its place"
        yield ("replication", "instance"), mistake(message, fix="remove one of them")
    if values.written("replication", "notifications"):
        message = "DMS tells about tasks on an instance only"
        fix = "use an EventBridge rule, or an instance"
        yield ("replication", "notifications"), mistake(message, fix=fix)
    yield from _capacity(values)
    rules = values.engine_rules()
    if rules and not rules.serverless:
        message = f"DMS Serverless does not read {values.engine()}"
        yield above, mistake(message, fix="use an instance")
    if rules and rules.settings == "IBMDb2Settings" and _encrypted(values):
        message = "DMS Serverless connects to Db2 without SSL only"
        yield ("source", "ssl"), mistake(message, fix="use an instance, or ssl: none")


def _encrypted(values: Values) -> bool:
    return values.text("source", "ssl", default="none") not in (None, "none")


def _capacity(values: Values) -> Iterator[Placed]:
    above = ("replication", "serverless")
    least = values.number(*above, "min_capacity", default=_LEAST_MIN)
    most = values.number(*above, "max_capacity", default=_USUAL_MAX)
    if least is not None and most is not None and least > most:
        fix = "make it at least as large, or min_capacity smaller"
        message = f"max_capacity is {most} and min_capacity {least}"
        yield (*above, "max_capacity"), mistake(message, fix=fix)


def _network(values: Values) -> Iterator[Placed]:
    """A new instance needs subnets; a shared one has its own."""
    above = ("replication", "network")
    if values.written("replication", "instance", "arn"):
        if values.written(*above):
            fix = "remove it, or remove instance.arn"
            yield above, mistake("the shared instance decides this", fix=fix)
        return
    if values.missing(*above):
        if values.sound(("replication", "instance", "arn")):
            yield above, mistake("missing", fix="add network:")
        return
    yield from _subnets(values)


def _subnets(values: Values) -> Iterator[Placed]:
    above = ("replication", "network")
    group = values.written(*above, "subnet_group")
    if group and values.written(*above, "subnets"):
        message = "subnets and subnet_group exclude each other"
        yield (*above, "subnet_group"), mistake(message, fix="remove one of them")
    if values.missing(*above, "subnets") and values.missing(*above, "subnet_group"):
        yield (*above, "subnets"), mistake("missing", fix=f"add subnets: {_EXAMPLE}")
