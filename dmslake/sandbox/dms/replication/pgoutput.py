"""Decodes the messages of PostgreSQL's `pgoutput` plugin, protocol version 1, text values.

https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html
Pure: bytes in, one message out.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum

OPTIONS = {"proto_version": "1"}
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_BEGIN = struct.Struct("!QqI")
_COMMIT = struct.Struct("!BQQq")
_UINT32 = struct.Struct("!I")
_UINT16 = struct.Struct("!H")
_ATTRIBUTE = struct.Struct("!Ii")
_TRUNCATE = struct.Struct("!IB")
_NULL, _UNCHANGED = ord("n"), ord("u")


class Unchanged(Enum):
    """Stands for a large value that an update did not touch and the server did not send."""

    TOAST = "unchanged"


Value = str | Unchanged | None
Values = list[Value]


@dataclass(frozen=True, slots=True)
class Begin:
    """A transaction follows; it is committed already. `commit_lsn` is where."""

    commit_lsn: int
    time: datetime
    xid: int


@dataclass(frozen=True, slots=True)
class Commit:
    """The transaction is complete; `end_lsn` is the position behind it."""

    commit_lsn: int
    end_lsn: int


@dataclass(frozen=True, slots=True)
class RelationColumn:
    """A column as it was when the change was made."""

    name: str
    type_oid: int
    typmod: int
    is_identity: bool


@dataclass(frozen=True, slots=True)
class Relation:
    """The shape of a table, sent before its first change and after it has changed."""

    oid: int
    schema: str
    table: str
    identity: str
    columns: tuple[RelationColumn, ...]


@dataclass(frozen=True, slots=True)
class Insert:
    """A new row."""

    oid: int
    new: Values


@dataclass(frozen=True, slots=True)
class Update:
    """A changed row; `old` is there only if the key changed or the whole row is the identity."""

    oid: int
    old: Values | None
    new: Values


@dataclass(frozen=True, slots=True)
class Delete:
    """A deleted row; `old` has only the key's values unless the whole row is the identity."""

    oid: int
    old: Values


@dataclass(frozen=True, slots=True)
class Truncate:
    """Tables emptied by one statement."""

    oids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Ignored:
    """A message that changes no file: a type's name, a replication origin."""


Message = Begin | Commit | Relation | Insert | Update | Delete | Truncate | Ignored


def decode(data: bytes) -> Message:
    """Decode one message.

    Raises:
        ValueError: the message is of a kind that protocol version 1 does not have.
    """
    decoder = _DECODERS.get(data[:1])
    if decoder is None:
        raise ValueError(f"unknown pgoutput message {data[:1]!r}")
    return decoder(data)


def _begin(data: bytes) -> Message:
    lsn, microseconds, xid = _BEGIN.unpack_from(data, 1)
    return Begin(lsn, _EPOCH + timedelta(microseconds=microseconds), xid)


def _commit(data: bytes) -> Message:
    _, commit_lsn, end_lsn, _ = _COMMIT.unpack_from(data, 1)
    return Commit(commit_lsn, end_lsn)


def _relation(data: bytes) -> Message:
    (oid,) = _UINT32.unpack_from(data, 1)
    schema, at = _string(data, 5)
    table, at = _string(data, at)
    identity = chr(data[at])
    (count,) = _UINT16.unpack_from(data, at + 1)
    at += 3
    columns = []
    for _ in range(count):
        flags = data[at]
        name, at = _string(data, at + 1)
        type_oid, typmod = _ATTRIBUTE.unpack_from(data, at)
        at += _ATTRIBUTE.size
        columns.append(RelationColumn(name, type_oid, typmod, bool(flags & 1)))
    # The system catalog's own schema is sent as an empty name.
    return Relation(oid, schema or "pg_catalog", table, identity, tuple(columns))


def _insert(data: bytes) -> Message:
    new, _ = _tuple(data, 6)
    return Insert(_UINT32.unpack_from(data, 1)[0], new)


def _update(data: bytes) -> Message:
    (oid,) = _UINT32.unpack_from(data, 1)
    old: Values | None = None
    at = 5
    if data[at] in b"KO":
        old, at = _tuple(data, at + 1)
    new, _ = _tuple(data, at + 1)
    return Update(oid, old, new)


def _delete(data: bytes) -> Message:
    old, _ = _tuple(data, 6)
    return Delete(_UINT32.unpack_from(data, 1)[0], old)


def _truncate(data: bytes) -> Message:
    count, _ = _TRUNCATE.unpack_from(data, 1)
    return Truncate(struct.unpack_from(f"!{count}I", data, 1 + _TRUNCATE.size))


def _ignored(_data: bytes) -> Message:
    return Ignored()


def _tuple(data: bytes, at: int) -> tuple[Values, int]:
    (count,) = _UINT16.unpack_from(data, at)
    at += 2
    values: Values = []
    for _ in range(count):
        kind = data[at]
        at += 1
        if kind == _NULL:
            values.append(None)
        elif kind == _UNCHANGED:
            values.append(Unchanged.TOAST)
        else:
            end = at + 4 + int.from_bytes(data[at : at + 4], "big")
            values.append(data[at + 4 : end].decode("utf-8", "surrogateescape"))
            at = end
    return values, at


def _string(data: bytes, at: int) -> tuple[str, int]:
    end = data.index(0, at)
    return data[at:end].decode("utf-8", "surrogateescape"), end + 1


_DECODERS: dict[bytes, Callable[[bytes], Message]] = {
    b"B": _begin,
    b"C": _commit,
    b"R": _relation,
    b"I": _insert,
    b"U": _update,
    b"D": _delete,
    b"T": _truncate,
    b"Y": _ignored,
    b"O": _ignored,
}
