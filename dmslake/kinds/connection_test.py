"""A successful connection test between the instance and an endpoint: without it no task starts.

DMS forgets the result whenever the endpoint changes, and repeats the test in the background.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from dmslake.aws.clients import Clients
from dmslake.aws.errors import tolerating, unless_absent
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
from dmslake.kinds.endpoint import endpoint_arn, find_endpoint
from dmslake.kinds.replication_instance import find_instance, instance_arn

_SUCCESS = "successful"
_ADVICE = {
    "source": "check source.host, port, username, password and ssl, and that the security groups "
    "and routes let the replication instance reach the database",
    "target": "check that the instance's subnets reach S3 (a gateway endpoint or NAT) and that the "
    "staging bucket belongs to this account",
}


@dataclass(frozen=True, kw_only=True)
class ConnectionTest(Resource[Clients]):
    """The test of one endpoint (`direction` says which) from one instance."""

    kind: ClassVar[str] = "connection_test"
    restarts: ClassVar[bool] = True
    removable: ClassVar[bool] = False
    patience: ClassVar[Patience] = Patience(usual=60, limit=600)
    permissions: ClassVar[Permissions] = Permissions(
        read=(
            "dms:DescribeEndpoints", "dms:DescribeReplicationInstances", "dms:DescribeConnections",
        ),
        create=(
            "dms:DescribeEndpoints", "dms:DescribeReplicationInstances", "dms:TestConnection",
        ),
    )  # fmt: skip

    endpoint: str
    instance: str
    direction: str

    def describe(self) -> str:
        return f"connection test of {self.direction} endpoint {self.endpoint}"

    def desired(self) -> Attributes:
        return {}

    def read(self, aws: Clients) -> Live | None:
        endpoint = find_endpoint(aws, self.endpoint)
        instance = find_instance(aws, self.instance)
        if endpoint is None or instance is None:
            return None
        filters: Any = [
            {"Name": "endpoint-arn", "Values": [endpoint["EndpointArn"]]},
            {
                "Name": "replication-instance-arn",
                "Values": [instance["ReplicationInstanceArn"]],
            },
        ]
        answer = unless_absent(
            lambda: aws.dms.describe_connections(Filters=filters), "ResourceNotFoundFault"
        )
        found = answer["Connections"] if answer else []
        if not found or found[0].get("Status") == "deleting":
            return None
        return Live(
            state=str(found[0].get("Status", "")),
            reason=str(found[0].get("LastFailureMessage", "")),
        )

    def settle(self, live: Live) -> Settled:
        if live.state == "failed":
            return Broken(live.reason or "DMS gives no reason", fix=_ADVICE[self.direction])
        return Ready() if live.state == _SUCCESS else Pending(live.state)

    def create(self, aws: Clients) -> None:
        with tolerating("InvalidResourceStateFault", saying="already being tested"):
            aws.dms.test_connection(
                ReplicationInstanceArn=instance_arn(aws, self.instance),
                EndpointArn=endpoint_arn(aws, self.endpoint),
            )

    def update(self, aws: Clients, changed: Attributes) -> None:
        """Change nothing: a test has no attributes."""

    def delete(self, aws: Clients) -> None:
        """Leave it: it goes with its endpoint or its instance."""
