"""An endpoint's settings: how they are sent, and how those wanted and those found are compared.

Pure. DMS keeps settings in two views, the engine's structure and a text of extra attributes; it
returns enums in another case than it takes, and never returns a secret.
"""

from __future__ import annotations

from collections.abc import Mapping

Settings = Mapping[str, object]

S3 = "S3Settings"
SECRET = ("SecretsManagerAccessRoleArn", "SecretsManagerSecretId")
# Sensitive in botocore's model: sent, never returned. A change shows in the fingerprint.
NEVER_RETURNED = frozenset({"AsmPassword", "Password", "SecurityDbEncryption"})
# The members of the engines' structures that are enums in botocore's model.
ENUMS = frozenset(
    {
        "AuthMechanism", "AuthType", "AuthenticationMethod", "CannedAclForObjects",
        "CharLengthSemantics", "CompressionType", "DataFormat", "DatabaseMode",
        "DatePartitionDelimiter", "DatePartitionSequence", "EncodingType", "EncryptionMode",
        "MapLongVarcharAs", "NestingLevel", "ParquetVersion", "PluginName", "SafeguardPolicy",
        "TargetDbType", "TlogAccessMode",
    }
)  # fmt: skip
# With a secret, the credentials must stand nowhere else; the database's name must.
CREDENTIALS = ("Username", "Password", "ServerName", "Port")
# An empty text is refused later, when the task is made; here it is a value.
_MAY_BE_EMPTY = frozenset({"CsvNoSupValue", "CsvNullValue"})


def sendable(settings: Settings) -> dict[str, object]:
    """Return what a request may hold: no nulls, no empty texts, lists as JSON has them."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in settings.items()
        if value is not None and (value != "" or name in _MAY_BE_EMPTY)
    }


def comparable(settings: Settings) -> dict[str, object]:
    """Return settings in the one form in which wanted and found ones are compared."""
    return {
        name: _comparable(name, value)
        for name, value in sendable(settings).items()
        if name not in NEVER_RETURNED
    }


def _comparable(name: str, value: object) -> object:
    if name in ENUMS and isinstance(value, str):
        return fold(value)
    return tuple(value) if isinstance(value, list) else value


def fold(text: str) -> str:
    """Return an enum's value without regard to case and separators: `SSE_KMS` is `sse-kms`."""
    return text.lower().replace("_", "-")


def with_connection(settings: Settings, connection: Settings) -> dict[str, object]:
    """Return an engine's structure with the connection in it, as the service wants it.

    With a secret, the credentials must stand nowhere else, and the database's name still has to.
    """
    if uses_secret(settings):
        members = {n: v for n, v in settings.items() if n not in CREDENTIALS}
        return sendable({"DatabaseName": connection.get("DatabaseName"), **members})
    return sendable({**connection, **settings})


def uses_secret(settings: Settings) -> bool:
    """Whether DMS reads the credentials from Secrets Manager."""
    return bool(settings.get("SecretsManagerSecretId"))


def extra_attributes(text: str | None) -> dict[str, str]:
    """Return extra connection attributes (`a=1;b=2`) by name."""
    pairs = (part.partition("=") for part in (text or "").split(";") if part.strip())
    return {name.strip(): value.strip() for name, _, value in pairs}


def found_attributes(wanted: Settings, text: str | None, settings: Settings) -> dict[str, object]:
    """Return what DMS holds of the wanted extra attributes: in their text, or in the structure."""
    members = {name.lower(): _plain(value) for name, value in settings.items()}
    members.update({name.lower(): value for name, value in extra_attributes(text).items()})
    return {
        name: value if _same(value, members.get(name.lower())) else members.get(name.lower())
        for name, value in wanted.items()
    }


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _same(wanted: object, found: str | None) -> bool:
    truths = {"y": "true", "yes": "true", "n": "false", "no": "false"}

    def plain(text: str) -> str:
        return truths.get(text.lower(), text.lower())

    return found is not None and plain(str(wanted)) == plain(found)
