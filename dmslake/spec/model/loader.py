"""The section `loader`: the Lambda function that moves staged objects into the lake."""

from typing import Literal

from pydantic import Field

from dmslake.spec.model.names import RoleArn
from dmslake.spec.section import Section, Switch, Whole


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
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info",
        description="What the function writes to its log: with info one line for each file, with "
        "warning those that were gone before they could be copied or that failed, with error "
        "the failed ones.",
        examples=["info"],
    )
    table_metrics: Switch = Field(
        default=False,
        description="Whether the function's metrics are also counted for each table. CloudWatch "
        "charges for each metric of each table.",
        examples=[False],
    )
    role: RoleArn | None = Field(
        default=None,
        description="An existing role for the function, where IAM is not ours to write. It has "
        "to trust lambda.amazonaws.com. If it is not written, one is created.",
        examples=["arn:aws:iam::123456789012:role/loader"],
    )
