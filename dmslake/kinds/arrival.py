"""What is staged, and whether it has arrived in the lake: judged by the lake's own router."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from dmslake.aws.clients import Clients
from dmslake.aws.errors import tolerating, unless_absent
from dmslake.lake.config import LoaderConfig
from dmslake.lake.objects import Skipped, StagedObject
from dmslake.lake.routing import Route, Router


class Staged(NamedTuple):
    """A staged object, as a listing tells of it; the order is that of arrival."""

    arrived: datetime
    key: str
    size: int = 0
    etag: str = ""


def staged_objects(aws: Clients, config: LoaderConfig) -> Iterator[Staged]:
    """Yield the staged objects that belong into the lake, page by page; none without a bucket.

    Among them those that cannot go there as they are, and that the loader will refuse by name.
    """
    router = config.router()
    pages: Any = aws.s3.get_paginator("list_objects_v2").paginate(
        Bucket=config.staging_bucket, Prefix=router.staging_folder
    )
    with tolerating("NoSuchBucket"):
        for page in pages:
            for one in page.get("Contents", ()):
                if _belongs(router.stage(one["Key"])):
                    etag = one.get("ETag", "").strip('"')
                    yield Staged(one["LastModified"], one["Key"], one.get("Size", 0), etag)


def _belongs(staged: StagedObject | Skipped) -> bool:
    return not isinstance(staged, Skipped) or staged.reason.withholds_data


def has_arrived(aws: Clients, config: LoaderConfig, router: Router, staged: Staged) -> bool:
    """Tell whether the object is in the lake, or never will be: the loader says why it stays."""
    route = router.route(staged.key, staged.arrived)
    return isinstance(route, Skipped) or is_there(aws, config, route, staged)


def is_there(
    aws: Clients, config: LoaderConfig, route: Route, staged: Staged, *unseen: str
) -> bool:
    """Tell whether the lake has the object's copy, and none of an earlier object of its name.

    `unseen` are codes that count as no besides that of what does not exist, e.g. ``403``.
    """
    head = unless_absent(
        lambda: aws.s3.head_object(Bucket=config.lake_bucket, Key=route.target),
        "404", "NoSuchKey", *unseen,
    )  # fmt: skip
    return head is not None and head["LastModified"] >= staged.arrived
