"""The closed set of kinds a pipeline is made of."""

from __future__ import annotations

from typing import Any

from dmslake.engine.resource import Resource
from dmslake.kinds.account_role import AccountRole
from dmslake.kinds.bucket import Bucket
from dmslake.kinds.bucket_notification import BucketNotification
from dmslake.kinds.connection_test import ConnectionTest
from dmslake.kinds.endpoint import Endpoint
from dmslake.kinds.failure_destination import FailureDestination
from dmslake.kinds.function import Function
from dmslake.kinds.invoke_permission import InvokePermission
from dmslake.kinds.log_group import LogGroup
from dmslake.kinds.queue import Queue
from dmslake.kinds.replication_instance import ReplicationInstance
from dmslake.kinds.replication_task import ReplicationTask
from dmslake.kinds.role import Role
from dmslake.kinds.subnet_group import SubnetGroup
from dmslake.kinds.task_run import TaskRun

KINDS: tuple[type[Resource[Any]], ...] = (
    AccountRole,
    Bucket,
    BucketNotification,
    ConnectionTest,
    Endpoint,
    FailureDestination,
    Function,
    InvokePermission,
    LogGroup,
    Queue,
    ReplicationInstance,
    ReplicationTask,
    Role,
    SubnetGroup,
    TaskRun,
)
