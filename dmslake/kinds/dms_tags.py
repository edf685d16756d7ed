"""The tags of a DMS resource, which come with a call of their own."""

from __future__ import annotations

from typing import Any, cast

from dmslake.aws.clients import Clients
from dmslake.aws.errors import unless_absent
from dmslake.kinds import tags as tagging


def tags_of(aws: Clients, arn: str) -> dict[str, str] | None:
    """Return the tags of the resource with this ARN; None when it went since it was described."""
    answer = unless_absent(
        lambda: aws.dms.list_tags_for_resource(ResourceArn=arn), "ResourceNotFoundFault"
    )
    return None if answer is None else tagging.from_list(cast("Any", answer.get("TagList", [])))


def put_tags(aws: Clients, arn: str, tags: dict[str, str]) -> None:
    """Add tags, replacing those of the same key."""
    aws.dms.add_tags_to_resource(ResourceArn=arn, Tags=cast("Any", tagging.as_list(tags)))
