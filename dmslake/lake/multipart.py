"""Copies one big object in parts, many at once: all of it or nothing.

S3 takes nothing over by itself here, so every property is sent again, and every part is pinned to
the ETag that was seen. Must not decide where an object goes.
Limits: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import timedelta
from functools import partial
from hashlib import md5
from itertools import takewhile
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from dmslake.lake.arrival import Expected, bare, is_there
from dmslake.lake.deadline import OUT_OF_TIME
from dmslake.lake.envelopes.base import ObjectRef
from dmslake.lake.pace import Pace
from dmslake.lake.parallel import Workers
from dmslake.lake.store import Store, StoreError

MAX_PARTS = 10_000
_MIB = 1024**2
_BIGGEST_PART = 256 * _MIB
_PARTS_AT_FIRST = 32
_KEPT = (
    "CacheControl",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "ContentType",
    "Expires",
    "Metadata",
)

Part = Mapping[str, object]


class Source(NamedTuple):
    """An object to copy, and what HEAD said of it."""

    ref: ObjectRef
    head: Mapping[str, Any]

    @property
    def etag(self) -> str:
        """The ETag that every part is pinned to."""
        return str(self.head["ETag"])

    @property
    def size(self) -> int:
        """The size in bytes."""
        return int(self.head["ContentLength"])


class PartsCopier:
    """Copies objects in parts; the threads are shared by all that are copied at once."""

    def __init__(
        self,
        store: Store,
        workers: Workers,
        *,
        part_bytes: int,
        timer: Callable[[], float],
    ) -> None:
        self._store = store
        self._workers = workers
        self._part_bytes = part_bytes
        self._timer = timer

    def copy(self, source: Source, key: str, pace: Pace) -> None:
        """Copy one object; raises StoreError, and then leaves no part behind that it could help.

        The code is `OutOfTime` when the deadline came first. The bucket's rule for uploads that
        were never completed clears what S3 did not let go.
        """
        began = self._timer()
        properties = self._properties(source, pace)
        upload = pace.persist(lambda: self._store.begin_upload(key, properties))
        completed = False
        try:
            parts = self._copy_parts(source, key, upload, pace)
            self._complete(key, upload, parts, pace, _expected(source, parts), began)
            completed = True
        finally:
            if not completed:
                self._abort(key, upload)

    def _properties(self, source: Source, pace: Pace) -> dict[str, object]:
        found = {name: source.head[name] for name in _KEPT if source.head.get(name)}
        tags = pace.persist(lambda: self._store.tags(source.ref))
        if tags:
            pairs = [(tag["Key"], tag["Value"]) for tag in tags]
            found["Tagging"] = urlencode(pairs, quote_via=quote)
        return found

    def _copy_parts(self, source: Source, key: str, upload: str, pace: Pace) -> list[Part]:
        cuts = list(cut(source.size, self._part_bytes))
        # What may not be begun any more is missing at the end.
        begun = takewhile(lambda _: not pace.deadline.passed, cuts)
        calls = (
            partial(self._copy_part, source, key, {"UploadId": upload, **one}, pace)
            for one in begun
        )
        parts: dict[int, Part] = {}
        with closing(self._workers.run(calls, pace.deadline)) as done:
            for place, future in done:
                parts[place] = future.result()
        if len(parts) < len(cuts):
            text = (
                f"the time ran out when {len(parts)} of {len(cuts)} parts had been copied: "
                "give the function more (loader.timeout_s)"
            )
            raise StoreError(OUT_OF_TIME, text, temporary=True)
        return [parts[place] for place in range(len(cuts))]

    def _copy_part(self, source: Source, key: str, part: Part, pace: Pace) -> Part:
        return pace.persist(lambda: self._store.copy_part(source.ref, source.etag, key, part))

    def _complete(
        self,
        key: str,
        upload: str,
        parts: Sequence[Part],
        pace: Pace,
        expected: Expected,
        began: float,
    ) -> None:
        """Complete the upload. One that is unknown may have been completed, its answer lost."""

        def complete() -> None:
            try:
                self._store.complete_upload(key, upload, parts)
            except StoreError as error:
                there = expected._replace(after=self._timer() - began)
                if not (error.temporary and is_there(self._store, key, there)):
                    raise

        pace.persist(complete)

    def _abort(self, key: str, upload: str) -> None:
        try:
            self._store.abort_upload(key, upload)
        except StoreError:
            # What went wrong first is what the outcome tells; see the bucket's rule above.
            return


def cut(size: int, part_bytes: int) -> Iterator[dict[str, object]]:
    """Cut an object into parts, as members of UploadPartCopy.

    Parts have at least `part_bytes`; they grow to 256 MiB before there are more than a few dozen,
    and further when 10,000 would not do. A part that is the whole object has no range, which S3
    takes of objects above 5 MiB only.
    """
    length = max(part_bytes, min(-(-size // _PARTS_AT_FIRST), _BIGGEST_PART), -(-size // MAX_PARTS))
    if length >= size:
        yield {"PartNumber": 1}
        return
    for number, first in enumerate(range(0, size, length), 1):
        last = min(first + length, size) - 1
        yield {"PartNumber": number, "CopySourceRange": f"bytes={first}-{last}"}


def _expected(source: Source, parts: Sequence[Part]) -> Expected:
    """Tell what the completed object looks like.

    Its ETag is the MD5 of the parts' MD5s, and its LastModified the time at which the upload was
    begun, which is why it may be no younger than the copy's beginning.
    """
    etags = [bare(str(part["ETag"])) for part in parts]
    try:
        together = md5(b"".join(map(bytes.fromhex, etags)), usedforsecurity=False).hexdigest()
    except ValueError:  # a part that is encrypted may have any ETag
        together = ""
    return Expected(source.size, f"{together}-{len(parts)}", slack=-timedelta(seconds=1))
