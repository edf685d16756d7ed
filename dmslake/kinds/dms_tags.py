"""The tags of a DMS resource, which come with a call of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from dmslake.aws.clients import Clients
from dmslake.aws.errors import unless_absent
from dmslake.kinds import tags as tagging

_FEW = 2


def tags_of(aws: Clients, arn: str) -> dict[str, str] | None:
    """Return the tags of the resource with this ARN; None when it went since it was described."""
    if arn in aws.known_tags:
        return dict(aws.known_tags[arn])
    answer = unless_absent(
        lambda: aws.dms.list_tags_for_resource(ResourceArn=arn), "ResourceNotFoundFault"
    )
    return None if answer is None else tagging.from_list(cast("Any", answer.get("TagList", [])))


def know_tags(aws: Clients, arns: Sequence[str]) -> None:
    """Read the tags of several resources in one call, for `tags_of` to find while `aws` remembers.

    One that has none is asked for on its own: it may have gone meanwhile. So are all when one is
    refused. (botocore, ListTagsForResource: `ResourceArnList`, and `ResourceArn` in each tag.)
    """
    if len(arns) < _FEW:
        return
    answer = unless_absent(
        lambda: aws.dms.list_tags_for_resource(ResourceArnList=list(arns)), "ResourceNotFoundFault"
    )
    known: dict[str, dict[str, str]] = {}
    for tag in cast("Any", answer or {}).get("TagList", []):
        known.setdefault(tag.get("ResourceArn", ""), {})[tag["Key"]] = tag.get("Value", "")
    aws.known_tags.update({arn: tags for arn, tags in known.items() if arn in arns})


def put_tags(aws: Clients, arn: str, tags: dict[str, str]) -> None:
    """Add tags, replacing those of the same key."""
    aws.dms.add_tags_to_resource(ResourceArn=arn, Tags=cast("Any", tagging.as_list(tags)))
