"""What every part of one run shares."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from dmslake.sandbox.dms.replication.catalog import TableName
from dmslake.sandbox.dms.replication.model import MigrationType, SourceDatabase
from dmslake.sandbox.dms.replication.publications import ReplicationNames
from dmslake.sandbox.dms.replication.selection import Selection
from dmslake.sandbox.dms.replication.source_session import SourceSession
from dmslake.sandbox.dms.replication.staging import Staging
from dmslake.sandbox.dms.replication.tables import Tables
from dmslake.sandbox.dms.replication.target_settings import TargetSettings
from dmslake.sandbox.dms.replication.task_settings import TaskSettings
from dmslake.sandbox.dms.replication.wakeups import Waker


@dataclass(frozen=True, kw_only=True)
class RunContext:
    """The settings of a run, and the few objects that more than one part of it uses.

    `slot` is the name of the slot that is read: the task's own, or the user's. A stop waits
    `seconds_to_store` for a bucket that is away. `reloads` are tables to be loaded again.
    """

    migration_type: MigrationType
    source: SourceDatabase
    names: ReplicationNames
    slot: str
    selection: Selection
    target: TargetSettings
    task: TaskSettings
    clock: Callable[[], datetime]
    tables: Tables
    session: SourceSession
    staging: Staging
    seconds_to_store: float
    stopping: threading.Event
    waker: Waker
    reloads: queue.SimpleQueue[TableName]
