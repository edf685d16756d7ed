"""A light S3 on 127.0.0.1 for the benchmarks of the backfill: makes listings up, counts copies.

It stores nothing, so a million objects cost it a million bits, and little of the machine's time
goes to the server. It checks no signature and must serve nothing but benchmarks.

    python bench/backfill_stub.py OBJECTS TABLES     prints its port, ends with its standard input
"""

from __future__ import annotations

import asyncio
import json
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import overload
from urllib.parse import parse_qs, quote, unquote, urlsplit

STAGING, LAKE, FOLDER = "staging", "lake", "dms/public/"
_TIME = "2026-11-23T14:47:02.000Z"
_ETAG = "d41d8cd98f00b204e9800998ecf8427e"
_COPIED = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<CopyObjectResult xmlns="http://s3.amazonaws.com/doc/'
    f'2006-03-01/"><LastModified>{_TIME}</LastModified><ETag>&quot;{_ETAG}&quot;</ETag>'
    "</CopyObjectResult>"
).encode()
_XML = b"HTTP/1.1 200 OK\r\ncontent-type: application/xml\r\ncontent-length: %d\r\n\r\n%s"
_ANSWER_COPY = _XML % (len(_COPIED), _COPIED)
_ANSWER_HEAD = (
    "HTTP/1.1 200 OK\r\ncontent-length: 4096\r\nlast-modified: Mon, 23 Nov 2026 14:47:02 GMT\r\n"
    f'etag: "{_ETAG}"\r\n\r\n'
).encode()


class Keys(Sequence[str]):
    """The staged keys in their order, made when they are asked for."""

    def __init__(self, objects: int, tables: int) -> None:
        self.each, self.tables = objects // tables, tables

    def __len__(self) -> int:
        return self.each * self.tables

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> list[str]: ...
    def __getitem__(self, at: int | slice) -> str | list[str]:
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(len(self)))]
        if at >= len(self):
            raise IndexError(at)
        table, number = divmod(at, self.each)
        return f"{FOLDER}{_table(table)}/20261123-{number:09d}.csv"


class World:
    """What is staged, and which of it was copied."""

    def __init__(self, keys: Keys) -> None:
        self.keys = keys
        self.copied = bytearray(len(keys))
        self.copies = 0

    def copy(self, source: str) -> None:
        key = unquote(source).lstrip("/").partition("/")[2]
        table, _, name = key.removeprefix(FOLDER).partition("/")
        self.copied[int(table[-4:]) * self.keys.each + int(name[9:18])] = 1
        self.copies += 1

    def answer(self, method: bytes, path: str, head: bytes) -> bytes:
        if path == "/counts":
            return self._counts()
        if method == b"PUT":
            self.copy(_header(head, b"x-amz-copy-source:"))
            return _ANSWER_COPY
        if method == b"HEAD":
            return _ANSWER_HEAD
        split = urlsplit(path)
        asked = {name: values[0] for name, values in parse_qs(split.query).items()}
        body = self._page(split.path.strip("/"), asked).encode()
        return _XML % (len(body), body)

    def _counts(self) -> bytes:
        body = json.dumps({"copies": self.copies, "different": sum(self.copied)}).encode()
        self.copied, self.copies = bytearray(len(self.keys)), 0
        return _XML % (len(body), body)

    def _page(self, bucket: str, asked: dict[str, str]) -> str:
        prefix, limit = asked.get("prefix", ""), int(asked.get("max-keys", "1000"))
        after = asked.get("continuation-token") or asked.get("start-after", "")
        keys: Sequence[str] = self.keys if bucket == STAGING else []
        if asked.get("delimiter"):
            return _listing("", _folders(prefix, self.keys.tables), "")
        first = max(bisect_left(keys, prefix), bisect_right(keys, after))
        end = bisect_left(keys, prefix + "\x7f")
        found = keys[first : min(end, first + limit)]
        contents = "".join(map(_CONTENTS.format, map(quote, found)))
        return _listing(contents, "", found[-1] if found and first + limit < end else "")


_CONTENTS = (
    f"<Contents><Key>{{}}</Key><LastModified>{_TIME}</LastModified><ETag>&quot;{_ETAG}&quot;</ETag>"
    "<Size>4096</Size><StorageClass>STANDARD</StorageClass></Contents>"
)


def _listing(contents: str, folders: str, more: str) -> str:
    token = f"<NextContinuationToken>{more}</NextContinuationToken>" if more else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<IsTruncated>{str(bool(more)).lower()}</IsTruncated><EncodingType>url</EncodingType>"
        f"{token}{contents}{folders}</ListBucketResult>"
    )


def _folders(prefix: str, tables: int) -> str:
    names = [f"{FOLDER}{_table(one)}/" for one in range(tables)] if prefix == FOLDER else [FOLDER]
    return "".join(f"<CommonPrefixes><Prefix>{n}</Prefix></CommonPrefixes>" for n in names)


def _table(number: int) -> str:
    return f"orders_{number:04d}"


def _header(head: bytes, name: bytes) -> str:
    start = head.lower().find(b"\r\n" + name) + 2 + len(name)
    return head[start : head.index(b"\r\n", start)].decode().strip()


class Connection(asyncio.Protocol):
    """One connection: requests without a body, answered in their order."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        *heads, self._rest = (self._rest + data).split(b"\r\n\r\n")
        for head in heads:
            method, path, _ = head.split(b" ", 2)
            answer = self._world.answer(method, path.decode(), head + b"\r\n")
            self._transport.write(answer)  # type: ignore[attr-defined] # a stream's transport


async def serve(world: World) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(world), "127.0.0.1", 0, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__" and len(sys.argv) > 1:
    asyncio.run(serve(World(Keys(int(sys.argv[1]), int(sys.argv[2])))))
