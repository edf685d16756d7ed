"""`python -m dmslake.sandbox.dms`: the service as a process of its own.

Logs to standard error; `<state>/endpoint` holds the URL once it answers. SIGTERM and SIGINT stop
it cleanly: replications flush, and the next start resumes them.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

from dmslake.errors import DmslakeError, UsageError
from dmslake.sandbox.dms.aws_cloud import AwsCloud
from dmslake.sandbox.dms.delays import Delays, parse_delays
from dmslake.sandbox.dms.operations import ADVANCES
from dmslake.sandbox.dms.replication_plane import ReplicationPlane
from dmslake.sandbox.dms.server import DmsServer
from dmslake.sandbox.dms.service import Service
from dmslake.sandbox.dms.store import Store

_log = logging.getLogger("dmslake.sandbox.dms")
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
STOP_SECONDS = 10.0


def main(arguments: list[str] | None = None) -> int:
    """Serve until a signal; return the exit code."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(
        level=logging.DEBUG if options.verbose else logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    # At debug level botocore logs request bodies, and these hold secrets.
    for name in ("botocore", "boto3", "urllib3"):
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        return _serve(options)
    except DmslakeError as error:
        _log.error("%s%s", error, f" ({error.fix})" if error.fix else "")
        return error.exit_code


def _serve(options: argparse.Namespace) -> int:
    if options.host not in LOOPBACK:
        raise UsageError("--host cannot be used", why="the sandbox listens on loopback only")
    state: Path = options.state
    service = Service(
        store=Store(state),
        cloud=AwsCloud(options.cloud_endpoint, options.region, _now),
        plane=ReplicationPlane(idle_engines=options.idle_engines),
        clock=_now,
        delays=parse_delays(options.delays) if options.delays else Delays(),
        account=options.account,
    )
    server = DmsServer(service, options.host, options.port)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    service.start(ADVANCES)
    service.run_by_itself()
    server.serve_in_thread()
    announcement = state / "endpoint"
    announcement.write_text(server.url)
    _log.info("listening on %s", server.url)
    # With a time limit: a signal that another thread receives would not end a wait without one.
    while not stopped.wait(1):
        pass
    _log.info("stopping")
    announcement.unlink(missing_ok=True)
    server.shutdown()
    server.server_close()
    ended = service.close(STOP_SECONDS)
    if not ended:
        _log.warning("a replication did not flush in time; it resumes from its last checkpoint")
        logging.shutdown()
        # Its thread would keep the interpreter alive.
        os._exit(0)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dmslake.sandbox.dms", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument(
        "--state", type=Path, required=True, help="directory that survives restarts"
    )
    parser.add_argument("--cloud-endpoint", required=True, help="URL of the sandbox's cloud")
    parser.add_argument("--region", required=True, help="region of IAM and STS calls")
    parser.add_argument("--account", default="123456789012")
    parser.add_argument(
        "--delays", default="", help="name=seconds,... or a JSON object; see the class Delays"
    )
    parser.add_argument(
        "--idle-engines",
        action="store_true",
        help="accept sources that are not PostgreSQL: their tasks go through all states, "
        "without data",
    )
    parser.add_argument("-v", "--verbose", action="store_true")
    return parser


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    sys.exit(main())
