"""A cloud of which each service is what a test puts there."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from dmslake.aws.clients import Account, Clients
from dmslake.monitor.subject import Subject
from tests.aws.isolation import session

ACCOUNT = Account(id="123456789012", region="eu-west-1")
DEFAULT = "{schema}/{table}/year={year}/month={month}/day={day}/hour={hour}/{stem}-{stamp}{ext}"
TASK_ARN = "arn:aws:dms:eu-west-1:123456789012:task:SHOP"


def subject(template: str = DEFAULT, prefix: str = "raw") -> Subject:
    return Subject(
        pipeline="shop",
        task="shop-task",
        instance="shop-instance",
        source_endpoint="shop-source",
        target_endpoint="shop-staging",
        function="shop-loader",
        function_log_group="/aws/lambda/shop-loader",
        dead_letters="shop-loader-failed",
        lake_bucket="acme-lake",
        lake_prefix=prefix,
        template=template,
    )


def absent(operation: str, code: str = "ResourceNotFoundFault") -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": "there is none"}}
    return ClientError(response, operation)


_SESSION = session(ACCOUNT.region)
_SHARED = Clients(_SESSION, ACCOUNT)  # making clients takes longer than most tests


class Cloud(Clients):
    """Moto's services, and doubles for those named; inside `mock_aws` only."""

    def __init__(self, **doubles: Any) -> None:
        super().__init__(_SESSION, ACCOUNT)
        self._doubles = doubles

    def _client(self, service: str) -> Any:
        return self._doubles.get(service) or _SHARED._client(service)


class FakeDms:
    """A DMS with one task; `statistics` are the pages of its tables."""

    def __init__(
        self,
        task: dict[str, Any] | None = None,
        statistics: list[list[dict[str, Any]]] | None = None,
        connections: dict[str, tuple[str, str]] | None = None,
        refusal: str | None = None,
    ) -> None:
        self.task = task
        self.statistics = statistics or []
        self.connections = connections or {}
        self.refusal = refusal
        self.asked: list[dict[str, Any]] = []

    def describe_replication_tasks(self, **_: Any) -> dict[str, Any]:
        if self.task is None:
            raise absent("DescribeReplicationTasks")
        task = {"ReplicationTaskArn": TASK_ARN, **self.task}
        return {"ReplicationTasks": [task]}

    def describe_table_statistics(self, **request: Any) -> dict[str, Any]:
        self.asked.append(request)
        if self.refusal is not None:
            raise absent("DescribeTableStatistics", self.refusal)
        number = int(request.get("Marker", 0))
        page: dict[str, Any] = {"TableStatistics": self.statistics[number]}
        return page if number + 1 == len(self.statistics) else page | {"Marker": str(number + 1)}

    def describe_endpoints(self, **request: Any) -> dict[str, Any]:
        (name,) = request["Filters"][0]["Values"]
        return {"Endpoints": [{"EndpointIdentifier": name, "EndpointArn": f"arn:endpoint:{name}"}]}

    def describe_replication_instances(self, **_: Any) -> dict[str, Any]:
        return {"ReplicationInstances": [{"ReplicationInstanceArn": "arn:instance"}]}

    def describe_connections(self, **request: Any) -> dict[str, Any]:
        (arn,) = request["Filters"][0]["Values"]
        found = self.connections.get(arn.rpartition(":")[2])
        if found is None:
            raise absent("DescribeConnections")
        status, reason = found
        return {"Connections": [{"Status": status, "LastFailureMessage": reason}]}


def table(schema: str, name: str, state: str = "Table completed", **counts: int) -> dict[str, Any]:
    return {"SchemaName": schema, "TableName": name, "TableState": state, **counts}
