"""The settings of a bucket, one call to read each and one to write it.

Documents that S3 replaces whole (policy, lifecycle rules, tags) are merged: what others put there
stays.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from dmslake.aws.clients import Clients
from dmslake.aws.errors import unless_absent
from dmslake.kinds import tags as tagging
from dmslake.kinds.policies import Statement, parse

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import LifecycleRuleOutputTypeDef

UPLOAD_DAYS = 7
_EXPIRE_RULE = "dmslake-expire"
_UPLOADS_RULE = "dmslake-abort-unfinished-uploads"
_NEVER = "never"
_OUR_RULES = (_EXPIRE_RULE, _UPLOADS_RULE)


def read_public_access_blocked(aws: Clients, bucket: str) -> bool:
    """Tell whether all four ways of making the bucket public are blocked."""
    answer = unless_absent(
        lambda: aws.s3.get_public_access_block(Bucket=bucket),
        "NoSuchPublicAccessBlockConfiguration",
    )
    return answer is not None and all(answer["PublicAccessBlockConfiguration"].values())


def block_public_access(aws: Clients, bucket: str) -> None:
    """Block all four ways of making the bucket public."""
    aws.s3.put_public_access_block(
        Bucket=bucket,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
    )


def encryption(kms_key: str | None) -> dict[str, object]:
    """Return the default encryption as attributes; without a key it is S3's own."""
    if kms_key is None:
        return {"encryption": "AES256"}
    return {"encryption": "aws:kms", "kms_key": kms_key, "bucket_key": True}


def read_encryption(aws: Clients, bucket: str) -> dict[str, object]:
    """Return the default encryption in the words of `encryption`."""
    answer = unless_absent(
        lambda: aws.s3.get_bucket_encryption(Bucket=bucket),
        "ServerSideEncryptionConfigurationNotFoundError",
    )
    if answer is None:
        return {}
    rule = answer["ServerSideEncryptionConfiguration"]["Rules"][0]
    found = rule["ApplyServerSideEncryptionByDefault"]
    return {
        "encryption": found["SSEAlgorithm"],
        "kms_key": found.get("KMSMasterKeyID"),
        "bucket_key": rule.get("BucketKeyEnabled", False),
    }


def encrypt(aws: Clients, bucket: str, kms_key: str | None) -> None:
    """Set the default encryption; with a bucket key, which saves most of KMS's requests."""
    default = {"SSEAlgorithm": "AES256"}
    if kms_key is not None:
        default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": kms_key}
    rule: Any = {
        "ApplyServerSideEncryptionByDefault": default,
        "BucketKeyEnabled": kms_key is not None,
    }
    aws.s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})


def read_policy(aws: Clients, bucket: str) -> dict[str, Statement]:
    """Return the statements of the bucket's policy by Sid."""
    answer = unless_absent(lambda: aws.s3.get_bucket_policy(Bucket=bucket), "NoSuchBucketPolicy")
    return {} if answer is None else parse(answer["Policy"])


def merge_policy(aws: Clients, bucket: str, ours: Mapping[str, Statement]) -> None:
    """Put statements beside those of others."""
    statements = {**read_policy(aws, bucket), **ours}
    body = [_with_sid(sid, statement) for sid, statement in statements.items()]
    aws.s3.put_bucket_policy(
        Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": body})
    )


def _with_sid(sid: str, statement: Statement) -> dict[str, object]:
    return dict(statement) if sid.startswith("unnamed-") else {"Sid": sid, **statement}


def lifecycle(expire_after_days: int | None, prefix: str) -> dict[str, object]:
    """Return the lifecycle rules as attributes; `prefix` is what expires."""
    return {
        "abort_unfinished_uploads_after_days": UPLOAD_DAYS,
        "expire_after_days": expire_after_days or _NEVER,
        "expire_prefix": prefix if expire_after_days else None,
    }


def read_lifecycle(aws: Clients, bucket: str) -> dict[str, object]:
    """Return our lifecycle rules in the words of `lifecycle`."""
    rules, _ = _lifecycle_rules(aws, bucket)
    ours = {rule.get("ID"): rule for rule in rules if rule["Status"] == "Enabled"}
    uploads = ours.get(_UPLOADS_RULE, cast("LifecycleRuleOutputTypeDef", {}))
    expire = ours.get(_EXPIRE_RULE, cast("LifecycleRuleOutputTypeDef", {}))
    return {
        "abort_unfinished_uploads_after_days": uploads.get(
            "AbortIncompleteMultipartUpload", {}
        ).get("DaysAfterInitiation"),
        "expire_after_days": expire.get("Expiration", {}).get("Days", _NEVER),
        "expire_prefix": expire.get("Filter", {}).get("Prefix", ""),
    }


def merge_lifecycle(aws: Clients, bucket: str, expire_after_days: int | None, prefix: str) -> None:
    """Put our rules beside those of others."""
    rules, other_settings = _lifecycle_rules(aws, bucket)
    others = [rule for rule in rules if rule.get("ID") not in _OUR_RULES]
    aws.s3.put_bucket_lifecycle_configuration(
        Bucket=bucket,
        LifecycleConfiguration=cast(
            "Any", {"Rules": [*others, *_our_rules(expire_after_days, prefix)]}
        ),
        **other_settings,
    )


def _lifecycle_rules(aws: Clients, bucket: str) -> tuple[Sequence[LifecycleRuleOutputTypeDef], Any]:
    answer = unless_absent(
        lambda: aws.s3.get_bucket_lifecycle_configuration(Bucket=bucket),
        "NoSuchLifecycleConfiguration",
    )
    if answer is None:
        return [], {}
    # A PUT without it sets it back, for the rules of others, too.
    smallest: Any = answer.get("TransitionDefaultMinimumObjectSize")
    kept = {"TransitionDefaultMinimumObjectSize": smallest} if smallest else {}
    return answer.get("Rules", []), kept


def _our_rules(expire_after_days: int | None, prefix: str) -> Iterator[dict[str, object]]:
    yield {
        "ID": _UPLOADS_RULE,
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": UPLOAD_DAYS},
    }
    if expire_after_days:
        yield {
            "ID": _EXPIRE_RULE,
            "Status": "Enabled",
            "Filter": {"Prefix": prefix},
            "Expiration": {"Days": expire_after_days},
        }


def read_tags(aws: Clients, bucket: str) -> dict[str, str]:
    """Return the tags of a bucket that must be this account's."""
    answer = unless_absent(
        lambda: aws.s3.get_bucket_tagging(Bucket=bucket, ExpectedBucketOwner=aws.account.id),
        "NoSuchTagSet",
    )
    return {} if answer is None else tagging.from_list(cast("Any", answer["TagSet"]))


def merge_tags(
    aws: Clients, bucket: str, ours: Mapping[str, str], *, without: Sequence[str] = ()
) -> None:
    """Put tags beside those of others, and take away those named in `without`."""
    kept = {k: v for k, v in read_tags(aws, bucket).items() if k not in without}
    tags: Any = tagging.as_list({**kept, **ours})
    aws.s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
