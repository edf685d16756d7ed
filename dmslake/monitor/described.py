"""What runs, as DMS describes it: its state, and what leads to its log and its metrics."""

from __future__ import annotations

from dataclasses import dataclass

from dmslake.monitor.snapshot import TaskState


@dataclass(frozen=True, kw_only=True)
class Described:
    """A task, or a replication of DMS Serverless, for which `instance_arn` is None.

    `endpoints` are ARNs; `settings` is its settings document, with what DMS has added.
    """

    state: TaskState
    arn: str
    instance_arn: str | None
    endpoints: tuple[str, ...] = ()
    settings: str = "{}"

    @property
    def arn_suffix(self) -> str:
        """The last segment of the ARN, by which logs and metrics know a task, not its name."""
        return self.arn.rpartition(":")[2]
