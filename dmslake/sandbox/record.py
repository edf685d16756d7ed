"""What the sandbox remembers in its folder: one file, readable by its owner only.

The file holds passwords and keys of servers that only this machine can reach. Nothing else of
the sandbox keeps a secret anywhere.
"""

from __future__ import annotations

import json
import os
import secrets
import string
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dmslake.errors import SandboxError
from dmslake.sandbox.processes import Process

FILE = "sandbox.json"
ACCOUNT = "123456789012"
REGION = "eu-west-1"


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(_Kept):
    """A PostgreSQL database that DMS replicates from."""

    host: str
    port: int
    database: str
    username: str
    password: str = Field(repr=False)


class Keys(_Kept):
    """An access key of the sandbox's account."""

    access_key_id: str
    secret_access_key: str = Field(repr=False)


class Spawned(_Kept):
    """A server as it was last started; `settings` is what it was told to do."""

    pid: int
    started: str
    settings: str

    @property
    def process(self) -> Process:
        """Return the identity of its process."""
        return Process(self.pid, self.started)


class Network(_Kept):
    """The default network of the account, for replication instances."""

    subnets: tuple[str, ...]
    security_group: str


class Record(_Kept):
    """A sandbox: what it is, and the servers that were started for it."""

    format: Literal[1] = 1
    account: str
    region: str
    administrator: Keys
    service: Keys
    superuser_password: str = Field(repr=False)
    source_password: str = Field(repr=False)
    external_source: Source | None = None
    delays: Mapping[str, float] = Field(default_factory=dict)
    idle_engines: bool = False
    ports: Mapping[str, int] = Field(default_factory=dict)
    network: Network | None = None
    servers: Mapping[str, Spawned] = Field(default_factory=dict)


def new_record(region: str) -> Record:
    """Return a sandbox that was never started, with secrets of its own."""
    return Record(
        account=ACCOUNT,
        region=region,
        administrator=_new_keys(),
        service=_new_keys(),
        superuser_password=secrets.token_urlsafe(24),
        source_password=secrets.token_urlsafe(24),
    )


def read_record(folder: Path) -> Record | None:
    """Return what is known of the sandbox in a folder; None when there is none.

    Raises:
        SandboxError: the file cannot be read, or is not what this version writes.
    """
    path = folder / FILE
    try:
        return Record.model_validate_json(path.read_text())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SandboxError(
            f"the sandbox's file {path} cannot be read",
            why=error.strerror or str(error),
            fix="run dmslake as the user who started the sandbox",
        ) from error
    except ValidationError as error:
        raise SandboxError(
            f"the sandbox's file {path} is damaged",
            why=f"{error.error_count()} of its parts cannot be understood",
            fix="`dmslake sandbox reset` removes this sandbox, and the next start makes a new one",
        ) from error


def write_record(folder: Path, record: Record) -> None:
    """Replace what is known of the sandbox, in one step that survives a crash at any moment.

    Raises:
        SandboxError: the file cannot be written, for instance because the disk is full.
    """
    text = json.dumps(record.model_dump(mode="json"), indent=2) + "\n"
    unfinished = folder / f"{FILE}.new"
    try:
        opened = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(opened, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(folder / FILE)
    except OSError as error:
        raise SandboxError(
            f"the sandbox cannot write to {folder}",
            why=error.strerror or str(error),
            fix="free space on that disk, or choose another folder",
        ) from error


def _new_keys() -> Keys:
    letters = string.ascii_uppercase + "234567"
    return Keys(
        access_key_id="AKIA" + "".join(secrets.choice(letters) for _ in range(16)),
        secret_access_key=secrets.token_urlsafe(30),
    )
