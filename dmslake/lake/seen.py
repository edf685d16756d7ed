"""What is known of a staged object before it is copied. Data only."""

from datetime import datetime
from typing import NamedTuple


class Seen(NamedTuple):
    """One state of a staged object, as HEAD, a listing or a manifest tells it.

    `etag` is the bare tag or the quoted one, whichever the teller gave (S3 takes both as a
    condition), `size` is in bytes, `last_modified` is aware.
    """

    etag: str
    size: int
    last_modified: datetime
