"""Writes a zip file that is the same bytes wherever and whenever it is made.

The standard library's zipfile compresses with the machine's own zlib (see `deflate`) and takes
nothing that is compressed already. Format: PKWARE's APPNOTE.TXT, sections 4.3.7, 4.3.12 and 4.3.16.
"""

from __future__ import annotations

import struct
from binascii import crc32
from collections.abc import Mapping

from dmslake.blueprint.deflate import deflate

_LOCAL, _CENTRAL, _END = b"PK\3\4", b"PK\1\2", b"PK\5\6"
_VERSION = 20  # of the format: the first with DEFLATE
_UNIX = 3 << 8
_DEFLATED = 8
_UTF8_NAMES = 1 << 11
_LONG_AGO = 1 << 5 | 1  # 1 January 1980, the earliest day that a zip file can hold
_READABLE_FILE = 0o100644 << 16


def zipped(contents: Mapping[str, bytes]) -> bytes:
    """Write these files, in the order of their names; paths have `/` between their folders."""
    entries, directory = b"", b""
    for path, content in sorted(contents.items()):
        name, packed = path.encode(), deflate(content)
        shared = struct.pack(
            "<5H3I2H",
            *(_VERSION, _UTF8_NAMES, _DEFLATED, 0, _LONG_AGO),
            *(crc32(content), len(packed), len(content)),
            *(len(name), 0),
        )
        placed = struct.pack("<3H2I", 0, 0, 0, _READABLE_FILE, len(entries))
        directory += _CENTRAL + struct.pack("<H", _UNIX | _VERSION) + shared + placed + name
        entries += _LOCAL + shared + name + packed
    count = len(contents)
    end = struct.pack("<4H2IH", 0, 0, count, count, len(directory), len(entries), 0)
    return entries + directory + _END + end
