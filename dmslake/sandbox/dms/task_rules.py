"""What a task's request must hold, by the service's rules and by what the sandbox can do."""

from __future__ import annotations

from dmslake.sandbox.dms.endpoint_rules import check_for_task, check_writable
from dmslake.sandbox.dms.engines import POSTGRESQL, captures_changes
from dmslake.sandbox.dms.faults import invalid_combination, invalid_value
from dmslake.sandbox.dms.parameters import Json
from dmslake.sandbox.dms.records import Endpoint
from dmslake.sandbox.dms.replication.failures import SettingsError
from dmslake.sandbox.dms.replication.task_settings import read_task_settings
from dmslake.sandbox.dms.service import Service


def check_endpoints(source: Endpoint, target: Endpoint, migration_type: str) -> None:
    """Check what the service checks of both endpoints only once there is a task."""
    if migration_type != "full-load" and not captures_changes(source.engine):
        raise invalid_combination(
            f"The migration type {migration_type} is not supported for source engine "
            f"{source.engine}; use full-load."
        )
    if target.engine == "s3":
        check_for_task(target.settings)
        if source.engine in POSTGRESQL:
            check_writable(target.settings)


def check_mappings(service: Service, source: Endpoint, mappings: Json) -> None:
    """Refuse rules that the data plane could not honour; it has no part in other engines."""
    if source.engine in POSTGRESQL:
        service.check_mappings(mappings)


def check_settings(settings: Json) -> None:
    """Refuse task settings that the data plane cannot read."""
    try:
        read_task_settings(settings)
    except SettingsError as error:
        raise invalid_value(f"Invalid task settings: {error}") from error
