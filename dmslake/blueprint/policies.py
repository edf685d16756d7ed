"""What an IAM statement of a pipeline looks like, and the statements that several roles share."""

from __future__ import annotations

from collections.abc import Mapping

from dmslake.blueprint.names import Names

Statements = Mapping[str, Mapping[str, object]]


def trust_of(service: str, names: Names | None = None) -> dict[str, object]:
    """Let a service assume a role; with `names`, only DMS of this account and region.

    https://docs.aws.amazon.com/dms/latest/userguide/cross-service-confused-deputy-prevention.html
    """
    statement: dict[str, object] = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }
    if names is not None:
        # Which ARN a target presents is not documented, hence the `*`.
        statement["Condition"] = {
            "StringEquals": {"aws:SourceAccount": names.account.id},
            "ArnLike": {"aws:SourceArn": names.account.arn("dms", "*")},
        }
    return statement


def below(bucket_arn: str, prefix: str) -> str:
    """Return the ARN of everything below a prefix of a bucket."""
    return f"{bucket_arn}/{prefix}/*" if prefix else f"{bucket_arn}/*"


def key_use(key: str, names: Names, service: str, *actions: str) -> dict[str, object]:
    """Allow to use a KMS key, and only through one service of this region."""
    host = f"{service}.{names.account.region}.{names.account.dns_suffix}"
    return {
        "Effect": "Allow",
        "Action": list(actions),
        "Resource": key,
        "Condition": {"StringEquals": {"kms:ViaService": host}},
    }
