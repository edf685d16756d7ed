"""The few S3 calls that replications make, on a folder: two processes can share it.

An object appears whole or not at all, as in S3, however the writing process ends.
"""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, unquote


class FolderS3:
    """One bucket; every object is a file of the folder, named by its escaped key."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._folder.mkdir(exist_ok=True)

    def put_object(self, *, Key: str, Body: bytes, **_: object) -> None:  # noqa: N803  # boto3's
        unfinished = self._folder / f".{os.getpid()}.{threading.get_ident()}.unfinished"
        unfinished.write_bytes(Body)
        unfinished.rename(self._path(Key))

    def upload_fileobj(self, content: IO[bytes], bucket: str, key: str, *_: object) -> None:
        self.put_object(Key=key, Body=content.read(), Bucket=bucket)

    def get_object(self, *, Key: str, **_: object) -> dict[str, Any]:  # noqa: N803  # boto3's
        return {"Body": io.BytesIO(self._path(Key).read_bytes())}

    def list_objects_v2(self, *, Prefix: str, **_: object) -> dict[str, Any]:  # noqa: N803
        names = (unquote(path.name) for path in self._folder.iterdir() if path.name[0] != ".")
        return {"Contents": [{"Key": name} for name in sorted(names) if name.startswith(Prefix)]}

    def get_paginator(self, _: str) -> FolderS3:
        return self

    def paginate(self, **arguments: Any) -> Iterator[dict[str, Any]]:
        yield self.list_objects_v2(**arguments)

    def delete_objects(self, *, Delete: Any, **_: object) -> dict[str, Any]:  # noqa: N803
        for one in Delete["Objects"]:
            self._path(one["Key"]).unlink(missing_ok=True)
        return {}

    def _path(self, key: str) -> Path:
        return self._folder / quote(key, safe="")
