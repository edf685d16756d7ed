"""Which staged objects are not in the lake yet: how one knows that the loader has caught up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dmslake.lake.config import LoaderConfig
from dmslake.lake.routing import Route
from dmslake.sandbox.demo.listing import list_objects

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_SHOWN = 10


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """How many staged objects there are to copy, and how many of them are in the lake.

    `skipped` ones have no place in the lake; `waiting` shows a few of the staged keys whose copy
    is not there.
    """

    staged: int
    in_lake: int
    skipped: int
    waiting: tuple[str, ...]

    @property
    def is_complete(self) -> bool:
        """Tell whether nothing is waited for; true of an empty staging folder, too."""
        return self.in_lake == self.staged


def arrival(s3: S3Client, loader: LoaderConfig) -> Arrival:
    """Compare staging with the lake, by where the loader has to put every staged object.

    Raises:
        CloudError: a bucket cannot be listed.
    """
    router = loader.router()
    # Staging first: what arrives in between is in the lake's listing at most.
    routes = [
        router.route(staged.key, staged.last_modified)
        for staged in list_objects(s3, loader.staging_bucket, loader.staging_prefix)
    ]
    targets = {route.target: route for route in routes if isinstance(route, Route)}
    there = {found.key for found in list_objects(s3, loader.lake_bucket, loader.lake_prefix)}
    waiting = [route for target, route in targets.items() if target not in there]
    return Arrival(
        staged=len(targets),
        in_lake=len(targets) - len(waiting),
        skipped=len(routes) - len(targets),
        waiting=tuple(route.staged.key(loader.staging_prefix) for route in waiting[:_SHOWN]),
    )
