"""An S3 bucket: private, encrypted, TLS only, cleaned of unfinished uploads."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, cast

from dmslake.aws.clients import Clients
from dmslake.aws.errors import refusal_of, tolerating, unless_absent
from dmslake.engine.resource import Attributes, Live, Permissions, Resource
from dmslake.kinds import tags as tagging
from dmslake.kinds.policies import Statement, attributes, parse
from dmslake.kinds.tags import OWNER_TAG, owned

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import LifecycleRuleOutputTypeDef

_TLS_SID = "DmslakeTlsOnly"
_EXPIRE_RULE = "dmslake-expire"
_UPLOADS_RULE = "dmslake-abort-unfinished-uploads"
_OUR_RULES = (_EXPIRE_RULE, _UPLOADS_RULE)
_UPLOAD_DAYS = 7
_DELETE_BATCH = 1000
# What HEAD answers for a bucket that is there but not for these credentials in this region.
_HIDDEN = {
    "403": "belongs to another account, or s3:ListBucket is not allowed on it",
    "301": "is in another region",
    "400": "is in another region",
}


@dataclass(frozen=True, kw_only=True)
class Bucket(Resource[Clients]):
    """A bucket and its settings.

    Attributes:
        purpose: what the bucket is for, in messages: ``staging`` or ``lake``.
        expire_after_days: objects below `expire_prefix` are removed after so many days.
        purge: whether removal may delete the data, too.
    """

    kind: ClassVar[str] = "bucket"
    permissions: ClassVar[Permissions] = Permissions(
        read=(
            "s3:ListBucket", "s3:ListBucketVersions", "s3:GetBucketPublicAccessBlock",
            "s3:GetEncryptionConfiguration", "s3:GetBucketPolicy", "s3:GetLifecycleConfiguration",
            "s3:GetBucketTagging",
        ),
        create=(
            "s3:CreateBucket", "s3:TagResource", "s3:PutBucketTagging",
            "s3:PutBucketPublicAccessBlock", "s3:PutEncryptionConfiguration", "s3:PutBucketPolicy",
            "s3:PutLifecycleConfiguration", "s3:GetBucketPolicy", "s3:GetLifecycleConfiguration",
            "s3:GetBucketTagging",
        ),
        update=(
            "s3:PutBucketTagging", "s3:PutBucketPublicAccessBlock", "s3:PutEncryptionConfiguration",
            "s3:PutBucketPolicy", "s3:PutLifecycleConfiguration", "s3:GetBucketPolicy",
            "s3:GetLifecycleConfiguration", "s3:GetBucketTagging",
        ),
        delete=(
            "s3:DeleteBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads",
            "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:AbortMultipartUpload",
        ),
    )  # fmt: skip

    arn: str
    purpose: str
    tags: Mapping[str, str] = field(default_factory=dict)
    expire_after_days: int | None = None
    expire_prefix: str = ""
    purge: bool = False

    def describe(self) -> str:
        return f"{self.purpose} bucket {self.name}"

    def desired(self) -> Attributes:
        return {
            "public_access_blocked": True,
            "encryption": "AES256",
            "abort_unfinished_uploads_after_days": _UPLOAD_DAYS,
            "expire_after_days": self.expire_after_days,
            "expire_prefix": self.expire_prefix if self.expire_after_days else None,
            **attributes("tls_policy", {_TLS_SID: self._tls_statement()}),
            "tags": self._all_tags(),
        }

    def read(self, aws: Clients) -> Live | None:
        refused = refusal_of(lambda: aws.s3.head_bucket(Bucket=self.name), *_HIDDEN, "404")
        if refused == "404":
            return None
        if refused is not None:
            return Live(reason=_HIDDEN[refused])
        return self._read_settings(aws)

    def _read_settings(self, aws: Clients) -> Live:
        tags = _tags(aws, self.name)
        policy = {sid: body for sid, body in _policy(aws, self.name).items() if sid == _TLS_SID}
        return Live(
            attributes={
                "public_access_blocked": _public_access_blocked(aws, self.name),
                "encryption": _encryption(aws, self.name),
                **_lifecycle_attributes(_lifecycle(aws, self.name)),
                **attributes("tls_policy", policy),
                "tags": tags,
                "empty": _is_empty(aws, self.name),
            },
            owner=tags.get(OWNER_TAG),
        )

    def create(self, aws: Clients) -> None:
        configuration: dict[str, Any] = {"Tags": tagging.as_list(self._all_tags())}
        if aws.account.region != "us-east-1":  # the one region that may not be named
            configuration["LocationConstraint"] = aws.account.region
        with tolerating("BucketAlreadyOwnedByYou"):
            aws.s3.create_bucket(
                Bucket=self.name, CreateBucketConfiguration=cast("Any", configuration)
            )
        self.update(aws, self.desired())

    def update(self, aws: Clients, changed: Attributes) -> None:
        if "public_access_blocked" in changed:
            _block_public_access(aws, self.name)
        if "encryption" in changed:
            _encrypt(aws, self.name)
        if changed.keys() & {
            "abort_unfinished_uploads_after_days", "expire_after_days", "expire_prefix",
        }:  # fmt: skip
            self._put_lifecycle(aws)
        if changed.keys() & {"tls_policy", "tls_policy_statements"}:
            self._put_policy(aws)
        if "tags" in changed:
            merged = {**_tags(aws, self.name), **self._all_tags()}
            aws.s3.put_bucket_tagging(
                Bucket=self.name, Tagging={"TagSet": cast("Any", tagging.as_list(merged))}
            )

    def keeps(self, live: Live) -> str | None:
        if live.attributes.get("empty") or self.purge:
            return None
        return "it holds data; --delete-data removes it, too"

    def delete(self, aws: Clients) -> None:
        with tolerating("NoSuchBucket"):
            if self.purge:
                _purge(aws, self.name)
            aws.s3.delete_bucket(Bucket=self.name)

    def _all_tags(self) -> dict[str, str]:
        return owned(self.tags, self.owner)

    def _tls_statement(self) -> Statement:
        return {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [self.arn, f"{self.arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }

    def _put_policy(self, aws: Clients) -> None:
        # PutBucketPolicy replaces the whole document: statements of others stay.
        statements = {**_policy(aws, self.name), _TLS_SID: self._tls_statement()}
        body = [_with_sid(sid, statement) for sid, statement in statements.items()]
        aws.s3.put_bucket_policy(
            Bucket=self.name, Policy=json.dumps({"Version": "2012-10-17", "Statement": body})
        )

    def _put_lifecycle(self, aws: Clients) -> None:
        # PutBucketLifecycleConfiguration replaces all rules: those of others stay.
        others = [r for r in _lifecycle(aws, self.name) if r.get("ID") not in _OUR_RULES]
        aws.s3.put_bucket_lifecycle_configuration(
            Bucket=self.name,
            LifecycleConfiguration=cast("Any", {"Rules": [*others, *self._rules()]}),
        )

    def _rules(self) -> Iterator[dict[str, object]]:
        yield {
            "ID": _UPLOADS_RULE,
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": _UPLOAD_DAYS},
        }
        if self.expire_after_days:
            yield {
                "ID": _EXPIRE_RULE,
                "Status": "Enabled",
                "Filter": {"Prefix": self.expire_prefix},
                "Expiration": {"Days": self.expire_after_days},
            }


def _with_sid(sid: str, statement: Statement) -> dict[str, object]:
    return dict(statement) if sid.startswith("unnamed-") else {"Sid": sid, **statement}


def _public_access_blocked(aws: Clients, bucket: str) -> bool:
    answer = unless_absent(
        lambda: aws.s3.get_public_access_block(Bucket=bucket),
        "NoSuchPublicAccessBlockConfiguration",
    )
    return answer is not None and all(answer["PublicAccessBlockConfiguration"].values())


def _encryption(aws: Clients, bucket: str) -> str | None:
    answer = unless_absent(
        lambda: aws.s3.get_bucket_encryption(Bucket=bucket),
        "ServerSideEncryptionConfigurationNotFoundError",
    )
    if answer is None:
        return None
    rule = answer["ServerSideEncryptionConfiguration"]["Rules"][0]
    return str(rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"])


def _policy(aws: Clients, bucket: str) -> dict[str, Statement]:
    answer = unless_absent(lambda: aws.s3.get_bucket_policy(Bucket=bucket), "NoSuchBucketPolicy")
    return {} if answer is None else parse(answer["Policy"])


def _lifecycle(aws: Clients, bucket: str) -> list[LifecycleRuleOutputTypeDef]:
    answer = unless_absent(
        lambda: aws.s3.get_bucket_lifecycle_configuration(Bucket=bucket),
        "NoSuchLifecycleConfiguration",
    )
    return [] if answer is None else answer["Rules"]


def _lifecycle_attributes(rules: list[LifecycleRuleOutputTypeDef]) -> dict[str, object]:
    ours = {rule.get("ID"): rule for rule in rules if rule["Status"] == "Enabled"}
    uploads = ours.get(_UPLOADS_RULE, cast("LifecycleRuleOutputTypeDef", {}))
    expire = ours.get(_EXPIRE_RULE, cast("LifecycleRuleOutputTypeDef", {}))
    return {
        "abort_unfinished_uploads_after_days": uploads.get(
            "AbortIncompleteMultipartUpload", {}
        ).get("DaysAfterInitiation"),
        "expire_after_days": expire.get("Expiration", {}).get("Days"),
        "expire_prefix": expire.get("Filter", {}).get("Prefix", ""),
    }


def _tags(aws: Clients, bucket: str) -> dict[str, str]:
    answer = unless_absent(lambda: aws.s3.get_bucket_tagging(Bucket=bucket), "NoSuchTagSet")
    return {} if answer is None else tagging.from_list(cast("Any", answer["TagSet"]))


def _is_empty(aws: Clients, bucket: str) -> bool:
    # Versions and delete markers count: S3 refuses to delete a bucket that holds them.
    answer = aws.s3.list_object_versions(Bucket=bucket, MaxKeys=1)
    return not answer.get("Versions") and not answer.get("DeleteMarkers")


def _block_public_access(aws: Clients, bucket: str) -> None:
    aws.s3.put_public_access_block(
        Bucket=bucket,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
    )


def _encrypt(aws: Clients, bucket: str) -> None:
    rule: Any = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    aws.s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})


def _purge(aws: Clients, bucket: str) -> None:
    for uploads in aws.s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
        for upload in uploads.get("Uploads", []):
            with tolerating("NoSuchUpload"):
                aws.s3.abort_multipart_upload(
                    Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"]
                )
    for page in aws.s3.get_paginator("list_object_versions").paginate(
        Bucket=bucket, PaginationConfig={"PageSize": _DELETE_BATCH}
    ):
        for entry in (*page.get("Versions", []), *page.get("DeleteMarkers", [])):
            # One by one: DeleteObjects carries keys in XML, which cannot hold every key S3 can.
            aws.s3.delete_object(Bucket=bucket, Key=entry["Key"], VersionId=entry["VersionId"])
