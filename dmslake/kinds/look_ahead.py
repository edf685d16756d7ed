"""What is asked of AWS once for a whole plan, before the resources are read one by one."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from dmslake.aws.clients import Clients
from dmslake.aws.errors import translating
from dmslake.engine.resource import Resource
from dmslake.errors import DmslakeError
from dmslake.kinds.dms_resource import DmsResource
from dmslake.kinds.dms_tags import know_tags

_READERS = 16


def look_ahead(resources: Iterable[Resource[Any]], aws: Clients) -> None:
    """Read the tags of all DMS resources together; only of use while `aws` remembers.

    Their descriptions are asked for at the same time, and remembered for those who read them later.
    A refusal is none here: it comes again, by its own name, when the resource itself is read.
    """
    found = [resource for resource in resources if isinstance(resource, DmsResource)]
    with ThreadPoolExecutor(_READERS, thread_name_prefix="look-ahead") as pool:
        arns = [arn for arn in pool.map(lambda one: _arn(one, aws), found) if arn]
    try:
        with translating("reading tags"):
            know_tags(aws, arns)
    except DmslakeError:
        return


def _arn(resource: DmsResource[Any], aws: Clients) -> str | None:
    try:
        with translating(str(resource.address)):
            return resource.known_arn(aws)
    except DmslakeError:
        return None
