"""Connections to the source, and the words for a source that refuses one.

Every session renders values the same way (UTC, ISO dates, hexadecimal bytea), whatever the
database's own defaults are, so that the full load and the changes agree.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812  # a class in lower case
from psycopg2.extensions import make_dsn
from psycopg2.extras import LogicalReplicationConnection

from dmslake.sandbox.dms.replication.failures import ConnectionFailure
from dmslake.sandbox.dms.replication.model import SourceDatabase

_CONNECT_SECONDS = 10
# Without a sender timeout the server sends no keepalive in the middle of a transaction: psycopg2
# takes one there as leave to confirm everything before it, written or not. A client that is gone is
# noticed by TCP instead.
_SESSION = {
    "datestyle": "ISO,YMD",
    "intervalstyle": "postgres",
    "timezone": "UTC",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "client_encoding": "UTF8",
    "jit": "off",  # compiling costs more than it gains in statements this simple
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}
_STREAM_SESSION = {**_SESSION, "lc_monetary": "C", "wal_sender_timeout": "0"}
_SSL_MODES = {"none": "disable"}
# SQLSTATE classes: invalid authorisation, unknown database; and a database that is not reachable
# yet. https://www.postgresql.org/docs/current/errcodes-appendix.html
_LOST = frozenset({"57P01", "57P02", "57P03", "57P05", "53300"})


def connect(source: SourceDatabase) -> Connection:
    """Open an ordinary session in autocommit mode.

    Raises:
        ConnectionFailure: with the database's own reason.
    """
    with _refusals(source), _trusted(source) as trusted:
        connection = psycopg2.connect(_dsn(source, _SESSION, trusted))
    connection.autocommit = True
    return connection


def connect_stream(source: SourceDatabase) -> LogicalReplicationConnection:
    """Open a logical replication session.

    Raises:
        ConnectionFailure: with the database's own reason.
    """
    with _refusals(source), _trusted(source) as trusted:
        return psycopg2.connect(
            _dsn(source, _STREAM_SESSION, trusted), connection_factory=LogicalReplicationConnection
        )


def test_source(source: SourceDatabase) -> None:
    """Check that the database can be reached and that the account may log in.

    Raises:
        ConnectionFailure: with the database's own reason: refused, wrong password, unknown
            database, unknown host.
    """
    connect(source).close()


def cancel(connection: Connection | None) -> None:
    """Make the statement that another thread runs now fail; there may be none."""
    if connection is not None:
        with suppress(psycopg2.Error):
            connection.cancel()


def is_lost_connection(error: psycopg2.Error) -> bool:
    """Tell whether the error means that the session is gone and a new one may work."""
    if error.pgcode is not None:
        return error.pgcode in _LOST or error.pgcode.startswith("08")
    # A stream that breaks in the middle leaves psycopg2 without a word of the server or of libpq.
    wordless = type(error) is psycopg2.DatabaseError
    return wordless or isinstance(error, psycopg2.OperationalError | psycopg2.InterfaceError)


def reason(error: psycopg2.Error) -> str:
    """Return the database's own first line, without the severity in front."""
    text = error.diag.message_primary or str(error)
    line = text.strip().splitlines()[0] if text.strip() else type(error).__name__
    return line.removeprefix("FATAL:  ").removeprefix("ERROR:  ")


def _dsn(source: SourceDatabase, session: dict[str, str], trusted: dict[str, str]) -> str:
    return make_dsn(
        host=source.host,
        port=source.port,
        dbname=source.database,
        user=source.username,
        password=source.password,
        sslmode=_SSL_MODES.get(source.ssl_mode, source.ssl_mode),
        **trusted,
        connect_timeout=_CONNECT_SECONDS,
        application_name="dmslake",
        options=" ".join(f"-c {name}={value}" for name, value in session.items()),
    )


@contextmanager
def _trusted(source: SourceDatabase) -> Iterator[dict[str, str]]:
    """Give the certificates to trust as a file, which libpq reads while it connects."""
    if not source.certificate:
        yield {}
        return
    with tempfile.NamedTemporaryFile("w", prefix="dms-", suffix=".pem") as file:
        file.write(source.certificate)
        file.flush()
        yield {"sslrootcert": file.name}


@contextmanager
def _refusals(source: SourceDatabase) -> Iterator[None]:
    try:
        yield
    except psycopg2.Error as error:
        raise ConnectionFailure(
            f"cannot connect to database {source.database!r} on {source.host}:{source.port} "
            f"as {source.username!r}",
            why=" ".join(str(error).split()),
            fix="check host, port, database, user name and password",
        ) from error
