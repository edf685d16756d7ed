"""The backfill beside s5cmd and boto3: the same objects, the same server, one after the other.

    python bench/backfill.py [--objects N] [--rounds N] [--memory-objects N] [--write]

The server is `rclone serve s3` over a folder, on this machine: it shares the processors with the
clients, so objects per second tell little by themselves, and CPU per object tells what a client
costs. dmslake and boto3 list, route and copy; s5cmd gets a file with every copy already written
(`s5cmd run`), because it cannot work out a key by itself: listing and routing are a present to it.
The CPU that a Python program takes before its first request is left out. The better of the rounds
counts. Flat memory is shown with a light stub that makes listings up and stores nothing.

With --write the table goes to docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import boto3
from backfill_clients import REGION, ROUTER, STAGING
from backfill_table import Figures, Memory, table_of, text_of
from botocore.config import Config

from dmslake.lake.routing import Route

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "benchmarks.md"
KEY, SECRET = "AKIDEXAMPLE", "secret"
TABLES = 20
CLIENTS = ("dmslake", "awscrt", "boto3-store", "s5cmd", "boto3")


class Ran(NamedTuple):
    """A process that ended: wall and CPU seconds, peak memory in bytes, and what it printed."""

    wall: float
    cpu: float
    memory: int
    printed: str


def main() -> int:
    asked = _asked()
    with tempfile.TemporaryDirectory() as folder:
        figures = _compare(Path(folder), asked.objects, asked.rounds)
        memory = _memory(Path(folder), asked.memory_objects) if asked.memory_objects else None
    table = table_of(figures, memory)
    print(table)
    if asked.write:
        PAGE.write_text(text_of(table, asked.objects, __doc__ or ""), "utf-8")
    return 0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="The backfill beside its peers.")
    parser.add_argument("--objects", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--memory-objects", type=int, default=1_000_000, help="0: leave it out")
    parser.add_argument("--write", action="store_true")
    return parser.parse_args()


def _compare(folder: Path, objects: int, rounds: int) -> dict[str, Figures]:
    kept = folder / "served"
    _fill(kept, objects)
    best: dict[str, Figures] = {}
    with _served(kept) as endpoint:
        for number in range(rounds * len(CLIENTS)):
            client = CLIENTS[number % len(CLIENTS)]
            lake = f"lake-{number}"  # made by the server, which remembers what it saw of a folder
            _bucket(endpoint, lake)
            found = _measured(client, endpoint, kept, lake, objects)
            _check(kept / lake, objects)
            best[client] = min(best.get(client, found), found, key=lambda one: one.cpu_us)
            print(f"{client:12} {found.per_second:7.0f}/s {found.cpu_us:7.0f} µs", flush=True)
    return best


def _bucket(endpoint: str, name: str) -> None:
    client = boto3.client(
        "s3", endpoint_url=endpoint, region_name=REGION, aws_access_key_id=KEY,
        aws_secret_access_key=SECRET, config=Config(s3={"addressing_style": "path"}),
    )  # fmt: skip
    client.create_bucket(Bucket=name)


def _measured(client: str, endpoint: str, kept: Path, lake: str, objects: int) -> Figures:
    if client == "s5cmd":
        commands = kept.parent / "commands"
        _write_commands(kept, lake, commands)
        ran = _run([_program("s5cmd"), "--endpoint-url", endpoint, "run", str(commands)])
        start, ledger = 0.0, 0
    else:
        ran = _run(_python(client, endpoint, kept.parent), LAKE=lake)
        told = json.loads(ran.printed.splitlines()[-1])
        start, ledger = told["start"], told["ledger"]
    return Figures(
        per_second=objects / ran.wall,
        cpu_us=(ran.cpu - start) / objects * 1e6,
        memory_mb=ran.memory / 1024**2,
        ledger_bytes=ledger / objects,
    )


def _python(client: str, endpoint: str, folder: Path) -> list[str]:
    for old in folder.glob("*.ledger*"):
        old.unlink()
    return [sys.executable, str(HERE / "backfill_clients.py"), client, endpoint, str(folder)]


def _memory(folder: Path, objects: int) -> Memory:
    """Run the backfill over a hundredth of the objects and over all of them, against the stub."""
    found = []
    for count in (objects // 100, objects):
        with _stub(count) as endpoint:
            ran = _run(_python("dmslake", endpoint, folder))
            with urllib.request.urlopen(f"{endpoint}/counts") as answer:  # noqa: S310 - our own
                counted = json.loads(answer.read())
        if counted["different"] != count:
            raise SystemExit(f"{counted['different']} of {count} objects were copied")
        told = json.loads(ran.printed.splitlines()[-1])
        speed, memory = count / ran.wall, ran.memory / 1024**2
        found.append((count, memory, told["ledger"] / count, speed))
        print(f"memory       {count:9,} objects {memory:5.0f} MB {speed:7.0f}/s", flush=True)
    (_, small, _, _), (count, large, ledger, speed) = found
    return Memory(count, small, large, ledger, speed)


def _fill(kept: Path, objects: int) -> None:
    for table in range(TABLES):
        folder = kept / STAGING / "dms" / "public" / f"orders_{table:02}"
        folder.mkdir(parents=True)
        for number in range(objects // TABLES):
            (folder / f"20261123-{number:09}.csv").write_text(f"I,{table},{number}\n", "utf-8")


def _write_commands(kept: Path, lake: str, commands: Path) -> None:
    """Write every copy for s5cmd, to the keys that the others work out."""
    root = kept / STAGING
    with commands.open("w", encoding="utf-8") as out:
        for file in sorted(root.rglob("*.csv")):
            key = file.relative_to(root).as_posix()
            route = ROUTER.route(key, datetime.fromtimestamp(int(file.stat().st_mtime), UTC))
            if not isinstance(route, Route):
                raise SystemExit(f"{key} belongs nowhere")
            out.write(f"cp s3://{STAGING}/{key} s3://{lake}/{route.target}\n")


def _check(lake: Path, objects: int) -> None:
    found = sum(1 for one in lake.rglob("*") if one.is_file())
    if found != objects:
        raise SystemExit(f"{found} of {objects} objects are in the lake")


def _run(command: Sequence[str], **variables: str) -> Ran:
    environment = {
        **os.environ, "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION, **variables,
    }  # fmt: skip
    with tempfile.TemporaryFile("w+") as out:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, env=environment)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        printed = out.read()
    if process.returncode:
        raise SystemExit(f"{command[0]} ended with {process.returncode}: {printed[-500:]}")
    return Ran(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024, printed)


@contextmanager
def _served(kept: Path) -> Iterator[str]:
    """Serve a folder by rclone; yield where."""
    command = [
        _program("rclone"), "serve", "s3", str(kept), "--addr", "127.0.0.1:0", "--config",
        "/dev/null", "--auth-key", f"{KEY},{SECRET}", "--log-level", "NOTICE",
    ]  # fmt: skip
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            lines = process.stderr or ()
            urls = (re.search(r"http://127\.0\.0\.1:\d+", line) for line in lines)
            yield next(url[0] for url in urls if url)
        finally:
            process.terminate()


@contextmanager
def _stub(objects: int) -> Iterator[str]:
    command = [sys.executable, str(HERE / "backfill_stub.py"), str(objects), str(TABLES)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            port = process.stdout.readline().strip() if process.stdout else ""
            yield f"http://127.0.0.1:{port}"
        finally:
            with contextlib.suppress(OSError):
                process.terminate()


def _program(name: str) -> str:
    beside = shutil.which(name, path=str(Path(sys.executable).parent))
    found = beside or shutil.which(name)
    if found is None:
        raise SystemExit(f"{name} is not installed: make bench-backfill installs it")
    return found


if __name__ == "__main__":
    sys.exit(main())
