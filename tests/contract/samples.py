"""One real resource of every kind, from the blueprint, and a change for each that can change."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from dmslake.aws.clients import Account
from dmslake.blueprint.pipeline import pipeline
from dmslake.engine.resource import Resource
from dmslake.spec import Spec, parse_spec

ACCOUNT = Account(id="123456789012", region="eu-west-1")

TEXT = """
version: 1
name: {name}
aws: {{region: eu-west-1, tags: {{team: data}}}}
source:
  engine: postgres
  host: {host}
  port: {port}
  database: {database}
  username: {username}
  password: ${{PASSWORD}}
  ssl: none
tables: {{include: [shop.%]}}
replication: {replication}
staging: {{bucket: {name}-contract-staging, prefix: dms, expire_after_days: 30}}
lake: {{bucket: {name}-contract-lake, prefix: raw}}
"""

Any_ = Resource[Any]


def spec(name: str = "shop", **values: object) -> Spec:
    given: dict[str, object] = {
        "host": "db.example.com",
        "port": 5432,
        "database": "shop",
        "username": "dms",
        "replication": "{network: {subnets: [subnet-a, subnet-b]}}",
        "password": "s3cret",
    }
    given.update(values)
    text = TEXT.format(name=name, **given)
    environ = {"PASSWORD": str(given["password"])}
    return parse_spec(text, file="contract.yaml", environ=environ, base_dir=Path())


def resources(found: Spec) -> Mapping[str, Any_]:
    """Return the resources of a pipeline by address."""
    return {str(r.address): r for r in pipeline(found, ACCOUNT).wanted}


def _changed_function(resource: Any) -> Any:
    environment = {**resource.environment, "DMSLAKE_LOG_LEVEL": "DEBUG"}
    return dataclasses.replace(
        resource, archive=resource.archive + b"\0", memory_mb=512, environment=environment
    )


def _changed_role(resource: Any) -> Any:
    statements = dict(resource.policy)
    statements.pop(next(iter(statements)))
    return dataclasses.replace(resource, policy=statements, tags={"team": "other"})


CHANGES: Mapping[str, Callable[[Any], Any]] = {
    "certificate": lambda r: dataclasses.replace(r, tags={"team": "other"}),
    "event_source_mapping": lambda r: dataclasses.replace(
        r, batch_size=5, max_concurrency=7, tags={"team": "other"}
    ),
    "event_subscription": lambda r: dataclasses.replace(r, categories=("failure",)),
    "replication_config": lambda r: dataclasses.replace(
        r, max_capacity=4, settings={**r.settings, "FullLoadSettings": {"MaxFullLoadSubTasks": 4}}
    ),
    "bucket": lambda r: dataclasses.replace(r, expire_after_days=7, tags={"team": "other"}),
    "bucket_notification": lambda r: dataclasses.replace(r, prefix="elsewhere/"),
    "endpoint": lambda r: (
        dataclasses.replace(r, username="other", password="new", password_fingerprint="00ff00ff")
        if r.direction == "source"
        else dataclasses.replace(r, settings={**r.settings, "CdcMaxBatchInterval": 90})
    ),
    "function": _changed_function,
    "invoke_permission": lambda r: dataclasses.replace(r, account="210987654321"),
    "log_group": lambda r: dataclasses.replace(r, retention_days=7, tags={"team": "other"}),
    "queue": lambda r: dataclasses.replace(r, tags={"team": "other"}),
    "replication_instance": lambda r: dataclasses.replace(
        r, instance_class="dms.t3.large", storage_gb=100, tags={"team": "other"}
    ),
    "replication_task": lambda r: dataclasses.replace(
        r,
        rules=(
            *r.rules,
            {
                **r.rules[0],
                "rule-id": "2",
                "rule-name": "include-2",
                "object-locator": {"schema-name": "other", "table-name": "%"},
            },
        ),
    ),
    "role": _changed_role,
    "subnet_group": lambda r: dataclasses.replace(r, tags={"team": "other"}),
}
"""Kind -> the resource as a user would have it after a change of the spec."""
