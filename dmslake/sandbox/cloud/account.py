"""The two users of the sandbox's account: its administrator, and the DMS server beside it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from dmslake.errors import SandboxError
from dmslake.sandbox.cloud.upstream import part
from dmslake.sandbox.record import Keys

ADMINISTRATOR = "dmslake-sandbox"
SERVICE = "dmslake-sandbox-dms"
_POLICY = "arn:aws:iam::aws:policy/AdministratorAccess"
_FORM = {"content-type": "application/x-www-form-urlencoded"}


def user_arn(account: str, name: str) -> str:
    """Return the ARN of one of the users."""
    return f"arn:aws:iam::{account}:user/{name}"


def ensure_user(account: str, name: str, keys: Keys) -> None:
    """Make a user with every right and exactly this access key, whatever was there before.

    Raises:
        SandboxError: MiniStack refuses.
    """
    part("core.responses", "_request_account_id").set(account)
    users, stored = part("services.iam", "_users"), part("services.iam", "_access_keys")
    if name not in users:
        _call("CreateUser", UserName=name)
    if _POLICY not in users[name]["AttachedPolicies"]:
        _call("AttachUserPolicy", UserName=name, PolicyArn=_POLICY)
    for key in [one for one, kept in stored.items() if kept["UserName"] == name]:
        del stored[key]
    stored[keys.access_key_id] = {
        "UserName": name,
        "AccessKeyId": keys.access_key_id,
        "SecretAccessKey": keys.secret_access_key,
        "Status": "Active",
        "CreateDate": users[name]["CreateDate"],
    }


def finish_pending_functions() -> None:
    """Let functions become active that a killed cloud left in the making."""
    for record in list(part("services.lambda_svc", "_functions").to_dict().values()):
        for config in [record["config"], *(one["config"] for one in record["versions"].values())]:
            if config.get("State") == "Pending":
                config["State"] = "Active"
            if config.get("LastUpdateStatus") == "InProgress":
                config["LastUpdateStatus"] = "Successful"


def default_network(account: str, region: str) -> dict[str, object]:
    """Return the `subnets` and the `security_group` of the network that every account has.

    Beside what AWS gives it, it has what an instance without a public address needs: a way to S3.
    """
    part("core.responses", "_request_account_id").set(account)
    part("core.responses", "_request_region").set(region)
    part("services.ec2", "_ensure_defaults_initialized")()
    subnets = part("services.ec2", "_subnets").values()
    _open_way_to_s3(account, region)
    return {
        "subnets": sorted(one["SubnetId"] for one in subnets if one.get("DefaultForAz")),
        "security_group": part("services.ec2", "_DEFAULT_SG_ID"),
    }


def _open_way_to_s3(account: str, region: str) -> None:
    endpoints, service = part("services.ec2", "_vpc_endpoints"), f"com.amazonaws.{region}.s3"
    if any(one["ServiceName"] == service for one in endpoints.values()):
        return
    endpoints["vpce-00000001"] = {
        "VpcEndpointId": "vpce-00000001",
        "VpcEndpointType": "Gateway",
        "VpcId": part("services.ec2", "_DEFAULT_VPC_ID"),
        "ServiceName": service,
        "State": "available",
        "RouteTableIds": [part("services.ec2", "_DEFAULT_RTB_ID")],
        "SubnetIds": [],
        "OwnerId": account,
    }


def _call(action: str, **parameters: Any) -> None:
    form = urlencode({"Action": action, "Version": "2010-05-08", **parameters}).encode()
    request = part("services.iam", "handle_request")("POST", "/", _FORM, form, {})
    try:
        request.send(None)
    except StopIteration as done:
        status, _, body = done.value
    else:
        status, body = 500, b"it did not answer at once"
    if status != 200:  # noqa: PLR2004 - HTTP's word for success
        raise SandboxError(
            "the sandbox's administrator could not be made", why=body.decode(errors="replace")
        )
