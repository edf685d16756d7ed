"""Identifiers, ARNs and the random ids in them, by the rules of the service's API reference."""

from __future__ import annotations

import base64
import re
import secrets

from dmslake.sandbox.dms.faults import blank, invalid_value

_IDENTIFIER = re.compile(r"[A-Za-z](?:-?[A-Za-z0-9])*")
_GROUP_NAME = re.compile(r"[A-Za-z0-9._-]{1,255}")
_PARTITIONS = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
_RULES = (
    "Identifiers must begin with a letter; must contain only ASCII letters, digits, and hyphens; "
    "and must not end with a hyphen or contain two consecutive hyphens."
)
LONGEST_RESOURCE_ID = 31


def identifier(parameter: str, value: str, *, longest: int) -> str:
    """Return the identifier as the service stores it (lower case), or refuse it."""
    if not value.strip():
        raise blank(parameter)
    if not _IDENTIFIER.fullmatch(value):
        raise invalid_value(f"The parameter {parameter} is not a valid identifier. {_RULES}")
    if len(value) > longest:
        raise invalid_value(f"The parameter {parameter} must not be longer than {longest}.")
    return value.lower()


def group_name(value: str) -> str:
    """Return a subnet group's name in lower case; letters, digits, `.`, `_`, `-`, not `default`."""
    if not value.strip():
        raise blank("ReplicationSubnetGroupIdentifier")
    if not _GROUP_NAME.fullmatch(value):
        raise invalid_value(
            "The parameter ReplicationSubnetGroupIdentifier must contain no more than 255 "
            "alphanumeric characters, periods, underscores, or hyphens."
        )
    if value.lower() == "default":
        raise invalid_value("The parameter ReplicationSubnetGroupIdentifier must not be default.")
    return value.lower()


def resource_id(wanted: str | None) -> str:
    """Return the last part of a new ARN: the caller's ResourceIdentifier, or 26 random letters."""
    if wanted is None:
        return base64.b32encode(secrets.token_bytes(16)).decode("ascii").rstrip("=")
    identifier("ResourceIdentifier", wanted, longest=LONGEST_RESOURCE_ID)
    return wanted


def partition(region: str) -> str:
    """Return the AWS partition of a region."""
    for prefix, name in _PARTITIONS.items():
        if region.startswith(prefix):
            return name
    return "aws"


def arn(region: str, account: str, kind: str, suffix: str) -> str:
    """Build `arn:<partition>:dms:<region>:<account>:<kind>:<suffix>`."""
    return f"arn:{partition(region)}:dms:{region}:{account}:{kind}:{suffix}"


def arn_suffix(resource_arn: str) -> str:
    """Return the last part of an ARN: what DMS calls the task in log streams and metrics."""
    return resource_arn.rpartition(":")[2]
