"""What is watched: the names of the parts of one pipeline that `status` reads."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Subject:
    """Names as AWS knows them; `lake_prefix` and `template` say where tables are in the lake."""

    pipeline: str
    task: str
    instance: str
    source_endpoint: str
    target_endpoint: str
    function: str
    function_log_group: str
    dead_letters: str
    lake_bucket: str
    lake_prefix: str
    template: str
