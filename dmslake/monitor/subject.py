"""What is watched: the names of the parts of one pipeline that `status` reads."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Subject:
    """Names as AWS knows them; `lake_prefix` and `template` say where tables are in the lake.

    Attributes:
        instance: the name of ours, or the ARN of a shared one.
        serverless: the name of the configuration that runs instead of a task, or None.
    """

    pipeline: str
    task: str
    instance: str
    serverless: str | None = None
    source_endpoint: str
    target_endpoint: str
    function: str
    function_log_group: str
    dead_letters: str
    lake_bucket: str
    lake_prefix: str
    template: str
