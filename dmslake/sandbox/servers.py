"""Which servers a sandbox has, in the order they start. A new server is one more row here."""

from __future__ import annotations

from pathlib import Path

from dmslake.sandbox.certificates import certificates_in
from dmslake.sandbox.cloud.settings import CloudKeys
from dmslake.sandbox.cloud_server import CloudServer
from dmslake.sandbox.dms_server import DmsServer
from dmslake.sandbox.ports import LOOPBACK, choose
from dmslake.sandbox.postgres import DATABASE, USERNAME, Postgres
from dmslake.sandbox.record import Record, Source
from dmslake.sandbox.server import Server

TLS = "tls"
ORDER = ("cloud", "postgres", "dms")
FOLDERS = (*ORDER, TLS)
IAM_DELAY = "iam"  # the one delay that is not DMS's own


def with_ports(record: Record, folder: Path) -> Record:
    """Return the record with a port for every server; a port that was given once stays."""
    ports = dict(record.ports)
    for name in ORDER:
        if name not in ports:
            ports[name] = choose(folder, ports.values())
    return record.model_copy(update={"ports": ports})


def servers_of(record: Record, folder: Path) -> tuple[Server, ...]:
    """Return all servers there are, in the order they start; `record` names their ports."""
    postgres = Postgres(
        folder=folder / "postgres",
        port=record.ports["postgres"],
        superuser_password=record.superuser_password,
        source_password=record.source_password,
    )
    return (cloud_of(record, folder), postgres, dms_of(record, folder))


def is_wanted(server: Server, record: Record) -> bool:
    """Tell whether this sandbox runs a server: PostgreSQL only without a database of the user's."""
    return not (record.external_source and isinstance(server, Postgres))


def cloud_of(record: Record, folder: Path) -> CloudServer:
    """Return the cloud."""
    return CloudServer(
        folder=folder / "cloud",
        port=record.ports["cloud"],
        region=record.region,
        account=record.account,
        certificates=certificates_in(folder / TLS),
        keys=CloudKeys(administrator=record.administrator, service=record.service),
        role_seconds=record.delays.get(IAM_DELAY, 0.0),
    )


def dms_of(record: Record, folder: Path) -> DmsServer:
    """Return the DMS service."""
    return DmsServer(
        folder=folder / "dms",
        port=record.ports["dms"],
        region=record.region,
        account=record.account,
        cloud_url=cloud_of(record, folder).url,
        authority=certificates_in(folder / TLS).authority,
        keys=record.service,
        delays={name: s for name, s in record.delays.items() if name != IAM_DELAY},
        idle_engines=record.idle_engines,
    )


def source_of(record: Record) -> Source:
    """Return the database that specs for this sandbox replicate from."""
    return record.external_source or Source(
        host=LOOPBACK,
        port=record.ports["postgres"],
        database=DATABASE,
        username=USERNAME,
        password=record.source_password,
    )
