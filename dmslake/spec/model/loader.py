"""The section `loader`: the Lambda function that moves staged objects into the lake."""

from typing import Literal

from pydantic import Field

from dmslake.spec.model.names import RoleArn
from dmslake.spec.section import Section, Whole


class Loader(Section):
    """The Lambda function that moves staged objects into the lake."""

    trigger: Literal["s3", "sqs"] = Field(
        default="s3",
        description="What wakes the function: s3 notifies it directly; sqs puts a queue between "
        "them, which gathers bursts and keeps what failed.",
        examples=["s3"],
    )
    memory_mb: Whole = Field(
        default=256,
        ge=128,
        le=10240,
        description="Memory of the function, in MB.",
        examples=[256],
    )
    timeout_s: Whole = Field(
        default=60,
        ge=1,
        le=900,
        description="How long one run of the function may take, in seconds.",
        examples=[60],
    )
    concurrency: Whole | None = Field(
        default=None,
        ge=1,
        description="How many runs are reserved and possible at the same time; with trigger: sqs "
        "2 to 1000. If it is not written, the account's limit counts.",
        examples=[10],
    )
    role: RoleArn | None = Field(
        default=None,
        description="An existing role for the function, where IAM is not ours to write. It has "
        "to trust lambda.amazonaws.com. If it is not written, one is created.",
        examples=["arn:aws:iam::123456789012:role/loader"],
    )
