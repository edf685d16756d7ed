"""The Lambda function's archive: `dmslake.lake` as it is, byte for byte the same every time."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable

HANDLER = "dmslake.lake.handler.handle"
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the earliest time a zip file can hold
_UNIX = 3
_READABLE = 0o644 << 16


def lake_archive() -> bytes:
    """Return the zip file.

    The deployed hash is compared with this one, so nothing may depend on the machine: entries are
    sorted, have one time and one mode, and are stored, because zlib versions compress differently.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(_entry("dmslake/__init__.py"), b"")
        for path, content in sorted(_sources(files("dmslake.lake"), "dmslake/lake")):
            archive.writestr(_entry(path), content)
    return buffer.getvalue()


def _sources(folder: Traversable, path: str) -> Iterator[tuple[str, bytes]]:
    for child in folder.iterdir():
        if child.is_dir() and child.name != "__pycache__":
            yield from _sources(child, f"{path}/{child.name}")
        elif child.name.endswith(".py"):
            yield f"{path}/{child.name}", child.read_bytes().replace(b"\r\n", b"\n")


def _entry(path: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(path, _LONG_AGO)
    entry.create_system = _UNIX
    entry.external_attr = _READABLE
    return entry
