"""The section `replication`: the DMS task and the instance that runs it."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    Field,
    PlainValidator,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)
from pydantic_core import PydanticKnownError

from dmslake.spec.mistakes import mistake, nearest, raise_all
from dmslake.spec.model.names import InstanceArn, KeyArn, TopicArn
from dmslake.spec.section import Section, Switch, Text, Whole
from dmslake.spec.surroundings import surroundings
from dmslake.spec.task_rules import task_conflicts, task_warnings
from dmslake.spec.task_settings import read_task_settings

_LONGEST_CLASS = 30
_CLASS = re.compile(r"dms\.[a-z0-9-]+\.[a-z0-9]+")
_SUBNET = re.compile(r"subnet-[0-9a-z]+")
_SECURITY_GROUP = re.compile(r"sg-[0-9a-z]+")
_SUBNET_GROUP = re.compile(r"[A-Za-z0-9._ -]{1,255}")
_ENGINE_VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+")
_ZONE = re.compile(r"[a-z]{2,5}(-[a-z]+){1,3}-[0-9]{1,2}[a-z]")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MOMENT = r"(mon|tue|wed|thu|fri|sat|sun):([01][0-9]|2[0-3]):([0-5][0-9])"
_WINDOW = re.compile(f"{_MOMENT}-{_MOMENT}")
_SHORTEST_WINDOW = 30  # minutes
_WEEK = 7 * 24 * 60
_CAPACITIES = (1, 2, 4, 8, 16, 32, 64, 128, 192, 256, 384)
CATEGORIES = ("configuration change", "creation", "deletion", "failure", "state change")
"""What DMS can tell about a task (its user guide, "Working with Amazon SNS events")."""


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


def _subnet_group(value: str) -> str:
    """Check a subnet group's name; DMS keeps it in lower case."""
    if not _SUBNET_GROUP.fullmatch(value):
        fix = "use the identifier that DMS shows"
        raise mistake("{value} is not the name of a DMS subnet group", fix=fix)
    return value.lower()


def _engine_version(value: str) -> str:
    if not _ENGINE_VERSION.fullmatch(value):
        raise mistake("{value} is not a version of DMS", fix='write one such as "3.5.4"')
    return value


def _zone(value: str) -> str:
    if not _ZONE.fullmatch(value):
        fix = 'write one such as "eu-west-1a"'
        raise mistake("{value} is not an availability zone", fix=fix)
    return value


def _window(value: str) -> str:
    """Check a weekly window in UTC, at least half an hour long."""
    parts = _WINDOW.fullmatch(value.lower())
    if not parts:
        fix = 'write one such as "sun:04:00-sun:04:30" (UTC)'
        raise mistake("{value} is not a weekly window", fix=fix)
    start, end = _minute(*parts.group(1, 2, 3)), _minute(*parts.group(4, 5, 6))
    if (end - start) % _WEEK < _SHORTEST_WINDOW:
        fix = f"make it {_SHORTEST_WINDOW} minutes or longer"
        raise mistake("the window {value} is too short", fix=fix)
    return value.lower()


def _minute(day: str, hour: str, minute: str) -> int:
    return (_DAYS.index(day) * 24 + int(hour)) * 60 + int(minute)


def _capacity(value: int) -> int:
    if value not in _CAPACITIES:
        fix = f"use one of {', '.join(map(str, _CAPACITIES))}"
        raise mistake("{value} is not a capacity of DMS Serverless", fix=fix)
    return value


def _category(value: str) -> str:
    """Read a category in any letter case, with spaces, hyphens or underscores."""
    category = re.sub("[-_]", " ", value).lower()
    if category not in CATEGORIES:
        message = f"{{value}} is not one of {', '.join(CATEGORIES)}"
        raise mistake(message, near=nearest(value, CATEGORIES))
    return category


def _time(value: object) -> datetime:
    if not isinstance(value, str):
        raise PydanticKnownError("string_type")
    try:
        moment = datetime.fromisoformat(value)
        in_utc = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        fix = 'write one such as "2026-11-23T04:00:00Z"'
        raise mistake("{value} is not a time", fix=fix) from None
    if moment.tzinfo is None:
        raise mistake("the time {value} has no time zone", fix='add "Z" for UTC')
    return in_utc


Category = Annotated[
    str,
    AfterValidator(_category),
    WithJsonSchema({"type": "string", "enum": list(CATEGORIES)}),
]
Capacity = Annotated[Whole, AfterValidator(_capacity)]
Time = Annotated[
    datetime,
    PlainValidator(_time),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A moment with its time zone, kept in UTC."""


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
    engine_version: Annotated[str, AfterValidator(_engine_version)] | None = Field(
        default=None,
        description="The version of DMS. If it is not written, AWS chooses the default one and "
        "upgrades it. An older one than the instance has is not a change.",
        examples=["3.5.4"],
    )
    maintenance_window: Annotated[str, AfterValidator(_window)] | None = Field(
        default=None,
        description="When AWS may maintain the instance: ddd:hh:mm-ddd:hh:mm in UTC, half an "
        "hour at least. If it is not written, AWS chooses.",
        examples=["sun:04:00-sun:04:30"],
    )
    kms_key: KeyArn | None = Field(
        default=None,
        description="The KMS key that encrypts the instance's disk. If it is not written, the "
        "account's own for DMS. It cannot change later.",
        examples=["arn:aws:kms:eu-west-1:123456789012:key/1234abcd"],
    )
    availability_zone: Annotated[str, AfterValidator(_zone)] | None = Field(
        default=None,
        description="The availability zone of the instance. If it is not written, AWS chooses. "
        "Not with multi_az. It cannot change later.",
        examples=["eu-west-1a"],
    )
    arn: InstanceArn | None = Field(
        default=None,
        description="An existing replication instance to share, instead of the fields above "
        "and of network.",
        examples=["arn:aws:dms:eu-west-1:123456789012:rep:SHARED"],
    )


class Serverless(Section):
    """DMS Serverless: capacity that follows the load."""

    min_capacity: Capacity = Field(
        default=1,
        description="The least capacity, in DMS capacity units of 2 GB: 1, 2, 4, 8, 16, 32, 64, "
        "128, 192, 256 or 384.",
        examples=[1],
    )
    max_capacity: Capacity = Field(
        default=4,
        description="The most capacity, in the same units.",
        examples=[4],
    )
    multi_az: Switch = Field(
        default=False,
        description="Whether a standby in a second availability zone takes over on failure.",
        examples=[False],
    )


class Network(Section):
    """Where in the VPC the instance stands."""

    subnets: tuple[Annotated[str, AfterValidator(_subnet)], ...] = Field(
        default=(),
        min_length=2,
        description="Subnets of one VPC in at least two availability zones. They need a route "
        "to the database and to S3: an S3 gateway endpoint or a NAT gateway. Required "
        "unless subnet_group is written.",
        examples=[["subnet-0a1b2c3d", "subnet-4e5f6a7b"]],
    )
    security_groups: tuple[Annotated[str, AfterValidator(_security_group)], ...] = Field(
        default=(),
        description="Security groups of the instance; the database's own has to let them in. If "
        "none is written: the VPC's default group.",
        examples=[["sg-0a1b2c3d"]],
    )
    subnet_group: Annotated[str, AfterValidator(_subnet_group)] | None = Field(
        default=None,
        description="An existing DMS subnet group, instead of subnets.",
        examples=["shared-subnets"],
    )


class Start(Section):
    """Where in the source's log capturing starts; without it: at the first start of the task."""

    position: Text | None = Field(
        default=None,
        description="A position in the log as the engine has it, or a checkpoint of DMS. For "
        "the PostgreSQL family it needs source.settings.slot_name.",
        examples=["mysql-bin-changelog.000024:373"],
    )
    time: Time | None = Field(
        default=None,
        description="A moment with its time zone, instead of a position. Not for the "
        "PostgreSQL family and db2.",
        examples=["2026-11-23T04:00:00Z"],
    )


class Notifications(Section):
    """Mails or messages about the task, through an SNS topic."""

    topic: TopicArn = Field(
        description="The ARN of an existing SNS topic that lets DMS publish.",
        examples=["arn:aws:sns:eu-west-1:123456789012:alerts"],
    )
    categories: tuple[Category, ...] = Field(
        default=("failure", "state change"),
        min_length=1,
        description="What to tell about the task: configuration change, creation, deletion, "
        "failure, state change.",
        examples=[["failure", "state change"]],
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
    serverless: Serverless | None = Field(
        default=None,
        description="DMS Serverless instead of an instance.",
    )
    network: Network | None = Field(
        default=None,
        description="Where in the VPC the instance stands. Required unless instance.arn is "
        "written.",
    )
    settings: Mapping[str, object] = Field(
        default={},
        description="DMS task settings in DMS's own names, merged over dmslake's defaults for a "
        "lake.",
        examples=[{"FullLoadSettings": {"MaxFullLoadSubTasks": 16}}],
    )
    start: Start | None = Field(
        default=None,
        description="Where capturing starts, for type: cdc. Not with serverless.",
    )
    notifications: Notifications | None = Field(
        default=None,
        description="Messages about the task through an SNS topic. Not with serverless.",
    )

    @field_validator("settings")
    @classmethod
    def read_settings(cls, value: Mapping[str, object], info: ValidationInfo) -> object:
        """Check the settings against what DMS knows and what an S3 target takes."""
        settings, found = read_task_settings(value)
        raise_all([*found, *task_conflicts(settings)])
        for path, warning in task_warnings(settings):
            surroundings(info).warnings.append((("replication", "settings", *path), warning))
        return settings
