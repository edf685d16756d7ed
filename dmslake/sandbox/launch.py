"""One start of a sandbox: what runs is left alone, what does not is started, or nothing is."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from dmslake import __version__
from dmslake.engine.clock import Clock
from dmslake.errors import SandboxError
from dmslake.sandbox import processes
from dmslake.sandbox.events import (
    Listener,
    Ready,
    Recovering,
    Starting,
    Stopped,
    Stopping,
)
from dmslake.sandbox.ports import LOOPBACK, is_free
from dmslake.sandbox.processes import Process
from dmslake.sandbox.record import Record, Spawned, write_record
from dmslake.sandbox.server import Server

_ANSWER_SECONDS = 10.0
_POLL_SECONDS = 0.03


class Launch:
    """Starts servers and keeps the record up to date; undone as a whole when one fails."""

    def __init__(self, folder: Path, record: Record, on_event: Listener, clock: Clock) -> None:
        self.record = record
        self._folder = folder
        self._on_event = on_event
        self._clock = clock
        self._begun: dict[str, float] = {}
        self._ready: set[str] = set()

    @property
    def has_started_any(self) -> bool:
        """Tell whether a server had to be started."""
        return bool(self._begun)

    def run(self, servers: Sequence[Server]) -> None:
        """Start the servers that do not run, and return when all answer.

        Raises:
            SandboxError: one cannot be started; those that were started before it are stopped.
        """
        running = {server.name for server in servers if self._runs(server)}
        try:
            for server in servers:
                for needed in servers:
                    if needed.name in server.needs:
                        self._await(needed)
                self._ensure(server)
            for server in servers:
                self._await(server)
        except BaseException:
            with processes.undisturbed():
                for server in reversed(servers):
                    if server.name not in running:
                        # The first error is the one to tell.
                        with suppress(SandboxError):
                            self.stop(server)
            raise

    def stop(self, server: Server) -> None:
        """Stop a server, and whatever it left; a server that does not run is fine.

        Raises:
            SandboxError: a process cannot be stopped.
        """
        begun = self._clock.now()
        left = self._processes(server)
        if left:
            self._on_event(Stopping(server=server.name))
        # One that is gone may have left processes that it had started, like running functions.
        kept = self.record.servers.get(server.name)
        for process in dict.fromkeys([*left, *([kept.process] if kept else [])]):
            processes.terminate(
                process,
                stop=server.stop_signal,
                seconds=server.stop_seconds,
                clock=self._clock,
            )
        server.clean()
        self._keep(server, None)
        if left:
            self._on_event(Stopped(server=server.name, elapsed=self._clock.now() - begun))

    def _ensure(self, server: Server) -> None:
        problem = self._problem(server)
        if problem is None:
            return
        if problem:
            self._on_event(Recovering(server=server.name, why=problem))
            self.stop(server)
        self._check_port(server)
        server.prepare()
        process = processes.spawn(
            (*server.program(), *server.options()),
            log=server.log,
            environment=server.environment(),
        )
        self._begun[server.name] = self._clock.now()
        self._keep(server, process)
        self._on_event(Starting(server=server.name, port=server.port, pid=process.pid))

    def _problem(self, server: Server) -> str | None:
        """Say what has to be put right before a server starts; None when it runs as it should."""
        kept = self.record.servers.get(server.name)
        if kept is None:
            strays = self._processes(server)
            return f"process {strays[0].pid} of an earlier start is left" if strays else ""
        if kept.settings != _settings(server) and processes.is_alive(kept.process):
            return "it runs with other settings"
        processes.wait_until(
            lambda: not processes.is_alive(kept.process) or server.answers(),
            _ANSWER_SECONDS,
            self._clock,
        )
        if not processes.is_alive(kept.process):
            return f"its process {kept.pid} is gone"
        return None if server.answers() else f"its process {kept.pid} does not answer"

    def _check_port(self, server: Server) -> None:
        if not is_free(server.port):
            raise SandboxError(
                f"the sandbox's {server.name} cannot be started",
                why=f"another program uses its port {server.port} on {LOOPBACK}",
                fix=f"end that program (`lsof -i :{server.port}` names it) and start again, "
                "or `dmslake sandbox reset` for a new sandbox on other ports",
            )

    def _await(self, server: Server) -> None:
        if server.name in self._ready:
            return
        begun = self._begun.get(server.name)
        if begun is not None:
            self._wait_for_answer(server, begun + server.start_seconds)
        server.complete()
        self._ready.add(server.name)
        elapsed = 0.0 if begun is None else self._clock.now() - begun
        self._on_event(Ready(server=server.name, port=server.port, elapsed=elapsed))

    def _wait_for_answer(self, server: Server, deadline: float) -> None:
        kept = self.record.servers[server.name]
        while not server.answers():
            why = ""
            if not processes.is_alive(kept.process):
                why = "it ended while it started"
            elif self._clock.now() >= deadline:
                why = f"it does not answer after {server.start_seconds:.0f} s"
            if why:
                said = processes.last_lines(server.log)
                raise SandboxError(
                    f"the sandbox's {server.name} could not be started",
                    why=f"{why}; its log ends with\n{said}" if said else why,
                    fix=f"read its log {server.log}, put right what it says, and start again",
                )
            self._clock.sleep(_POLL_SECONDS)

    def _runs(self, server: Server) -> bool:
        kept = self.record.servers.get(server.name)
        return kept is not None and processes.is_alive(kept.process)

    def _processes(self, server: Server) -> list[Process]:
        """Return every process of a server, the recorded one first, if it lives."""
        kept = self.record.servers.get(server.name)
        first = [kept.process] if kept is not None and processes.is_alive(kept.process) else []
        strays = processes.with_arguments(server.signature())
        return [*first, *(stray for stray in strays if stray not in first)]

    def _keep(self, server: Server, process: Process | None) -> None:
        servers = {name: one for name, one in self.record.servers.items() if name != server.name}
        if process is not None:
            servers[server.name] = Spawned(
                pid=process.pid, started=process.started, settings=_settings(server)
            )
        self.record = self.record.model_copy(update={"servers": servers})
        try:
            write_record(self._folder, self.record)
        except SandboxError:
            # On a full disk a sandbox can still be stopped: the process is known to be gone.
            if process is not None:
                raise


def _settings(server: Server) -> str:
    return "\0".join((__version__, *server.options()))
