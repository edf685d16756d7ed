"""The section `replication`: the DMS task and the instance that runs it."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, JsonValue

from dmslake.spec.mistakes import mistake
from dmslake.spec.model.names import Arn
from dmslake.spec.section import NotYet, Section, Switch, Text, Whole

_LONGEST_CLASS = 30
_CLASS = re.compile(r"dms\.[a-z0-9-]+\.[a-z0-9]+")
_SUBNET = re.compile(r"subnet-[0-9a-z]+")
_SECURITY_GROUP = re.compile(r"sg-[0-9a-z]+")


def _instance_class(value: str) -> str:
    if not _CLASS.fullmatch(value) or len(value) > _LONGEST_CLASS:
        near = "dms." + value.removeprefix("db.")
        near = near if _CLASS.fullmatch(near) else ""
        fix = 'write one such as "dms.t3.medium"'
        raise mistake("{value} is not a replication instance class", near=near, fix=fix)
    return value


def _subnet(value: str) -> str:
    if not _SUBNET.fullmatch(value):
        raise mistake("{value} is not a subnet's id", fix='it starts with "subnet-"')
    return value


def _security_group(value: str) -> str:
    if not _SECURITY_GROUP.fullmatch(value):
        raise mistake("{value} is not a security group's id", fix='it starts with "sg-"')
    return value


class Instance(Section):
    """The replication instance that runs the task."""

    instance_class: Annotated[str, AfterValidator(_instance_class)] = Field(
        default="dms.t3.medium",
        alias="class",
        description="The size of the instance. Which ones exist depends on the region.",
        examples=["dms.t3.medium"],
    )
    storage_gb: Whole = Field(
        default=50,
        ge=5,
        le=6144,
        description="Disk for logs and for changes that wait, in GB. It can grow later, not "
        "shrink.",
        examples=[50],
    )
    multi_az: Switch = Field(
        default=False,
        description="Whether a standby in a second availability zone takes over on failure.",
        examples=[False],
    )
    arn: Annotated[Arn | None, NotYet("leave it out; an instance is created")] = Field(
        default=None,
        description="An existing replication instance to share, instead of the fields above. "
        "Not supported yet.",
        examples=["arn:aws:dms:eu-west-1:123456789012:rep:SHARED"],
    )


class Serverless(Section):
    """DMS Serverless: capacity that follows the load."""

    min_capacity: Whole = Field(
        default=1,
        ge=1,
        le=384,
        description="The least capacity, in DMS capacity units. Not supported yet.",
        examples=[1],
    )
    max_capacity: Whole = Field(
        default=4,
        ge=1,
        le=384,
        description="The most capacity, in DMS capacity units. Not supported yet.",
        examples=[4],
    )


class Network(Section):
    """Where in the VPC the instance stands."""

    subnets: tuple[Annotated[str, AfterValidator(_subnet)], ...] = Field(
        min_length=2,
        description="Subnets of one VPC in at least two availability zones. They need a route "
        "to the database and to S3: an S3 gateway endpoint or a NAT gateway.",
        examples=[["subnet-0a1b2c3d", "subnet-4e5f6a7b"]],
    )
    security_groups: tuple[Annotated[str, AfterValidator(_security_group)], ...] = Field(
        default=(),
        description="Security groups of the instance; the database's own has to let them in. If "
        "none is written: the VPC's default group.",
        examples=[["sg-0a1b2c3d"]],
    )
    subnet_group: Annotated[Text | None, NotYet("use subnets")] = Field(
        default=None,
        description="An existing DMS subnet group, instead of subnets. Not supported yet.",
        examples=["shared-subnets"],
    )


class Replication(Section):
    """How the tables are captured, and by what."""

    type: Literal["full-load", "cdc", "full-load-and-cdc"] = Field(
        default="full-load-and-cdc",
        description="full-load copies the tables once, cdc captures changes only, full-load- "
        "and-cdc does the first and goes on with the second.",
        examples=["full-load-and-cdc"],
    )
    instance: Instance = Field(
        default_factory=Instance,
        description="The replication instance that runs the task.",
    )
    serverless: Annotated[Serverless | None, NotYet("use instance")] = Field(
        default=None,
        description="DMS Serverless instead of an instance. Not supported yet.",
    )
    network: Network = Field(
        description="Where in the VPC the instance stands.",
    )
    settings: Annotated[Mapping[str, JsonValue], NotYet("leave it out", unless={})] = Field(
        default={},
        description="DMS task settings, merged over dmslake's defaults for a lake. Not "
        "supported yet.",
        examples=[{"Logging": {"EnableLogging": True}}],
    )
