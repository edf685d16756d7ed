"""Regions and accounts: what an ARN says against what the section `aws` says."""

from collections.abc import Iterator

from dmslake.spec.consistency.values import Values
from dmslake.spec.document import Path
from dmslake.spec.mistakes import Placed, mistake

_IN_THE_REGION: tuple[tuple[str, ...], ...] = (
    ("replication", "instance", "arn"),
    ("replication", "instance", "kms_key"),
    ("staging", "kms_key"),
    ("lake", "kms_key"),
)
# DMS and Lambda take roles of their own account only.
_IN_THE_ACCOUNT: tuple[tuple[str, ...], ...] = (
    ("replication", "instance", "arn"),
    ("source", "secret_role"),
    ("source", "role"),
    ("staging", "role"),
    ("loader", "role"),
)
_REGION, _ACCOUNT = 3, 4  # parts of an ARN


def checks(values: Values) -> Iterator[Placed]:
    """Yield what is somewhere else than the pipeline."""
    region = values.text("aws", "region")
    for path in _IN_THE_REGION:
        if region is not None and _part(values, path, _REGION) not in ("", region):
            message = f"{{value}} is not in aws.region, which is {region}"
            yield _shown(values, path, message, "it is not in aws.region")
    account = _account(values)
    for path in _IN_THE_ACCOUNT:
        if account and _part(values, path, _ACCOUNT) not in ("", account):
            message = f"{{value}} is not in aws.account, which is {account}"
            yield _shown(values, path, message, "it is not in aws.account")
    zone = values.text("replication", "instance", "availability_zone", default="")
    if region and zone and zone[:-1] != region:
        message = f"{{value}} is not in aws.region, which is {region}"
        path = ("replication", "instance", "availability_zone")
        yield _shown(values, path, message, "it is not in aws.region")


def _shown(values: Values, path: Path, message: str, hidden: str) -> Placed:
    """Name the region or account unless that came from the environment."""
    entries = values.document.entries
    secret = any(
        entries[here].written for here in (("aws", "region"), ("aws", "account")) if here in entries
    )
    return path, mistake(hidden if secret else message, fix="name one that is")


def _part(values: Values, path: tuple[str, ...], part: int) -> str:
    arn = values.text(*path)
    return arn.split(":")[part] if arn else ""


def _account(values: Values) -> str:
    path: Path = ("aws", "account")
    account = values.document.values.get(path)
    return str(account) if values.sound(path) and account is not None else ""
