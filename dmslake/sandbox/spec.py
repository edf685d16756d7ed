"""A spec that works against the sandbox."""

from __future__ import annotations

_TEMPLATE = """\
version: 1
name: {name}
source:
  engine: postgres
  host: ${{SANDBOX_DB_HOST}}
  port: ${{SANDBOX_DB_PORT}}
  database: ${{SANDBOX_DB_NAME}}
  username: ${{SANDBOX_DB_USER}}
  password: ${{SANDBOX_DB_PASSWORD}}
  ssl: none
tables:
  include: [{tables}]
replication:
  type: full-load-and-cdc
  instance: {{class: dms.t3.medium, storage_gb: 50}}
  network:
    subnets: ["${{SANDBOX_SUBNET_A}}", "${{SANDBOX_SUBNET_B}}"]
    security_groups: ["${{SANDBOX_SECURITY_GROUP}}"]
staging:
  bucket: {name}-staging
  prefix: dms
  format: csv
  settings: {{cdc_max_batch_interval: {batch_seconds}}}
lake:
  bucket: {name}-lake
  prefix: raw
"""


def example_spec(
    name: str = "shop", tables: tuple[str, ...] = ("public.%",), *, batch_seconds: int = 5
) -> str:
    """Return the YAML text of a spec for the sandbox's database.

    `batch_seconds` is how long DMS collects changes before it writes a file (on AWS: 60).

    It names the sandbox's database and network as `${SANDBOX_...}`; `environment` sets these.
    """
    quoted = ", ".join(f'"{table}"' for table in tables)
    return _TEMPLATE.format(name=name, tables=quoted, batch_seconds=batch_seconds)
