"""`python -m dmslake.sandbox.cloud`: one AWS account on 127.0.0.1, until SIGTERM."""

from __future__ import annotations

import asyncio
import importlib
import logging
import os
import resource
import shutil
import signal
import sys
from contextlib import suppress

from dmslake.errors import SandboxError
from dmslake.sandbox.cloud import account, corrections, upstream
from dmslake.sandbox.cloud.batch.service import BatchOperations
from dmslake.sandbox.cloud.front import Application, Front
from dmslake.sandbox.cloud.functions import MiniStackFunctions
from dmslake.sandbox.cloud.invocations import InvocationQueue
from dmslake.sandbox.cloud.keeper import Keeper
from dmslake.sandbox.cloud.settings import (
    CloudKeys,
    CloudSettings,
    hidden_from_functions,
    ministack_environment,
    parse_arguments,
    take_keys,
)
from dmslake.sandbox.ports import LOOPBACK

_QUEUE_SECONDS = 5.0
_REQUEST_SECONDS = 5.0


class CloudLife:
    """The cloud between the moment its state is restored and the moment it is saved."""

    def __init__(self, settings: CloudSettings, keys: CloudKeys) -> None:
        self._settings = settings
        self._keys = keys
        self.keeper = Keeper(settings.folder / "state")
        self.queue = InvocationQueue(
            settings.folder / "invocations",
            MiniStackFunctions(self.keeper.touch),
            workers=settings.concurrency,
            retry_seconds=settings.retry_seconds,
        )
        self.jobs = BatchOperations(settings.folder / "jobs", threads=settings.concurrency)

    def begin(self) -> None:
        """Make the account usable, and take up the events that are waiting."""
        number = self._settings.account
        account.ensure_user(number, account.ADMINISTRATOR, self._keys.administrator)
        account.ensure_user(number, account.SERVICE, self._keys.service)
        account.finish_pending_functions()
        self.keeper.start()
        self.keeper.touch("iam")
        self.queue.start()
        self.jobs.start()

    def finish(self) -> None:
        """Begin no invocation any more, and let those that run come to their end."""
        self.jobs.close(_QUEUE_SECONDS)
        self.queue.close(_QUEUE_SECONDS)

    def end(self) -> None:
        """Save everything."""
        self.keeper.close()
        upstream.part("core.persistence", "save_all")(
            upstream.part("app", "_build_persistence_save_dict")()
        )
        upstream.part("core.lambda_runtime", "reset")()

    def about(self) -> dict[str, object]:
        """Return the account's default network."""
        return account.default_network(self._settings.account, self._settings.region)


def main() -> None:
    """Serve until told to stop; exits with a sentence when it cannot start."""
    settings = parse_arguments(sys.argv[1:])
    keys = take_keys(os.environ)
    # A function runs from its own archive: it must not find this package beside it.
    os.environ.pop("PYTHONPATH", None)
    os.environ.update(ministack_environment(settings))
    logging.basicConfig(level="WARNING", format="%(asctime)s %(levelname)s [%(name)s] %(message)s")
    scratch = settings.folder / "tmp"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    _allow_many_connections()
    try:
        upstream.check_version()
        asyncio.new_event_loop().run_until_complete(_serve(CloudLife(settings, keys), settings))
    except SandboxError as error:
        raise SystemExit(f"{error}; {error.fix}") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    # Everything is saved; threads of MiniStack and open connections would only hold up the end.
    logging.shutdown()
    os._exit(0)


def _application(life: CloudLife, settings: CloudSettings) -> Front:
    # MiniStack reads its environment when it is imported.
    inner: Application = importlib.import_module("ministack.app").app
    corrections.install(
        corrections.Corrected(
            account=settings.account,
            concurrency=settings.concurrency,
            hidden=hidden_from_functions(settings),
            submit=life.queue.submit,
            changed=life.keeper.touch,
            jobs=life.jobs,
            service_arn=account.user_arn(settings.account, account.SERVICE),
            service_names=frozenset({"dms.amazonaws.com", f"dms.{settings.region}.amazonaws.com"}),
            role_seconds=settings.role_seconds,
        )
    )
    return Front(inner, life)


async def _serve(life: CloudLife, settings: CloudSettings) -> None:
    application = _application(life, settings)
    # Only now: importing it before MiniStack would undo what MiniStack changes in it.
    server = importlib.import_module("hypercorn.asyncio")
    config = importlib.import_module("hypercorn.config").Config()
    config.bind = [f"{LOOPBACK}:{settings.port}"]
    config.certfile, config.keyfile = str(settings.certificate), str(settings.key)
    config.alpn_protocols = ["http/1.1"]
    config.keep_alive_timeout = 75
    config.loglevel = "WARNING"
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    # Its own end waits for every idle client to say goodbye; this one waits for requests only.
    serving = asyncio.create_task(
        server.serve(application, config, shutdown_trigger=asyncio.Event().wait)
    )
    told = asyncio.create_task(stopping.wait())
    await asyncio.wait({serving, told}, return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        serving.result()
    # Functions call the cloud while they run, so it serves them until they are done.
    await asyncio.to_thread(life.finish)
    await application.close(_REQUEST_SECONDS)
    life.end()


def _allow_many_connections() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    wanted = 65_536 if hard == resource.RLIM_INFINITY else min(hard, 65_536)
    # Some systems allow less than they say.
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


if __name__ == "__main__":
    main()
