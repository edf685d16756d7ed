"""Starts, stops, describes and removes the sandbox in a folder."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from dmslake.engine.clock import Clock, SystemClock
from dmslake.errors import SandboxError
from dmslake.sandbox import events, lock, record
from dmslake.sandbox.certificates import certificates_in, ensure_certificates
from dmslake.sandbox.launch import Launch
from dmslake.sandbox.model import Sandbox, SandboxStatus, ServerState, ServerStatus
from dmslake.sandbox.processes import is_alive
from dmslake.sandbox.record import Network, Record, Source
from dmslake.sandbox.server import Server
from dmslake.sandbox.servers import (
    FOLDERS,
    TLS,
    cloud_of,
    dms_of,
    is_wanted,
    servers_of,
    source_of,
    with_ports,
)

AWS = "aws"
_OURS = frozenset({record.FILE, f"{record.FILE}.new", lock.FILE, AWS, *FOLDERS})


def default_folder(
    environment: Mapping[str, str] = os.environ, platform: str = sys.platform
) -> Path:
    """Return where the user's sandbox stands when no folder is named: below the cache folder."""
    if platform == "darwin":
        return Path.home() / "Library/Caches/dmslake/sandbox"
    cache = environment.get("XDG_CACHE_HOME", "")
    # The XDG specification says to ignore a path that is not absolute.
    base = Path(cache) if cache.startswith("/") else Path.home() / ".cache"
    return base / "dmslake/sandbox"


def start(  # noqa: PLR0913 - all but the first are choices of few callers
    folder: Path,
    *,
    region: str | None = None,
    external_source: Source | None = None,
    delays: Mapping[str, float] | None = None,
    idle_engines: bool | None = None,
    on_event: events.Listener = events.ignore,
    clock: Clock | None = None,
) -> Sandbox:
    """Start the sandbox in a folder, or what of it does not run; safe to repeat at any time.

    `region` is eu-west-1 for a new sandbox. `external_source` replaces the embedded PostgreSQL,
    `delays` (seconds by name, see `sandbox/dms/delays.py`; `iam` is how long no service can use a
    role that was just made, 0 where nobody says) replaces those of the DMS service, and
    `idle_engines` has it accept sources that it cannot read (for tests, see `sandbox/dms/idle.py`);
    None leaves each as it was at the last start.

    Raises:
        SandboxError: a server cannot be started; then nothing runs that did not run before.
    """
    folder = folder.expanduser().resolve()
    clock = clock or SystemClock()
    try:
        with lock.locked(folder, on_event, clock=clock):
            known = _known(folder, region)
            changes = {
                "external_source": external_source,
                "delays": delays,
                "idle_engines": idle_engines,
            }
            known = known.model_copy(
                update={name: new for name, new in changes.items() if new is not None}
            )
            known = with_ports(known, folder)
            record.write_record(folder, known)
            ensure_certificates(folder / TLS)
            return _run(Launch(folder, known, on_event, clock), folder)
    except OSError as error:
        raise SandboxError(
            "the sandbox could not be started",
            why=f"{error.strerror or error}" + (f": {error.filename}" if error.filename else ""),
            fix=f"make sure that {folder} can be written and has space, or choose another folder",
        ) from error


def stop(
    folder: Path, *, on_event: events.Listener = events.ignore, clock: Clock | None = None
) -> bool:
    """Stop the sandbox in a folder; what is in it is kept. Return whether there was one.

    Raises:
        SandboxError: a server cannot be stopped.
    """
    folder = folder.expanduser().resolve()
    if record.read_record(folder) is None:
        return False
    clock = clock or SystemClock()
    with lock.locked(folder, on_event, clock=clock):
        known = record.read_record(folder)
        if known is not None:
            _stop_all(folder, known, on_event, clock)
    return known is not None


def destroy(
    folder: Path, *, on_event: events.Listener = events.ignore, clock: Clock | None = None
) -> bool:
    """Stop the sandbox in a folder and remove it with everything in it, even a damaged one.

    Nothing is removed that is not the sandbox's. Return whether there was one.

    Raises:
        SandboxError: a server cannot be stopped, or a file cannot be removed.
    """
    folder = folder.expanduser().resolve()
    if not (folder / record.FILE).exists():
        return False
    clock = clock or SystemClock()
    with lock.locked(folder, on_event, clock=clock):
        _stop_all(folder, _known_or_guessed(folder), on_event, clock)
        try:
            # The record goes last: a removal that was interrupted can be repeated.
            for name in sorted(_OURS - {lock.FILE, record.FILE}):
                _remove(folder / name)
            for name in (record.FILE, lock.FILE):
                _remove(folder / name)
            if not any(folder.iterdir()):
                folder.rmdir()
        except OSError as error:
            raise SandboxError(
                f"the sandbox in {folder} could not be removed",
                why=f"{error.strerror}: {error.filename}",
                fix="remove it as the user who started it",
            ) from error
    return True


def status(folder: Path) -> SandboxStatus:
    """Look at the sandbox in a folder, without waiting for anything.

    Raises:
        SandboxError: what is known of it cannot be read.
    """
    folder = folder.expanduser().resolve()
    known = record.read_record(folder)
    if known is None:
        return SandboxStatus(folder=folder, region="", servers=(), sandbox=None)
    servers = tuple(
        _observe(server, known) for server in servers_of(known, folder) if is_wanted(server, known)
    )
    found = SandboxStatus(folder=folder, region=known.region, servers=servers, sandbox=None)
    if not found.is_running or known.network is None:
        return found
    sandbox = _sandbox(folder, known, known.network, was_running=True)
    return SandboxStatus(folder=folder, region=known.region, servers=servers, sandbox=sandbox)


def _run(launch: Launch, folder: Path) -> Sandbox:
    servers = servers_of(launch.record, folder)
    for server in reversed(servers):
        if not is_wanted(server, launch.record):
            launch.stop(server)
    launch.run([server for server in servers if is_wanted(server, launch.record)])
    network = launch.record.network or cloud_of(launch.record, folder).network()
    known = launch.record.model_copy(update={"network": network})
    record.write_record(folder, known)
    return _sandbox(folder, known, network, was_running=not launch.has_started_any)


def _known(folder: Path, region: str | None) -> Record:
    known = record.read_record(folder)
    if known is None:
        strange = sorted(entry.name for entry in folder.iterdir() if entry.name not in _OURS)
        if strange:
            raise SandboxError(
                f"{folder} cannot hold a sandbox",
                why=f"it holds other things, like {strange[0]}",
                fix="choose an empty folder, or one that does not exist yet",
            )
        return record.new_record(region or record.REGION)
    if region not in {None, known.region}:
        raise SandboxError(
            f"the sandbox cannot be started in {region}",
            why=f"the one in {folder} was made for {known.region}",
            fix=f"use {known.region} or another folder, or remove it with `dmslake sandbox reset`",
        )
    return known


def _known_or_guessed(folder: Path) -> Record:
    """Return what is enough to find the servers of a sandbox: their folders tell."""
    try:
        known = record.read_record(folder)
    except SandboxError:
        known = None
    return known or record.new_record(record.REGION)


def _stop_all(folder: Path, known: Record, on_event: events.Listener, clock: Clock) -> None:
    ports = {"cloud": 0, "postgres": 0, "dms": 0, **known.ports}
    launch = Launch(folder, known.model_copy(update={"ports": ports}), on_event, clock)
    for server in reversed(servers_of(launch.record, folder)):
        launch.stop(server)


def _observe(server: Server, known: Record) -> ServerStatus:
    kept = known.servers.get(server.name)
    lives = kept is not None and is_alive(kept.process)
    state = ServerState.STOPPED
    if lives:
        state = ServerState.RUNNING if server.answers() else ServerState.SILENT
    return ServerStatus(
        name=server.name,
        state=state,
        port=server.port,
        pid=kept.pid if kept is not None and lives else None,
        log=server.log,
    )


def _sandbox(folder: Path, known: Record, network: Network, *, was_running: bool) -> Sandbox:
    return Sandbox(
        folder=folder,
        region=known.region,
        account=known.account,
        cloud_url=cloud_of(known, folder).url,
        dms_url=dms_of(known, folder).url,
        authority=certificates_in(folder / TLS).authority,
        keys=known.administrator,
        source=source_of(known),
        network=network,
        was_running=was_running,
    )


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
