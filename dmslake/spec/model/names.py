"""Names that several sections share: S3 buckets and prefixes, ARNs.

Only rules that can be checked without asking AWS.
"""

import ipaddress
import re
from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator

from dmslake.spec.mistakes import mistake

_LONGEST_PREFIX = 200
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_RESERVED_STARTS = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_ENDS = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
_PREFIX = re.compile(r"[A-Za-z0-9._=-]+(?:/[A-Za-z0-9._=-]+)*")
_ARN = re.compile(r"arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:(?:[0-9]{12}|aws)?:\S+")


def _bucket(value: str) -> str:
    """Check a bucket's name (S3 user guide, "General purpose bucket naming rules")."""
    if "/" in value:
        raise mistake(
            "{value} is not a bucket name", fix="write the name alone; folders go to prefix"
        )
    if value != value.lower():
        raise mistake("{value} is not a bucket name: it has capitals", near=value.lower())
    if not _BUCKET.fullmatch(value) or ".." in value or _is_ip_address(value):
        fix = "use 3 to 63 lower-case letters, digits and hyphens, a letter or digit at both ends"
        raise mistake("{value} is not a bucket name", fix=fix)
    if value.startswith(_RESERVED_STARTS) or value.endswith(_RESERVED_ENDS):
        raise mistake(
            "{value} starts or ends in a way that S3 keeps for itself", fix="choose another name"
        )
    return value


def _is_ip_address(value: str) -> bool:
    try:
        ipaddress.IPv4Address(value)
    except ValueError:
        return False
    return True


def normal_prefix(value: str) -> str:
    """Return a prefix without `/` at its ends; an empty text means the whole bucket."""
    return value.strip("/")


def folder(value: str) -> str:
    """Return a prefix in its normal form; refuse one that cannot stand in a policy."""
    prefix = normal_prefix(value)
    if not prefix:
        return ""
    # A stricter rule than S3's: prefixes go into IAM policies, where * ? and ${ are wildcards.
    if not _PREFIX.fullmatch(prefix) or {".", ".."} & set(prefix.split("/")):
        fix = "use letters, digits and . _ = - with single slashes between them"
        raise mistake("{value} is not a prefix that can be used", fix=fix)
    if len(prefix) > _LONGEST_PREFIX:
        raise mistake("the prefix is too long", fix=f"use at most {_LONGEST_PREFIX} characters")
    return prefix


def _arn(value: str) -> str:
    if not _ARN.fullmatch(value):
        raise mistake("{value} is not an ARN", fix="copy it from AWS; it starts with arn:aws:")
    return value


def _arn_of(service: str, start: str, thing: str, example: str) -> Callable[[str], str]:
    """Return a check for the ARNs of one kind of resource, which stands in an account."""
    shape = re.compile(rf"arn:aws[a-z-]*:{service}:[a-z0-9-]*:[0-9]{{12}}:{start}[^\s/:][^\s]*")

    def check(value: str) -> str:
        if not shape.fullmatch(_arn(value)):
            fix = f'it looks like "arn:aws:{example}"'
            raise mistake(f"{{value}} is not the ARN of {thing}", fix=fix)
        return value

    return check


role_arn = _arn_of("iam", "role/", "an IAM role", "iam::123456789012:role/name")

BucketName = Annotated[str, AfterValidator(_bucket)]
Prefix = Annotated[str, AfterValidator(folder)]
Arn = Annotated[str, AfterValidator(_arn)]
RoleArn = Annotated[str, AfterValidator(role_arn)]
KeyArn = Annotated[
    str,
    AfterValidator(
        _arn_of("kms", "key/", "a KMS key", "kms:eu-west-1:123456789012:key/1234abcd-…")
    ),
]
"""A key itself: an alias cannot stand in an IAM policy."""
SecretArn = Annotated[
    str,
    AfterValidator(
        _arn_of(
            "secretsmanager",
            "secret:",
            "a secret",
            "secretsmanager:eu-west-1:123456789012:secret:shop-a1b2c3",
        )
    ),
]
TopicArn = Annotated[
    str,
    AfterValidator(_arn_of("sns", "", "an SNS topic", "sns:eu-west-1:123456789012:alerts")),
]
InstanceArn = Annotated[
    str,
    AfterValidator(
        _arn_of("dms", "rep:", "a replication instance", "dms:eu-west-1:123456789012:rep:SHARED")
    ),
]
