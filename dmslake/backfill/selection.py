"""Which staged objects a run is about. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from dmslake.lake.objects import Kind, StagedObject

LONGEST_UPLOAD_S = 24 * 3600
"""How long before it arrived an object's upload in parts may have begun."""


@dataclass(frozen=True, kw_only=True)
class Selection:
    """What is chosen; everything by default.

    Attributes:
        tables: `schema.table`, each with the wildcards `*` and `?`; empty: all.
        since, until: LastModified in seconds since 1970, the first included, the other not.
        kinds: load, cdc, ...; empty: all.
        key_prefix: what follows the staging prefix in every key.
    """

    tables: tuple[str, ...] = ()
    since: int | None = None
    until: int | None = None
    kinds: frozenset[Kind] = frozenset()
    key_prefix: str = ""

    def takes(self, staged: StagedObject, modified: int, *, in_parts: bool = False) -> bool:
        """Tell whether an object is chosen; `in_parts` for one that was uploaded so.

        Of such a one LastModified is when its upload began, not when it arrived. One that may have
        arrived since is therefore taken as well: copying too much is harmless, too little is not.
        https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
        """
        since = None if self.since is None else self.since - in_parts * LONGEST_UPLOAD_S
        return (
            (since is None or modified >= since)
            and (self.until is None or modified < self.until)
            and (not self.kinds or staged.kind in self.kinds)
            and self.takes_table(staged.schema, staged.table)
        )

    def takes_table(self, schema: str, table: str) -> bool:
        return not self.tables or any(
            fnmatchcase(f"{schema}.{table}", pattern) for pattern in self.tables
        )

    def takes_folder(self, folder: str) -> Callable[[str], bool]:
        """Return what tells whether a table's folder, below this staging folder, is chosen."""
        shape = re.compile(re.escape(folder) + r"([^/]+)/([^/]+)/")

        def takes(path: str) -> bool:
            found = shape.fullmatch(path)
            return found is None or self.takes_table(found[1], found[2])

        return takes

    @property
    def is_everything(self) -> bool:
        return self == Selection()

    def as_text(self) -> str:
        """Write it as one line that two equal selections share."""
        kinds = ",".join(sorted(self.kinds))
        return f"{','.join(self.tables)}|{self.since}|{self.until}|{kinds}|{self.key_prefix}"
