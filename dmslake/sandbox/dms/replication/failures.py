"""Why a replication cannot start or go on.

SandboxError
├── ConnectionFailure   the source or the target cannot be reached or used
├── MappingError        a table-mapping rule cannot be honoured; names the rule
├── SettingsError       a target or task setting cannot be honoured; names the setting
├── TaskError           a run has to end; nothing that was read is lost
├── TableError          one table cannot be replicated; the others go on
└── RunStoppedError     the run was asked to stop while it worked on something
"""

from __future__ import annotations

from dmslake.errors import SandboxError


class ConnectionFailure(SandboxError):  # noqa: N818  # DMS's word for a failed connection test
    """The source or the target refused, in its own words."""

    code = "connection"


class MappingError(SandboxError):
    """A table-mapping rule is wrong, or asks for what this replication does not do."""

    code = "mapping"


class SettingsError(SandboxError):
    """A target or task setting is wrong, or asks for what this replication does not do."""

    code = "settings"


class TaskError(SandboxError):
    """The run cannot go on; the position is kept, so that a later run can."""

    code = "task"


class TableError(SandboxError):
    """One table cannot be replicated; the others go on."""

    code = "table"


class RunStoppedError(SandboxError):
    """The run was asked to stop while it worked on something."""

    code = "stopped"
