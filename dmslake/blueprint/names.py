"""Every name and ARN of a pipeline, computed from its name, account and region."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from dmslake.aws.clients import Account

_DIGITS = 10


@dataclass(frozen=True)
class Names:
    """The names of the pipeline `pipeline` in `account`.

    Role names carry the region: roles belong to the whole account, everything else to one region.
    """

    pipeline: str
    account: Account

    @property
    def subnet_group(self) -> str:
        return f"{self.pipeline}-subnets"

    @property
    def instance(self) -> str:
        return f"{self.pipeline}-instance"

    @property
    def source_endpoint(self) -> str:
        return f"{self.pipeline}-source"

    @property
    def target_endpoint(self) -> str:
        return f"{self.pipeline}-staging"

    @property
    def task(self) -> str:
        return f"{self.pipeline}-task"

    @property
    def dms_role(self) -> str:
        return f"{self.pipeline}-dms-staging-{self.account.region}"

    @property
    def source_role(self) -> str:
        """The role with which DMS reads the source's secret, or an S3 source."""
        return f"{self.pipeline}-dms-source-{self.account.region}"

    @property
    def loader_role(self) -> str:
        return f"{self.pipeline}-loader-{self.account.region}"

    @property
    def batch_role(self) -> str:
        """The role of S3 Batch Operations, while a backfill uses it."""
        return f"{self.pipeline}-batch-{self.account.region}"

    @property
    def function(self) -> str:
        return f"{self.pipeline}-loader"

    @property
    def function_arn(self) -> str:
        return self.account.arn("lambda", f"function:{self.function}")

    @property
    def function_log_group(self) -> str:
        return f"/aws/lambda/{self.function}"

    @property
    def task_log_group(self) -> str:
        """The group that DMS writes to; the name is prescribed by its managed policy."""
        return f"dms-tasks-{self.instance}"

    @property
    def dead_letters(self) -> str:
        return f"{self.pipeline}-loader-failed"

    @property
    def dead_letters_arn(self) -> str:
        return self.account.arn("sqs", self.dead_letters)

    @property
    def queue(self) -> str:
        """The queue between staging and the function, where there is one."""
        return f"{self.pipeline}-staged"

    @property
    def queue_arn(self) -> str:
        return self.account.arn("sqs", self.queue)

    @property
    def serverless(self) -> str:
        return f"{self.pipeline}-serverless"

    @property
    def subscription(self) -> str:
        return f"{self.pipeline}-events"

    @property
    def certificates(self) -> str:
        """What the names of the pipeline's certificates start with."""
        return f"{self.pipeline}-ca-"

    def certificate(self, pem: str) -> str:
        """Return the name of a certificate: another text gets another name.

        DMS cannot change a certificate, so the new one has to stand beside the old one for a while.
        """
        return f"{self.certificates}{hashlib.sha256(pem.encode()).hexdigest()[:_DIGITS]}"

    @property
    def notification(self) -> str:
        return f"dmslake-{self.pipeline}"

    def role_arn(self, name: str, path: str) -> str:
        """Return the ARN of a role below an IAM path, e.g. ``/`` or ``/data/``."""
        return self.account.arn("iam", f"role{path}{name}", regional=False)

    def bucket_arn(self, bucket: str) -> str:
        return f"arn:{self.account.partition}:s3:::{bucket}"

    def managed_policy_arn(self, name: str) -> str:
        return f"arn:{self.account.partition}:iam::aws:policy/service-role/{name}"
