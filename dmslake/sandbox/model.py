"""What a sandbox is to those who use it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from dmslake.sandbox.record import Keys, Network, Source


@dataclass(frozen=True, kw_only=True)
class Sandbox:
    """A running sandbox. `was_running`: the start that returned it had nothing to do."""

    folder: Path
    region: str
    account: str
    cloud_url: str
    dms_url: str
    authority: Path
    keys: Keys = field(repr=False)
    source: Source
    network: Network
    was_running: bool = False


class ServerState(StrEnum):
    """How a server is; SILENT: its process runs, and does not answer."""

    RUNNING = "running"
    SILENT = "silent"
    STOPPED = "stopped"


@dataclass(frozen=True, kw_only=True)
class ServerStatus:
    """One server: where it listens, its process (None if it has none) and its log."""

    name: str
    state: ServerState
    port: int
    pid: int | None
    log: Path


@dataclass(frozen=True, kw_only=True)
class SandboxStatus:
    """What stands in a folder; no servers: there is no sandbox in it."""

    folder: Path
    region: str
    servers: tuple[ServerStatus, ...]
    sandbox: Sandbox | None

    @property
    def is_running(self) -> bool:
        """Tell whether every server answers."""
        states = {server.state for server in self.servers}
        return states == {ServerState.RUNNING}
