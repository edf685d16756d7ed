"""A deployed loader with its two buckets and staged objects, and nothing else of a pipeline."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dmslake.backfill.batch.following import Pauses
from dmslake.blueprint.names import Names
from dmslake.blueprint.pipeline import pipeline
from dmslake.operations.backfill import Summary, Wish
from dmslake.operations.backfill_batch import backfill_by_batch
from dmslake.operations.backfill_batch_options import BatchOptions, BatchProgress
from dmslake.sandbox.processes import wait_until
from dmslake.sandbox.spec import example_spec
from dmslake.spec import Spec, parse_spec
from tests.pipeline.surroundings import SandboxClients
from tests.sandbox.calls import Calls, statement

_THREADS = 8
_ENVIRON = {
    "SANDBOX_DB_HOST": "db.example.com",
    "SANDBOX_DB_PORT": "5432",
    "SANDBOX_DB_NAME": "shop",
    "SANDBOX_DB_USER": "dms",
    "SANDBOX_DB_PASSWORD": "secret",
    "SANDBOX_SUBNET_A": "subnet-0000000a",
    "SANDBOX_SUBNET_B": "subnet-0000000b",
    "SANDBOX_SECURITY_GROUP": "sg-0000000a",
}


def silent(_: BatchProgress) -> None:
    """Hear nothing."""


@dataclass(frozen=True)
class Loader:
    """A loader that works, and that no event wakes."""

    calls: Calls
    spec: Spec
    clients: SandboxClients

    @property
    def names(self) -> Names:
        return Names(self.spec.name, self.clients.account)

    def stage(self, keys: Iterable[str]) -> None:
        """Write objects below the staging prefix; each holds its own name."""

        def put(key: str) -> None:
            self.calls.s3.put_object(
                Bucket=self.spec.staging.bucket,
                Key=f"{self.spec.staging.prefix}/{key}",
                Body=key.encode(),
            )

        with ThreadPoolExecutor(_THREADS) as pool:
            list(pool.map(put, keys))

    def lake(self) -> dict[str, int]:
        """Return the sizes of all objects of the lake."""
        pages = self.calls.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.spec.lake.bucket
        )
        return {one["Key"]: one["Size"] for page in pages for one in page.get("Contents", [])}

    def deny(self, pattern: str) -> None:
        """Forbid the loader to read some staged objects."""
        self._rule({"Effect": "Deny"}, pattern)

    def allow(self) -> None:
        """Lift the ban again."""
        self.calls.iam.delete_role_policy(RoleName=self.names.loader_role, PolicyName="ban")

    def _rule(self, effect: Mapping[str, str], pattern: str) -> None:
        arn = f"arn:aws:s3:::{self.spec.staging.bucket}/*{pattern}*"
        document = statement("s3:GetObject", Resource=arn)
        document["Statement"][0].update(effect)
        self.calls.iam.put_role_policy(
            RoleName=self.names.loader_role, PolicyName="ban", PolicyDocument=json.dumps(document)
        )

    def backfill(
        self,
        *,
        canary: int = 1000,
        on_progress: Callable[[BatchProgress], None] = silent,
        stop: threading.Event | None = None,
        wish: Wish | None = None,
        manifest: str = "",
    ) -> Summary:
        """Run a backfill by jobs."""
        return backfill_by_batch(
            self.spec,
            self.clients,
            wish or Wish(),
            options=BatchOptions(
                canary=canary,
                manifest=manifest,
                pauses=Pauses(first=0.1, longest=0.2),
                role_seconds=1.0,
            ),
            on_progress=on_progress,
            stop=stop or threading.Event(),
        )

    def jobs(self) -> list[dict[str, Any]]:
        """Return the jobs of this pipeline, the newest first."""
        control = self.calls.client("s3control")
        listed = control.list_jobs(AccountId=self.calls.sandbox.account)["Jobs"]
        return [one for one in listed if f" {self.spec.name}," in one["Description"]]


def deployed(calls: Calls) -> Loader:
    """Make a loader under a name that no test has yet."""
    name = f"b{uuid.uuid4().hex[:10]}"
    spec = parse_spec(
        example_spec(name, (f"{name}.%",), batch_seconds=1),
        file="dmslake.yaml",
        environ=_ENVIRON,
        base_dir=Path(),
    )
    clients = SandboxClients(calls)
    for bucket in {spec.staging.bucket, spec.lake.bucket}:
        place: Any = {"LocationConstraint": calls.sandbox.region}
        calls.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=place)
    names = Names(name, clients.account)
    wanted = {names.loader_role, names.function_log_group, names.function}
    for kind in ("role", "log_group", "function"):
        for resource in pipeline(spec, clients.account).wanted:
            if resource.kind == kind and resource.name in wanted:
                resource.create(clients)

    def is_active() -> bool:
        found = calls.functions.get_function_configuration(FunctionName=names.function)
        return found["State"] == "Active"

    assert wait_until(is_active, 20)
    return Loader(calls, spec, clients)
