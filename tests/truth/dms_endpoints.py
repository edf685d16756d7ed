"""Rules of DMS for endpoints, which its model does not hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.truth.mistake import Found, Request

OPERATIONS = ("CreateEndpoint", "ModifyEndpoint")
MYSQL = ("mysql", "mariadb", "aurora", "aurora-serverless", "gcp-mysql")
_SSL = {
    **dict.fromkeys(MYSQL, ("none", "verify-ca", "verify-full")),
    "sqlserver": ("none", "require", "verify-full"),
    "mongodb": ("none", "require", "verify-full"),
    "docdb": ("none", "require", "verify-full"),
    "oracle": ("none", "verify-ca"),
    "db2": ("none", "verify-ca"),
    "sybase": ("none", "verify-full"),
    "s3": ("none",),
}
# What may be empty and mean something: a NULL that is written as nothing.
_MAY_BE_EMPTY = ("CsvNullValue", "CsvNoSupValue")
_CONNECTION = ("ServerName", "Port", "Username", "Password")
_SECRET = ("SecretsManagerAccessRoleArn", "SecretsManagerSecretId")
_WITHOUT_TRANSACTIONS = ("AddColumnName", "DatePartitionEnabled", "GlueCatalogGeneration")
_OF_A_SOURCE = ("ExternalTableDefinition", "IgnoreHeaderRows")


def structs(request: Request) -> dict[str, Mapping[str, Any]]:
    """Return the settings of an endpoint, by the member that holds them."""
    if request.operation not in OPERATIONS:
        return {}
    return {
        name: value
        for name, value in request.members.items()
        if name.endswith("Settings") and isinstance(value, Mapping)
    }


def empty_strings(request: Request) -> Found:
    """An empty string is taken when the endpoint is made and refused when the task is."""
    for struct, settings in structs(request).items():
        for name, value in settings.items():
            if value == "" and name not in _MAY_BE_EMPTY:
                yield f"{struct}.{name}", value, "left out rather than empty"
    for name, value in request.members.items():
        clears = name == "ExtraConnectionAttributes" and request.operation == "ModifyEndpoint"
        if request.operation in OPERATIONS and value == "" and not clears:
            yield name, value, "left out rather than empty"


def secrets(request: Request) -> Found:
    """A secret and its role go together, and exclude what the secret holds."""
    for struct, settings in structs(request).items():
        named = [name for name in _SECRET if settings.get(name)]
        if len(named) == 1:
            yield f"{struct}.{named[0]}", settings[named[0]], f"together: {' and '.join(_SECRET)}"
        if not named:
            continue
        for path, members in ((f"{struct}.", settings), ("", request.members)):
            for name in _CONNECTION:
                if name in members:
                    yield f"{path}{name}", "…", "absent when a secret is named"


def transport(request: Request) -> Found:
    """The SSL modes that the engine knows; a mode that verifies needs a certificate."""
    mode = request.members.get("SslMode")
    if request.operation not in OPERATIONS or mode is None:
        return
    known = _SSL.get(str(request.members.get("EngineName")))
    if known is not None and mode not in known:
        yield "SslMode", mode, f"one of {', '.join(known)} for {request.members['EngineName']}"
    created = request.operation == "CreateEndpoint"
    if (
        created
        and mode in ("verify-ca", "verify-full")
        and not request.members.get("CertificateArn")
    ):
        yield "SslMode", mode, "with a CertificateArn"


def s3(request: Request) -> Found:
    """The members of S3Settings that exclude or need each other."""
    settings = structs(request).get("S3Settings")
    if settings is None:
        return
    if settings.get("CdcInsertsOnly") and settings.get("CdcInsertsAndUpdates"):
        yield "S3Settings.CdcInsertsOnly", True, "not with CdcInsertsAndUpdates"
    if settings.get("PreserveTransactions") and not settings.get("CdcPath"):
        yield "S3Settings.PreserveTransactions", True, "with CdcPath"
    if settings.get("PreserveTransactions") or settings.get("CdcPath"):
        for name in _WITHOUT_TRANSACTIONS:
            if settings.get(name):
                yield f"S3Settings.{name}", True, "not with PreserveTransactions or CdcPath"
    yield from _s3_values(settings, str(request.members.get("EndpointType", "")))


def _s3_values(settings: Mapping[str, Any], direction: str) -> Found:
    size, owner = settings.get("MaxFileSize"), settings.get("ExpectedBucketOwner")
    if size is not None and not 1 <= size <= 1_048_576:
        yield "S3Settings.MaxFileSize", size, "1 to 1048576 (KB)"
    if owner is not None and not (len(owner) == 12 and owner.isdigit()):
        yield "S3Settings.ExpectedBucketOwner", owner, "an account id of 12 digits"
    if direction == "target":
        for name in _OF_A_SOURCE:
            if name in settings:
                yield f"S3Settings.{name}", settings[name], "only for a source"
        for name in ("ServiceAccessRoleArn", "BucketName"):
            if not settings.get(name):
                yield f"S3Settings.{name}", settings.get(name), "present"


RULES = (empty_strings, secrets, transport, s3)
