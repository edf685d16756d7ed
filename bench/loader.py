"""The loader beside a bare HeadObject + CopyObject in boto3, and what a cold start costs.

Warm: the function's own entry point, one object of one notification, taken in turn with the two
bare calls on the same store, and that on two stores: the sandbox's cloud, which really copies, and
one that answers at once, where nothing hides what the function adds. Batch: ten objects of one SQS
event against a store that takes 50 ms for every request.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import boto3
from loader_store import store

from dmslake.blueprint.archive import lake_archive
from dmslake.lake import handler
from dmslake.lake.config import LoaderConfig
from dmslake.sandbox import launcher
from dmslake.sandbox.environment import environment

WARM_BAR, BATCH_BAR = 1.2, 4
IMPORT_BAR_MS, ARCHIVE_BAR, MAKING_BAR_MS = 15, 40 * 1024, 150
ROUNDS, BATCHES, BATCH, STARTS = 300, 7, 10, 31
LATENCY_MS = 50
STAGING, LAKE = "bench-staging", "bench-lake"
CONFIG = LoaderConfig(
    pipeline="bench", staging_bucket=STAGING, staging_prefix="dms", lake_bucket=LAKE,
    lake_prefix="raw", account="123456789012",
)  # fmt: skip
AWS = {
    "AWS_ACCESS_KEY_ID": "bench",
    "AWS_SECRET_ACCESS_KEY": "bench",
    "AWS_REGION": "eu-west-1",
    "AWS_DEFAULT_REGION": "eu-west-1",
}


class Context:
    """What Lambda gives beside the event."""

    aws_request_id = "00000000-0000-4000-8000-000000000000"

    def __init__(self) -> None:
        self._end = time.monotonic() + 60

    def get_remaining_time_in_millis(self) -> int:
        return int((self._end - time.monotonic()) * 1000)


def notification(key: str) -> dict[str, Any]:
    item = {"key": key, "size": 1024, "eTag": "d41d8cd98f00b204e9800998ecf8427e", "sequencer": "00"}
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": STAGING}, "object": item},
    }
    return {"Records": [record]}


def messages(keys: list[str]) -> dict[str, Any]:
    return {
        "Records": [
            {
                "messageId": key,
                "eventSource": "aws:sqs",
                "body": json.dumps(notification(key)),
                "attributes": {"ApproximateReceiveCount": "1"},
            }
            for key in keys
        ]
    }


def ours(event: dict[str, Any]) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        answer = handler.handle(event, Context())
    if answer.get("failed") or answer.get("batchItemFailures"):
        raise SystemExit(f"the loader failed: {answer}")


def bare(s3: Any, key: str) -> None:
    s3.head_object(Bucket=STAGING, Key=key)
    s3.copy_object(Bucket=LAKE, Key=f"raw/{key}", CopySource={"Bucket": STAGING, "Key": key})


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def connect(variables: dict[str, str]) -> Any:
    """Give a bare client for an environment, which the loader then finds as well."""
    os.environ.update(AWS | variables | CONFIG.to_environment())
    boto3.setup_default_session()
    handler.build.cache_clear()
    return boto3.client("s3")


def warm(s3: Any, name: str) -> None:
    key = "dms/public/orders/LOAD00000001.csv"
    event = notification(key)
    for _ in range(20):
        ours(event)
        bare(s3, key)
    pairs = [(seconds(lambda: ours(event)), seconds(lambda: bare(s3, key))) for _ in range(ROUNDS)]
    mine, theirs = (median(times) * 1000 for times in zip(*pairs, strict=True))
    verdict = f"{mine / theirs:.2f} times as long (bar {WARM_BAR})"
    row(f"one object, {name}", f"{theirs:.2f} ms", f"{mine:.2f} ms", verdict)


def warm_on_the_sandbox() -> None:
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "sandbox"
        try:
            sandbox = launcher.start(state)
            s3 = connect(environment(sandbox) | {"AWS_PROFILE": "dmslake-sandbox"})
            for bucket in (STAGING, LAKE):
                s3.create_bucket(
                    Bucket=bucket,
                    CreateBucketConfiguration={"LocationConstraint": sandbox.region},
                )
            s3.put_object(
                Bucket=STAGING, Key="dms/public/orders/LOAD00000001.csv", Body=b"d" * 1024
            )
            warm(s3, "the sandbox")
        finally:
            launcher.destroy(state)


def batch() -> None:
    keys = [f"dms/public/t{n}/LOAD00000001.csv" for n in range(BATCH)]
    with store(LATENCY_MS) as url:
        s3 = connect({"AWS_ENDPOINT_URL": url})
        ours(messages(keys))

        def in_turn() -> None:
            for key in keys:
                bare(s3, key)

        pairs = [(seconds(lambda: ours(messages(keys))), seconds(in_turn)) for _ in range(BATCHES)]
    mine, theirs = (median(times) * 1000 for times in zip(*pairs, strict=True))
    verdict = f"{theirs / mine:.1f} times as fast (bar {BATCH_BAR})"
    row(f"{BATCH} objects, {LATENCY_MS} ms a call", f"{theirs:.0f} ms", f"{mine:.0f} ms", verdict)


def cold_start() -> None:
    with tempfile.TemporaryDirectory() as folder:
        packed, task = Path(folder) / "function.zip", Path(folder) / "task"
        packed.write_bytes(lake_archive())
        subprocess.run([sys.executable, "-m", "zipfile", "-e", packed, task], check=True)
        # Lambda's folder cannot be written, so that there every first import compiles.
        compiling = import_ms(task, "-B")
        import_ms(task)
        row("import of the handler", "", f"{import_ms(task):.1f} ms", f"(bar {IMPORT_BAR_MS} ms)")
    row("  compiling it as well", "", f"{compiling:.1f} ms", "")
    row("archive", "", f"{len(lake_archive()):,} bytes", f"(bar {ARCHIVE_BAR:,})")
    making = median(cpu_ms(lake_archive.__wrapped__, resource.RUSAGE_SELF) for _ in range(BATCHES))
    row("  making it", "", f"{making:.0f} ms", f"(bar {MAKING_BAR_MS} ms)")


def import_ms(task: Path, *options: str) -> float:
    """Tell how long a fresh interpreter, which has imported nothing else, imports the handler."""
    code = (
        f"import sys, time; sys.path.insert(0, {str(task)!r}); started = time.perf_counter(); "
        "import dmslake.lake.handler; print((time.perf_counter() - started) * 1000)"
    )
    command = [sys.executable, "-I", "-S", *options, "-c", code]
    outputs = [subprocess.check_output(command, text=True) for _ in range(STARTS)]
    return median(float(output) for output in outputs)


def cpu_ms(work: Callable[[], object], whose: int) -> float:
    """Tell the processor time of something that waits for nothing."""
    before = resource.getrusage(whose)
    work()
    after = resource.getrusage(whose)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000


def row(what: str, theirs: str, mine: str, verdict: str) -> None:
    print(f"{what:34}{theirs:>14}{mine:>16}   {verdict}")


def main() -> None:
    row("", "HEAD + copy", "the loader", "")
    with store(0) as url:
        warm(connect({"AWS_ENDPOINT_URL": url}), "a store of no delay")
    batch()
    cold_start()
    warm_on_the_sandbox()


if __name__ == "__main__":
    main()
