"""What the cloud is told when it starts, and what MiniStack is told from that."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dmslake.sandbox.ports import LOOPBACK
from dmslake.sandbox.record import Keys

KEYS_VARIABLE = "DMSLAKE_SANDBOX_KEYS"
# Each run is a process of its own, and waits for the cloud half of the time.
CONCURRENCY = min(16, 2 * (os.cpu_count() or 2))
RETRY_SECONDS = (1.0, 4.0)
# Everything that a data pipeline and those who look at it use. The others stay off, for some of
# them listen on ports of their own, or on all interfaces.
SERVICES = (
    "account", "athena", "ec2", "events", "glue", "iam", "kms", "lambda", "logs", "monitoring",
    "s3", "secretsmanager", "sns", "sqs", "ssm", "sts", "tagging",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class CloudSettings:
    """The options of `python -m dmslake.sandbox.cloud`.

    `concurrency` is how many asynchronous invocations run at once, of all functions together.
    `retry_seconds` are the first and the longest pause before a failed asynchronous invocation
    is tried again; AWS's are 60 and 120. `role_seconds` is how long a role that was just made
    cannot be used; AWS takes about 10, and up to a minute.
    """

    folder: Path
    port: int
    region: str
    account: str
    authority: Path
    certificate: Path
    key: Path
    concurrency: int = CONCURRENCY
    retry_seconds: tuple[float, float] = RETRY_SECONDS
    role_seconds: float = 0.0

    def arguments(self) -> tuple[str, ...]:
        """Return the arguments, but for `--state <folder>`, that `parse_arguments` reads."""
        first, longest = self.retry_seconds
        return (
            "--port", str(self.port), "--region", self.region,
            "--account", self.account, "--authority", str(self.authority),
            "--certificate", str(self.certificate), "--key", str(self.key),
            "--concurrency", str(self.concurrency),
            "--retry-seconds", f"{first:g}", f"{longest:g}",
            "--role-seconds", f"{self.role_seconds:g}",
        )  # fmt: skip


def parse_arguments(arguments: Sequence[str]) -> CloudSettings:
    """Read the command line; a wrong one ends the process with a usage message."""
    parser = argparse.ArgumentParser(prog="python -m dmslake.sandbox.cloud")
    parser.add_argument("--state", type=Path, required=True, dest="folder")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--region", required=True)
    parser.add_argument("--account", required=True)
    for name in ("authority", "certificate", "key"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--concurrency", type=int, default=CONCURRENCY)
    parser.add_argument("--retry-seconds", type=float, nargs=2, default=RETRY_SECONDS)
    parser.add_argument("--role-seconds", type=float, default=0.0)
    read = parser.parse_args(arguments)
    return CloudSettings(**{**vars(read), "retry_seconds": tuple(read.retry_seconds)})


@dataclass(frozen=True, kw_only=True)
class CloudKeys:
    """The access keys that the cloud knows: the user's, and the DMS server's."""

    administrator: Keys
    service: Keys

    def as_text(self) -> str:
        """Return what stands in the environment variable of the cloud's process."""
        both = {"administrator": self.administrator, "service": self.service}
        return json.dumps({name: keys.model_dump() for name, keys in both.items()})


def take_keys(environment: MutableMapping[str, str]) -> CloudKeys:
    """Read the keys and remove them, so that no Lambda function inherits them."""
    read = json.loads(environment.pop(KEYS_VARIABLE))
    return CloudKeys(**{name: Keys.model_validate(keys) for name, keys in read.items()})


def ministack_environment(settings: CloudSettings) -> dict[str, str]:
    """Return MiniStack's own settings; they have to be set before it is imported."""
    folder = settings.folder
    return {
        "AUTH": "true",
        "BIND_HOST": LOOPBACK,
        "MINISTACK_HOST": LOOPBACK,
        "GATEWAY_PORT": str(settings.port),
        "MINISTACK_REGION": settings.region,
        "MINISTACK_ACCOUNT_ID": settings.account,
        "AWS_ACCESS_KEY_ID": settings.account,
        "USE_SSL": "1",
        "MINISTACK_SSL_CERT": str(settings.certificate),
        "MINISTACK_SSL_KEY": str(settings.key),
        "PERSIST_STATE": "1",
        "STATE_DIR": str(folder / "state"),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(folder / "objects"),
        "SERVICES": ",".join(SERVICES),
        "LAMBDA_EXECUTOR": "local",
        # Asynchronous events take half of it, so that they never throttle who waits for an answer.
        "LAMBDA_ACCOUNT_CONCURRENCY": str(2 * settings.concurrency),
        "LOG_LEVEL": "WARNING",
        # Listeners that would be opened on all interfaces, whatever BIND_HOST says.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        # MiniStack removes every container it takes for its own, somebody else's MiniStack too.
        "DOCKER_HOST": f"unix://{folder / 'no-docker'}",
        "TMPDIR": str(folder / "tmp"),
        "HOME": str(folder),
        **lambda_environment(settings),
    }


def lambda_environment(settings: CloudSettings) -> dict[str, str]:
    """Return what functions inherit: they trust the cloud, and know of no other AWS."""
    return {
        "AWS_CA_BUNDLE": str(settings.authority),
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def hidden_from_functions(settings: CloudSettings) -> frozenset[str]:
    """Return the names of MiniStack's settings that mean nothing to a function, or mislead it."""
    shared = {"AWS_ACCESS_KEY_ID", "HOME", "TMPDIR", *lambda_environment(settings)}
    return frozenset(ministack_environment(settings)) - shared
