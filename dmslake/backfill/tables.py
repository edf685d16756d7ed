"""The parts of a listing: the keys of staging cut where tables begin.

The parts are ranges that leave no key out, whatever was learnt about the tables. So what lies
beside the tables' folders is listed as well, and a search for folders may end early.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from dmslake.backfill.lister import Asking
from dmslake.backfill.store import PageAsked

_PAGES = 20
_SEARCHERS = 16

Part = tuple[str, str, str | None]
"""A prefix, the key that the part begins behind, and its last possible key; None: to the end."""


def parts(asking: Asking, bucket: str, folder: str, wanted: Callable[[str], bool]) -> list[Part]:
    """Cut the keys below a folder where the folders two levels below it begin.

    Takes a folder with its slash at the end, and whether a table's folder, as in
    `dms/public/orders/`, is wanted. Raises StoreError.
    """
    schemas, whole = _folders(asking, bucket, folder)
    with ThreadPoolExecutor(_SEARCHERS, thread_name_prefix="tables") as pool:
        found = list(pool.map(lambda schema: _folders(asking, bucket, schema), schemas))
    tables = sorted(table for folders, _ in found for table in folders)
    known = whole and all(every for _, every in found)
    return list(_ranges(folder, tables, wanted if known else _any))


def _ranges(folder: str, tables: list[str], wanted: Callable[[str], bool]) -> Iterator[Part]:
    starts = ["", *tables]
    ends: list[str | None] = [*tables, None]
    for start, end in zip(starts, ends, strict=True):
        if wanted(start):
            yield folder, start, end


def _folders(asking: Asking, bucket: str, folder: str) -> tuple[list[str], bool]:
    """Return the folders in a folder, and whether these are all."""
    pages = asking.whole(PageAsked(bucket, folder, delimiter="/"))
    seen = list(islice(((page.folders, page.more) for page in pages), _PAGES))
    return [name for folders, _ in seen for name in folders], not seen[-1][1]


def _any(_: str) -> bool:
    return True
