"""The section `loader`: the Lambda function that moves staged objects into the lake."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from dmslake.spec.mistakes import not_supported_yet
from dmslake.spec.model.names import Arn
from dmslake.spec.section import NotYet, Section, Whole


class Loader(Section):
    """The Lambda function that moves staged objects into the lake."""

    trigger: Literal["s3", "sqs"] = Field(
        default="s3",
        description="What wakes the function: s3 notifies it directly; sqs puts a queue between "
        "them. sqs is not supported yet.",
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
    concurrency: Annotated[Whole | None, NotYet("leave it out")] = Field(
        default=None,
        description="How many runs are reserved and possible at the same time. Not supported yet.",
        examples=[10],
    )
    role: Annotated[Arn | None, NotYet("leave it out; a role is created")] = Field(
        default=None,
        description="An existing role for the function, where IAM is not ours to write. Not "
        "supported yet.",
        examples=["arn:aws:iam::123456789012:role/loader"],
    )

    @field_validator("trigger")
    @classmethod
    def check_trigger(cls, value: str) -> str:
        """Refuse the queue, which is still to come."""
        if value == "sqs":
            raise not_supported_yet("use s3", what="{value}")
        return value
