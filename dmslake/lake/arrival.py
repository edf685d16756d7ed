"""Whether a copy whose answer was lost was made: told by a look at its target."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from dmslake.lake.store import Store, StoreError

_WHOLE_SECOND = timedelta(seconds=1)


class Expected(NamedTuple):
    """What lies at the target if the copy was made.

    `etag` is the ETag that proves it: an MD5 of the bytes, or of the parts' MD5s. Its absence
    proves nothing, because keys of KMS and the cut into parts change it. `after` then is how many
    seconds ago the copy began: an object of this size that is younger can only be the copy. It is
    not there where others write to the same key.
    """

    size: int
    etag: str
    after: float | None = None
    slack: timedelta = _WHOLE_SECOND


def is_there(store: Store, key: str, expected: Expected) -> bool:
    """Tell whether the copy is certainly there; False where it cannot be told."""
    try:
        head = store.look_at_target(key)
    except StoreError:
        return False
    if head["ContentLength"] != expected.size:
        return False
    return bare(head["ETag"]) == bare(expected.etag) or _is_younger(head, expected)


def _is_younger(head: Mapping[str, Any], expected: Expected) -> bool:
    """Compare two times of S3's own clock, so that this machine's does not matter.

    Both are cut to whole seconds, hence the slack: better to copy once more than to take an older
    object for the copy.
    """
    date = head.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    if expected.after is None or not date:
        return False
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - slow to import, hardly needed

    began = parsedate_to_datetime(date) - timedelta(seconds=expected.after)
    modified: datetime = head["LastModified"]
    return modified >= began + expected.slack


def bare(etag: str) -> str:
    """Take the quotes off an ETag."""
    return etag.strip('"')
