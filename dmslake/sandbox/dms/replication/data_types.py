"""How DMS sees PostgreSQL's types: which of a few text forms each one takes in a CSV file.

The one classification that the SQL of the full load and the Python of the changes share (user
guide, "Source data types for PostgreSQL").
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


class Form(Enum):
    """A text form; what is not said otherwise is PostgreSQL's own text output."""

    PLAIN = auto()  # never empty: numbers, uuid, interval, ranges, ...
    STRING = auto()  # may be empty: varchar(n), enums, ...
    CHAR = auto()  # trailing blanks trimmed (TrimSpaceInChar)
    LONG_STRING = auto()  # varchar without a length: 8000 bytes
    BOOLEAN = auto()
    FLOAT4 = auto()
    FLOAT8 = auto()
    UNBOUNDED_NUMERIC = auto()  # NUMERIC(28,6)
    MONEY = auto()  # NUMERIC(38,4)
    DATE = auto()
    TIME_WITH_ZONE = auto()
    TIMESTAMP = auto()
    TIMESTAMP_WITH_ZONE = auto()
    NCLOB = auto()
    CLOB = auto()
    BLOB = auto()

    @property
    def is_lob(self) -> bool:
        return self in {Form.NCLOB, Form.CLOB, Form.BLOB}


@dataclass(frozen=True, kw_only=True)
class DataType:
    """A column's type, domains resolved.

    `kind` is `pg_type.typtype`, `typmod` is `atttypmod` (-1 where the declaration has none).
    """

    name: str
    kind: str = "b"
    is_array: bool = False
    typmod: int = -1

    @property
    def form(self) -> Form:
        if self.is_array:
            return Form.NCLOB
        if self.name in _WITHOUT_LENGTH and self.typmod < 0:
            return _WITHOUT_LENGTH[self.name]
        return _FORMS.get(self.name) or _FORMS_OF_KIND.get(self.kind, Form.NCLOB)


_WITHOUT_LENGTH = {"varchar": Form.LONG_STRING, "numeric": Form.UNBOUNDED_NUMERIC}
_PLAIN = (
    "int2 int4 int8 numeric oid xid xid8 cid tid time uuid interval bit inet cidr macaddr macaddr8 "
    "point line lseg box circle pg_lsn pg_snapshot txid_snapshot"
)
_STRINGS = "varchar varbit name char regclass regproc regprocedure regtype regrole regnamespace"
_FORMS = {
    **dict.fromkeys(_PLAIN.split(), Form.PLAIN),
    **dict.fromkeys(_STRINGS.split(), Form.STRING),
    "bool": Form.BOOLEAN,
    "bpchar": Form.CHAR,
    "bytea": Form.BLOB,
    "date": Form.DATE,
    "float4": Form.FLOAT4,
    "float8": Form.FLOAT8,
    "money": Form.MONEY,
    "path": Form.CLOB,
    "polygon": Form.CLOB,
    "timestamp": Form.TIMESTAMP,
    "timestamptz": Form.TIMESTAMP_WITH_ZONE,
    "timetz": Form.TIME_WITH_ZONE,
    "tsquery": Form.CLOB,
    "tsvector": Form.CLOB,
    "xml": Form.CLOB,
}
# Enums and ranges; composites and types of extensions (citext, hstore, geometry) are NCLOB.
_FORMS_OF_KIND = {"e": Form.STRING, "r": Form.PLAIN, "m": Form.PLAIN}
