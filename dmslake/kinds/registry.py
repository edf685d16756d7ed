"""The closed set of kinds a pipeline is made of."""

from __future__ import annotations

from typing import Any

from dmslake.engine.resource import Resource
from dmslake.kinds.account_role import AccountRole
from dmslake.kinds.bucket import Bucket
from dmslake.kinds.bucket_notification import BucketNotification
from dmslake.kinds.certificate import Certificate
from dmslake.kinds.connection_test import ConnectionTest
from dmslake.kinds.drain import Drain
from dmslake.kinds.endpoint import Endpoint
from dmslake.kinds.event_source_mapping import EventSourceMapping
from dmslake.kinds.event_subscription import EventSubscription
from dmslake.kinds.failure_destination import FailureDestination
from dmslake.kinds.function import Function
from dmslake.kinds.invoke_permission import InvokePermission
from dmslake.kinds.log_group import LogGroup
from dmslake.kinds.queue import Queue
from dmslake.kinds.queue_drain import QueueDrain
from dmslake.kinds.replication import Replication
from dmslake.kinds.replication_config import ReplicationConfig
from dmslake.kinds.replication_instance import ReplicationInstance
from dmslake.kinds.replication_task import ReplicationTask
from dmslake.kinds.role import Role
from dmslake.kinds.shared_bucket import SharedBucket
from dmslake.kinds.shared_instance import SharedInstance
from dmslake.kinds.shared_role import SharedRole
from dmslake.kinds.shared_subnet_group import SharedSubnetGroup
from dmslake.kinds.stale_certificates import StaleCertificates
from dmslake.kinds.subnet_group import SubnetGroup
from dmslake.kinds.sweep import Sweep
from dmslake.kinds.table_loads import TableLoads
from dmslake.kinds.task_run import TaskRun

KINDS: tuple[type[Resource[Any]], ...] = (
    AccountRole,
    Bucket,
    BucketNotification,
    Certificate,
    ConnectionTest,
    Drain,
    Endpoint,
    EventSourceMapping,
    EventSubscription,
    FailureDestination,
    Function,
    InvokePermission,
    LogGroup,
    Queue,
    QueueDrain,
    Replication,
    ReplicationConfig,
    ReplicationInstance,
    ReplicationTask,
    Role,
    SharedBucket,
    SharedInstance,
    SharedRole,
    SharedSubnetGroup,
    StaleCertificates,
    SubnetGroup,
    Sweep,
    TableLoads,
    TaskRun,
)
