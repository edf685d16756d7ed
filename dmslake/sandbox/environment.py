"""The environment in which every AWS call reaches the sandbox, and none anything else."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from dmslake.sandbox.launcher import AWS
from dmslake.sandbox.model import Sandbox
from dmslake.sandbox.ports import LOOPBACK

PROFILE = "dmslake-sandbox"
_ENDPOINT = "AWS_ENDPOINT_URL"
_DMS_ENDPOINT = "AWS_ENDPOINT_URL_DATABASE_MIGRATION_SERVICE"


def environment(sandbox: Sandbox, inherited: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the variables to set over `inherited`, for boto3, the AWS CLI and specs.

    A profile of the user's can never leak into a call, and no call can leave this machine: the
    endpoints, keys and files that `inherited` names are all replaced. Writes the profile's files.
    """
    shared = _profile_files(sandbox)
    exempt = _no_proxy(inherited)
    return {
        **_foreign_endpoints(sandbox, inherited),
        _ENDPOINT: sandbox.cloud_url,
        _DMS_ENDPOINT: sandbox.dms_url,
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
        "AWS_USE_FIPS_ENDPOINT": "false",
        "AWS_USE_DUALSTACK_ENDPOINT": "false",
        "AWS_ACCESS_KEY_ID": sandbox.keys.access_key_id,
        "AWS_SECRET_ACCESS_KEY": sandbox.keys.secret_access_key,
        # Empty, for a variable cannot be unset here, and a token would be sent along.
        "AWS_SESSION_TOKEN": "",
        "AWS_SECURITY_TOKEN": "",
        "AWS_REGION": sandbox.region,
        "AWS_DEFAULT_REGION": sandbox.region,
        "AWS_CA_BUNDLE": str(sandbox.authority),
        "AWS_PROFILE": PROFILE,
        "AWS_DEFAULT_PROFILE": PROFILE,
        "AWS_CONFIG_FILE": str(shared / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(shared / "credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": exempt,
        "no_proxy": exempt,
        **spec_variables(sandbox),
    }


def spec_variables(sandbox: Sandbox) -> dict[str, str]:
    """Return what a spec names as `${SANDBOX_...}`."""
    source, network = sandbox.source, sandbox.network
    return {
        "SANDBOX_DB_HOST": source.host,
        "SANDBOX_DB_PORT": str(source.port),
        "SANDBOX_DB_NAME": source.database,
        "SANDBOX_DB_USER": source.username,
        "SANDBOX_DB_PASSWORD": source.password,
        "SANDBOX_SUBNET_A": network.subnets[0],
        "SANDBOX_SUBNET_B": network.subnets[1],
        "SANDBOX_SECURITY_GROUP": network.security_group,
    }


def _foreign_endpoints(sandbox: Sandbox, inherited: Mapping[str, str]) -> dict[str, str]:
    # `AWS_ENDPOINT_URL_S3` and the like win over `AWS_ENDPOINT_URL`.
    names = (name for name in inherited if name.startswith(f"{_ENDPOINT}_"))
    return dict.fromkeys(names, sandbox.cloud_url)


def _no_proxy(inherited: Mapping[str, str]) -> str:
    own = inherited.get("no_proxy") or inherited.get("NO_PROXY") or ""
    names = [name.strip() for name in own.split(",") if name.strip()]
    return ",".join(dict.fromkeys([*names, LOOPBACK, "localhost"]))


def _profile_files(sandbox: Sandbox) -> Path:
    folder = sandbox.folder / AWS
    folder.mkdir(mode=0o700, exist_ok=True)
    _write(
        folder / "config",
        f"[profile {PROFILE}]\n"
        f"region = {sandbox.region}\n"
        f"endpoint_url = {sandbox.cloud_url}\n"
        f"ca_bundle = {sandbox.authority}\n"
        f"services = {PROFILE}\n"
        f"[services {PROFILE}]\n"
        f"database_migration_service =\n  endpoint_url = {sandbox.dms_url}\n",
    )
    _write(
        folder / "credentials",
        f"[{PROFILE}]\n"
        f"aws_access_key_id = {sandbox.keys.access_key_id}\n"
        f"aws_secret_access_key = {sandbox.keys.secret_access_key}\n",
    )
    return folder


def _write(path: Path, text: str) -> None:
    """Put the text there at once: another command may read the file at any moment."""
    opened, made = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # mode 0600
    try:
        with os.fdopen(opened, "w") as file:
            file.write(text)
        Path(made).replace(path)
    except BaseException:
        Path(made).unlink(missing_ok=True)
        raise
