"""The service's memory: one JSON file per record, on disk before the caller hears of it.

Every write is a new file, synced and renamed over the old one, so a crash at any point leaves
either the old record or the new one.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from pathlib import Path
from typing import IO, Protocol, TypeVar

from pydantic import TypeAdapter, ValidationError

from dmslake.errors import SandboxError
from dmslake.sandbox.dms.records import (
    Certificate,
    Connection,
    Endpoint,
    EventSubscription,
    Instance,
    ReplicationConfig,
    StoredCheckpoint,
    StoredStatistics,
    SubnetGroup,
    Task,
)


class Stored(Protocol):
    """What the store keeps: anything with a key of its own."""

    @property
    def key(self) -> str:
        """The key, unique among records of one type."""
        ...


R = TypeVar("R", bound=Stored)
FOLDERS: dict[type, str] = {
    SubnetGroup: "subnet-groups",
    Instance: "instances",
    Endpoint: "endpoints",
    Connection: "connections",
    Task: "tasks",
    ReplicationConfig: "replication-configs",
    Certificate: "certificates",
    EventSubscription: "event-subscriptions",
    StoredCheckpoint: "checkpoints",
    StoredStatistics: "statistics",
}
_ADAPTERS: dict[type, TypeAdapter[Stored]] = {kind: TypeAdapter(kind) for kind in FOLDERS}


class Store:
    """All records, in memory and on disk. The caller serialises access."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = _lock(directory)
        self._records: dict[type, dict[str, Stored]] = {}
        try:
            for kind, folder in FOLDERS.items():
                (directory / folder).mkdir(mode=0o700, exist_ok=True)
                self._records[kind] = _load(kind, directory / folder)
        except SandboxError:
            self.close()
            raise

    def all(self, kind: type[R]) -> list[R]:
        """Return every record of a type."""
        # A copy first: a checkpoint may be put from its run's thread meanwhile.
        return [one for one in list(self._records[kind].values()) if isinstance(one, kind)]

    def get(self, kind: type[R], key: str) -> R | None:
        """Return one record, or None."""
        record = self._records[kind].get(key)
        return record if isinstance(record, kind) else None

    def put(self, record: Stored) -> None:
        """Write a record; it is on disk when this returns."""
        _write(self._path(type(record), record.key), _dump(record))
        self._records[type(record)][record.key] = record

    def remove(self, kind: type[Stored], key: str) -> None:
        """Forget a record; forgetting an absent one is fine."""
        self._records[kind].pop(key, None)
        path = self._path(kind, key)
        path.unlink(missing_ok=True)
        _sync_directory(path.parent)

    def close(self) -> None:
        """Let another process use the directory."""
        self._lock.close()

    def _path(self, kind: type, key: str) -> Path:
        digest = hashlib.sha256(key.encode()).hexdigest()[:32]
        return self._directory / FOLDERS[kind] / f"{digest}.json"


def _lock(directory: Path) -> IO[str]:
    handle = (directory / "lock").open("w")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        handle.close()
        raise SandboxError(
            f"the sandbox's DMS cannot use {directory}",
            why="another process is using it",
            fix="stop the other sandbox, or give this one another state directory",
        ) from error
    return handle


def _load(kind: type[Stored], folder: Path) -> dict[str, Stored]:
    records: dict[str, Stored] = {}
    for leftover in folder.glob("*.new"):
        leftover.unlink()
    for path in folder.glob("*.json"):
        try:
            record = _ADAPTERS[kind].validate_json(path.read_bytes())
        except ValidationError as error:
            raise SandboxError(
                f"the sandbox's DMS cannot read {path}",
                why=f"it does not hold a {kind.__name__} of this version",
                fix="remove the sandbox's state and create the pipeline in it again",
            ) from error
        records[record.key] = record
    return records


def _dump(record: Stored) -> bytes:
    return _ADAPTERS[type(record)].dump_json(record, indent=1)


def _write(path: Path, content: bytes) -> None:
    new = path.with_suffix(".new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
    new.replace(path)
    _sync_directory(path.parent)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
