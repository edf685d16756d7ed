"""An S3 bucket: private, encrypted, TLS only, cleaned of unfinished uploads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, cast

from dmslake.aws.clients import Clients
from dmslake.aws.errors import refusal_of, tolerating
from dmslake.aws.eventually import Refusal, eventually
from dmslake.engine.resource import Attributes, Live, Patience, Permissions, Resource
from dmslake.errors import ConflictError
from dmslake.kinds import bucket_settings as settings
from dmslake.kinds import tags as tagging
from dmslake.kinds.bucket_contents import Contents, remove_everything, remove_ours, weigh
from dmslake.kinds.policies import Statement, attributes
from dmslake.kinds.removal import Removal
from dmslake.kinds.tags import KMS_KEY_TAG, OWNER_TAG, REGION_TAG, owned

_TLS_SID = "DmslakeTlsOnly"
# Refusals of a bucket that was just made, or that still goes under the same name.
_NOT_SETTLED = (Refusal("NoSuchBucket"), Refusal("OperationAborted"))
_MANY_SECONDS = 60
_HIDDEN = ("403", "301", "400")
_ELSEWHERE = "elsewhere"


@dataclass(frozen=True, kw_only=True)
class Bucket(Resource[Clients]):
    """A bucket and its settings.

    Attributes:
        purpose: what the bucket is for, in messages: ``staging`` or ``lake``.
        expire_after_days: objects below `expire_prefix` are removed after so many days.
        purge: whether removal may delete the data, too.
        kms_key: ARN of the key that new objects are encrypted with; None for S3's own.
        weighed: whether `read` counts what the bucket holds, which only a removal has to know.
        removal: how far the removal of the data is.
    """

    kind: ClassVar[str] = "bucket"
    # A purge removes some thousand objects a second.
    patience: ClassVar[Patience] = Patience(usual=5, limit=86_400)
    permissions: ClassVar[Permissions] = Permissions(
        read=(
            "s3:GetBucketTagging", "s3:ListBucket", "s3:GetBucketPublicAccessBlock",
            "s3:GetEncryptionConfiguration", "s3:GetBucketPolicy", "s3:GetLifecycleConfiguration",
            "s3:ListBucketVersions",
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
    kms_key: str | None = None
    weighed: bool = True
    removal: Removal = field(default_factory=Removal, compare=False, repr=False)

    def describe(self) -> str:
        return f"{self.purpose} bucket {self.name}"

    def desired(self) -> Attributes:
        return {
            "public_access_blocked": True,
            **settings.encryption(self.kms_key),
            **settings.lifecycle(self.expire_after_days, self.expire_prefix),
            **attributes("tls_policy", {_TLS_SID: self._tls_statement()}),
            "tags": self._all_tags(),
        }

    def read(self, aws: Clients) -> Live | None:
        if self.removal.under_way():
            return Live(state=f"removing objects, {self.removal.removed:,} so far")
        tags: dict[str, str] = {}

        def look() -> None:
            tags.update(settings.read_tags(aws, self.name))

        refused = refusal_of(look, "NoSuchBucket", "AccessDenied")
        if refused == "NoSuchBucket":
            return None
        if refused is not None or OWNER_TAG not in tags:
            hidden = why_hidden(aws, self.name)
            if hidden is not None:
                return Live(state=_ELSEWHERE, reason=hidden)
            if refused is not None:
                settings.read_tags(aws, self.name)  # ours, and its tags may not be read
        return self._read_settings(aws, tags)

    def _read_settings(self, aws: Clients, tags: Mapping[str, str]) -> Live:
        owner = tags.get(OWNER_TAG)
        region = tags.get(REGION_TAG, aws.account.region)
        if owner not in (None, self.owner):
            return Live(owner=owner)
        if region != aws.account.region:
            reason = _not_here(region, aws.account.region)
            return Live(owner=owner, state=_ELSEWHERE, reason=reason)
        statements = settings.read_policy(aws, self.name)
        policy = {sid: body for sid, body in statements.items() if sid == _TLS_SID}
        # Without a key in the spec, the encryption is read only where we once set another.
        keyed = self.kms_key is not None or KMS_KEY_TAG in tags
        encryption = (
            settings.read_encryption(aws, self.name) if keyed else settings.encryption(None)
        )
        return Live(
            attributes={
                "public_access_blocked": settings.read_public_access_blocked(aws, self.name),
                **encryption,
                **settings.read_lifecycle(aws, self.name),
                **attributes("tls_policy", policy),
                "tags": tags,
                "contents": weigh(aws, self.name) if self.weighed else None,
            },
            owner=owner,
        )

    def refuses(self, live: Live) -> str | None:
        return f"it {live.reason}" if live.state == _ELSEWHERE else None

    def create(self, aws: Clients) -> None:
        configuration: dict[str, Any] = {"Tags": tagging.as_list(self._marked(aws))}
        if aws.account.region != "us-east-1":  # the one region that may not be named
            configuration["LocationConstraint"] = aws.account.region

        def make() -> None:
            aws.s3.create_bucket(
                Bucket=self.name, CreateBucketConfiguration=cast("Any", configuration)
            )

        refused = refusal_of(
            lambda: eventually(make, *_NOT_SETTLED, within=120),
            "BucketAlreadyOwnedByYou",
            "BucketAlreadyExists",
        )
        if refused == "BucketAlreadyExists":
            raise ConflictError(
                f"{self.describe()} cannot be made",
                why="the name belongs to another account: bucket names are unique in all of AWS",
                fix=f"choose another name for {self.purpose}.bucket",
            )
        eventually(lambda: self.update(aws, self.desired()), *_NOT_SETTLED, within=_MANY_SECONDS)

    def update(self, aws: Clients, changed: Attributes) -> None:
        if "public_access_blocked" in changed:
            settings.block_public_access(aws, self.name)
        if changed.keys() & {"encryption", "kms_key", "bucket_key"}:
            settings.encrypt(aws, self.name, self.kms_key)
        if changed.keys() & settings.lifecycle(None, "").keys():
            settings.merge_lifecycle(aws, self.name, self.expire_after_days, self.expire_prefix)
        if changed.keys() & {"tls_policy", "tls_policy_statements"}:
            settings.merge_policy(aws, self.name, {_TLS_SID: self._tls_statement()})
        if changed.keys() & {"tags", "encryption", "kms_key"}:
            # Last: what the tags say of the encryption must be so.
            without = () if self.kms_key else (KMS_KEY_TAG,)
            settings.merge_tags(aws, self.name, self._marked(aws), without=without)

    def keeps(self, live: Live) -> str | None:
        if live.state == _ELSEWHERE:
            return f"it {live.reason}"
        contents = live.attributes.get("contents")
        if self.purge or (isinstance(contents, Contents) and contents.empty):
            return None
        holds = f"it holds {contents}" if isinstance(contents, Contents) else "it may hold data"
        return (
            f"{holds}; `dmslake down --delete-data` removes it with everything in it, "
            f"`aws s3 rb s3://{self.name} --force` where it keeps no versions"
        )

    def delete(self, aws: Clients) -> None:
        if self.purge:
            self.removal.begin(f"emptying {self.describe()}", lambda count: self._purge(aws, count))
            return
        with tolerating("NoSuchBucket"):
            remove_ours(aws, self.name)
            filled = refusal_of(lambda: self._remove(aws), "BucketNotEmpty")
            if filled:
                raise ConflictError(
                    f"{self.describe()} was not removed",
                    why="something was put into it meanwhile",
                    fix="run `dmslake down` again to see what it holds",
                )

    def _purge(self, aws: Clients, count: Any) -> None:
        with tolerating("NoSuchBucket"):
            remove_everything(aws, self.name, count)
            while refusal_of(lambda: self._remove(aws), "BucketNotEmpty"):
                remove_everything(aws, self.name, count)

    def _remove(self, aws: Clients) -> None:
        aws.s3.delete_bucket(Bucket=self.name, ExpectedBucketOwner=aws.account.id)

    def _all_tags(self) -> dict[str, str]:
        return owned(self.tags, self.owner)

    def _marked(self, aws: Clients) -> dict[str, str]:
        key = {KMS_KEY_TAG: self.kms_key} if self.kms_key else {}
        return {**self._all_tags(), REGION_TAG: aws.account.region, **key}

    def _tls_statement(self) -> Statement:
        return {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [self.arn, f"{self.arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }


def why_hidden(aws: Clients, bucket: str) -> str | None:
    """Return why a bucket that exists cannot be used, or None; one call, two for a strange one.

    HEAD tells the region of a bucket even to those who may not see it, and boto3 follows it there.
    """
    found: dict[str, Any] = {}

    def look() -> None:
        found.update(aws.s3.head_bucket(Bucket=bucket, ExpectedBucketOwner=aws.account.id))

    refused = refusal_of(look, *_HIDDEN)
    if refused is None:
        region = found.get("BucketRegion", aws.account.region)
        return None if region == aws.account.region else _not_here(region, aws.account.region)
    if refused != "403":
        return f"is not in {aws.account.region}"
    if refusal_of(lambda: aws.s3.head_bucket(Bucket=bucket), *_HIDDEN) is None:
        return f"belongs to another account than {aws.account.id}"
    return "belongs to another account, or s3:ListBucket is not allowed on it"


def _not_here(region: str, here: str) -> str:
    return f"is in {region}, while the pipeline is in {here}"
