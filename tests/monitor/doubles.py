"""A cloud of which each service is what a test puts there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError

from dmslake.aws.clients import Account, Clients
from dmslake.monitor.part import Look
from dmslake.monitor.subject import Subject
from tests.aws.isolation import session

ACCOUNT = Account(id="123456789012", region="eu-west-1")
DEFAULT = "{schema}/{table}/year={year}/month={month}/day={day}/hour={hour}/{stem}-{stamp}{ext}"
TASK_ARN = "arn:aws:dms:eu-west-1:123456789012:task:SHOP"
INSTANCE_ARN = "arn:aws:dms:eu-west-1:123456789012:rep:MACHINE"
INSTANCE = "shop-instance"
LOGGING = json.dumps({"Logging": {"EnableLogging": True}})


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
        arns = {
            "ReplicationTaskArn": TASK_ARN, "ReplicationInstanceArn": INSTANCE_ARN,
            "SourceEndpointArn": "arn:endpoint:shop-source",
            "TargetEndpointArn": "arn:endpoint:shop-staging",
        }  # fmt: skip
        task = {**arns, **self.task}
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
        found = {"ReplicationInstanceArn": INSTANCE_ARN, "ReplicationInstanceIdentifier": INSTANCE}
        return {"ReplicationInstances": [found]}

    def describe_connections(self, **request: Any) -> dict[str, Any]:
        """Show the connections that every filter lets pass."""
        wanted = {one["Name"]: one["Values"] for one in request["Filters"]}
        assert wanted["replication-instance-arn"] == [INSTANCE_ARN]
        found = [
            {
                "EndpointIdentifier": name, "EndpointArn": f"arn:endpoint:{name}",
                "Status": status, "LastFailureMessage": reason,
            }
            for name, (status, reason) in self.connections.items()
            if f"arn:endpoint:{name}" in wanted.get("endpoint-arn", [f"arn:endpoint:{name}"])
        ]  # fmt: skip
        if not found:
            raise absent("DescribeConnections")
        return {"Connections": found}


class Refusing:
    """A service that refuses everything, in the words of most of them."""

    def __init__(self, service: str) -> None:
        self._service = service

    def __getattr__(self, method: str) -> Any:
        operation = "".join(word.capitalize() for word in method.split("_"))
        said = f"User: u is not authorized to perform: {self._service}:{operation}"
        response: Any = {"Error": {"Code": "AccessDeniedException", "Message": said}}

        def refuse(**_: Any) -> None:
            raise ClientError(response, operation)

        return refuse


@contextmanager
def looking() -> Iterator[Look]:
    with ThreadPoolExecutor(8) as pool:
        yield Look(pool)


def table(schema: str, name: str, state: str = "Table completed", **counts: int) -> dict[str, Any]:
    return {"SchemaName": schema, "TableName": name, "TableState": state, **counts}
