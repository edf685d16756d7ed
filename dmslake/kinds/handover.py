"""Staged objects handed to the loader as S3 would hand them over, by an event that we write."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

from dmslake.aws.clients import Account, Clients
from dmslake.aws.errors import translating
from dmslake.aws.eventually import Refusal, eventually
from dmslake.kinds.arrival import Staged

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

# How long an answer may take beyond the function's own limit: it may have to start first.
_STARTING_S = 30
_PATIENCE_S = 600
# A function that is busy, changed or just made takes an event later.
# https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
_LATER = (
    Refusal("TooManyRequestsException"), Refusal("ServiceException"),
    Refusal("ResourceConflictException"), Refusal("ResourceNotReadyException"),
    Refusal("EC2ThrottledException"), Refusal("ENILimitReachedException"),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Loader:
    """The pipeline's function, and the bucket that it moves objects from."""

    account: Account
    client: LambdaClient
    function: str
    bucket: str

    @classmethod
    def of(cls, aws: Clients, function: str, bucket: str, timeout_s: int) -> Loader:
        """Return the loader as whoever waits for its answers needs it."""
        client = aws.invoker(timeout_s + _STARTING_S)
        return cls(account=aws.account, client=client, function=function, bucket=bucket)

    def move(self, batch: Sequence[Staged]) -> Mapping[Staged, str]:
        """Have the objects moved now; return why some could not be, one by one."""
        problem = self._moved(batch)
        if problem is None:
            return {}
        if len(batch) == 1:
            return {batch[0]: problem}
        alone = {staged: self._moved([staged]) for staged in batch}
        return {staged: reason for staged, reason in alone.items() if reason is not None}

    def leave(self, staged: Staged) -> None:
        """Hand an object over and go: what fails again, Lambda puts to the dead letters."""
        self._invoke("Event", [staged])

    def _moved(self, batch: Sequence[Staged]) -> str | None:
        answer = self._invoke("RequestResponse", batch)
        said = json.loads(answer["Payload"].read() or b"null")
        if not answer.get("FunctionError"):
            return None
        told = said.get("errorMessage") if isinstance(said, dict) else None
        return str(told or "the function failed and does not say why")

    def _invoke(self, kind: str, batch: Sequence[Staged]) -> Any:
        with translating(f"invoking function {self.function}"):
            return eventually(
                lambda: self.client.invoke(
                    FunctionName=self.function,
                    InvocationType=kind,  # type: ignore[arg-type] # one of two literals
                    Payload=event_of(batch, self.bucket, self.account),
                ),
                *_LATER,
                within=_PATIENCE_S,
            )


def event_of(batch: Iterable[Staged], bucket: str, account: Account) -> bytes:
    """Return the notification that S3 would send of these objects; keys are form-encoded in it.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
    """
    place = {"name": bucket, "arn": f"arn:{account.partition}:s3:::{bucket}"}
    records = [
        {
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "awsRegion": account.region,
            "eventTime": one.arrived.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "eventName": "ObjectCreated:Put",
            "s3": {
                "s3SchemaVersion": "1.0",
                "bucket": place,
                "object": {"key": quote_plus(one.key), "size": one.size, "eTag": one.etag},
            },
        }
        for one in batch
    ]
    return json.dumps({"Records": records}).encode()
