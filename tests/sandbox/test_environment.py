"""In the sandbox's environment no call gets out, and none of the user's settings gets in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from dmslake.sandbox.environment import environment
from dmslake.sandbox.model import Sandbox
from dmslake.sandbox.spec import example_spec
from dmslake.spec.loader import parse_spec

# Everything that a user's shell may have set for an account of the user's own.
HOSTILE = {
    "AWS_PROFILE": "production",
    "AWS_DEFAULT_PROFILE": "production",
    "AWS_ACCESS_KEY_ID": "AKIAREALREALREALREAL",
    "AWS_SECRET_ACCESS_KEY": "real",
    "AWS_SESSION_TOKEN": "real",
    "AWS_SECURITY_TOKEN": "real",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-2",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9",
    "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:9",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "AWS_USE_DUALSTACK_ENDPOINT": "true",
    "AWS_CA_BUNDLE": "/nowhere",
    "AWS_ROLE_ARN": "arn:aws:iam::999999999999:role/real",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/nowhere",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "https_proxy": "http://127.0.0.1:9",
    "http_proxy": "http://127.0.0.1:9",
    "NO_PROXY": "internal.example.com",
}
CALLS = """
import boto3, json
told = {
    "who": boto3.client("sts").get_caller_identity()["Arn"],
    "buckets": len(boto3.client("s3").list_buckets()["Buckets"]) >= 0,
    "queues": boto3.client("sqs").list_queues()["ResponseMetadata"]["HTTPStatusCode"],
    "instances": boto3.client("dms").describe_replication_instances()["ReplicationInstances"],
    "region": boto3.Session().region_name,
}
print(json.dumps(told, default=str))
"""


@pytest.mark.parametrize("inherited", [{}, HOSTILE], ids=["nothing set", "a real account set"])
def test_every_call_reaches_the_sandbox(
    sandbox: Sandbox, tmp_path: Path, inherited: dict[str, str]
) -> None:
    config = tmp_path / ".aws"
    config.mkdir()
    (config / "config").write_text(
        "[default]\nregion = us-west-2\nendpoint_url = http://127.0.0.1:9\n"
        "[profile production]\nregion = us-west-2\nrole_arn = arn:aws:iam::999999999999:role/x\n"
    )
    base = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **inherited}
    done = subprocess.run(
        [sys.executable, "-c", CALLS],
        env={**base, **environment(sandbox, inherited)},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    told = json.loads(done.stdout)
    assert told == {
        "who": f"arn:aws:iam::{sandbox.account}:user/dmslake-sandbox",
        "buckets": True,
        "queues": 200,
        "instances": told["instances"],
        "region": sandbox.region,
    }


def test_the_profile_alone_reaches_the_sandbox_too(sandbox: Sandbox, tmp_path: Path) -> None:
    names = ("AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")
    given = environment(sandbox, {})
    done = subprocess.run(
        [sys.executable, "-c", CALLS],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), **{n: given[n] for n in names}},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    assert json.loads(done.stdout)["region"] == sandbox.region


def test_exceptions_from_the_proxy_are_kept(sandbox: Sandbox) -> None:
    given = environment(sandbox, {"no_proxy": "a.example.com, b.example.com"})
    assert given["NO_PROXY"] == given["no_proxy"]
    assert given["no_proxy"] == "a.example.com,b.example.com,127.0.0.1,localhost"


def test_the_profile_s_files_are_private(sandbox: Sandbox) -> None:
    given = environment(sandbox, {})
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        assert Path(given[name]).stat().st_mode & 0o077 == 0


def test_values_can_stand_in_a_shell_without_quotes_of_their_own(sandbox: Sandbox) -> None:
    for name, text in environment(sandbox, HOSTILE).items():
        assert "\n" not in text
        assert "'" not in text, name


def test_the_example_is_a_spec_in_this_environment(sandbox: Sandbox, tmp_path: Path) -> None:
    text = example_spec("demo", ("public.orders", "sales.%"))
    spec = parse_spec(text, file="example", environ=environment(sandbox, {}), base_dir=tmp_path)
    assert spec.name == "demo"
    assert spec.source.host == "127.0.0.1"
    assert spec.source.port == sandbox.source.port
    assert [(one.schema, one.table) for one in spec.tables.include or ()] == [
        ("public", "orders"), ("sales", "%"),
    ]  # fmt: skip
    assert sandbox.source.password not in text


def test_a_command_that_starts_meanwhile_never_sees_half_a_profile(sandbox: Sandbox) -> None:
    config = Path(environment(sandbox)["AWS_CONFIG_FILE"])
    over, seen = threading.Event(), set[str]()

    def read() -> None:
        while not over.is_set():
            seen.add(config.read_text())

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(200):
        environment(sandbox)
    over.set()
    reader.join()
    assert seen == {config.read_text()}
    assert [path.name for path in config.parent.iterdir() if path.name.startswith(".")] == []
