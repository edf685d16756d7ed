"""A successful connection test between the instance and an endpoint: without it no task starts.

DMS forgets the result whenever the endpoint changes, and repeats the test in the background.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from dmslake.aws.clients import Clients
from dmslake.aws.errors import tolerating
from dmslake.aws.eventually import Refusal, eventually
from dmslake.engine.clock import Clock, SystemClock
from dmslake.engine.resource import (
    Attributes,
    Broken,
    Live,
    Patience,
    Pending,
    Permissions,
    Ready,
    Resource,
    Settled,
)
from dmslake.kinds.dms_search import search
from dmslake.kinds.endpoint import endpoint_arn, find_endpoint
from dmslake.kinds.recent import Recent
from dmslake.kinds.replication_instance import instance_arn, known_instance_arn

if TYPE_CHECKING:
    from mypy_boto3_dms.type_defs import ConnectionTypeDef

_SUCCESS = "successful"
_STATE = "InvalidResourceStateFault"
# An instance or an endpoint that was changed is described as ready before it is.
_NOT_READY = Refusal(_STATE, "state")
_READY_WITHIN = 300  # seconds
_ADVICE = {
    "source": "check source.host, port, username, password and ssl, and that the security groups "
    "and routes let the replication instance reach the database",
    "target": "check that the instance's subnets reach S3 (a gateway endpoint or NAT) and that the "
    "staging bucket belongs to this account",
}


@dataclass(frozen=True, kw_only=True)
class ConnectionTest(Resource[Clients]):
    """The test of one endpoint (`direction` says which) from one instance (its name or ARN)."""

    kind: ClassVar[str] = "connection_test"
    restarts: ClassVar[bool] = True
    removable: ClassVar[bool] = False
    patience: ClassVar[Patience] = Patience(usual=60, limit=600)
    permissions: ClassVar[Permissions] = Permissions(
        read=(
            "dms:DescribeEndpoints", "dms:DescribeReplicationInstances", "dms:DescribeConnections",
        ),
        create=(
            "dms:DescribeEndpoints", "dms:DescribeReplicationInstances", "dms:DescribeConnections",
            "dms:TestConnection",
        ),
    )  # fmt: skip

    endpoint: str
    instance: str
    direction: str
    clock: Clock = field(default_factory=SystemClock, repr=False, compare=False)
    recent: Recent[object] = field(default_factory=Recent, init=False, repr=False, compare=False)

    def describe(self) -> str:
        return f"connection test of {self.direction} endpoint {self.endpoint}"

    def desired(self) -> Attributes:
        return {}

    def read(self, aws: Clients) -> Live | None:
        connection = self._find(aws)
        if connection is None or connection.get("Status") == "deleting":
            return None
        if self.recent.is_old(connection):
            return Live(state="testing")
        return Live(
            state=connection.get("Status", ""), reason=connection.get("LastFailureMessage", "")
        )

    def settle(self, live: Live) -> Settled:
        if live.state == "failed":
            return Broken(live.reason or "DMS gives no reason", fix=_ADVICE[self.direction])
        return Ready() if live.state == _SUCCESS else Pending(live.state)

    def create(self, aws: Clients) -> None:
        eventually(
            lambda: self._test(aws), _NOT_READY, within=_READY_WITHIN, sleep=self.clock.sleep
        )

    def update(self, aws: Clients, changed: Attributes) -> None:
        """Change nothing: a test has no attributes."""

    def delete(self, aws: Clients) -> None:
        """Leave it: it goes with its endpoint or its instance."""

    def _test(self, aws: Clients) -> None:
        """Start a test; a failure from before it is no result of it."""
        before = self._find(aws)
        if before is not None and before.get("Status") == "failed":
            self.recent.expect(lambda later: later == before)
        with tolerating(_STATE, saying="already being tested"):
            aws.dms.test_connection(
                ReplicationInstanceArn=instance_arn(aws, self.instance),
                EndpointArn=endpoint_arn(aws, self.endpoint),
            )

    def _find(self, aws: Clients) -> ConnectionTypeDef | None:
        endpoint = find_endpoint(aws, self.endpoint)
        instance = known_instance_arn(aws, self.instance)
        if endpoint is None or instance is None:
            return None
        filters: Any = [
            {"Name": "endpoint-arn", "Values": [endpoint["EndpointArn"]]},
            {"Name": "replication-instance-arn", "Values": [instance]},
        ]
        found: list[ConnectionTypeDef] = search(
            aws.dms.describe_connections, "Connections", Filters=filters
        )
        return found[0] if found else None
