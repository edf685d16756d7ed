"""The section `source`: the database that is read."""

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field, JsonValue, SecretStr, ValidationInfo, field_validator

from dmslake.spec.engines import ENGINES, OTHER_NAMES, SOURCES_LATER, Database
from dmslake.spec.environment import VARIABLE_PATTERN
from dmslake.spec.mistakes import mistake, nearest, not_supported_yet
from dmslake.spec.model.names import Arn
from dmslake.spec.section import NotYet, Section, Text, Whole

_SSL_MODES = ("none", "require", "verify-ca", "verify-full")
_SSL_LATER = ("verify-ca", "verify-full")
_HOST = re.compile(
    r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,253}[A-Za-z0-9_])?|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]+"
)
_HOST_AND_PORT = re.compile(r"[^:/]+:[0-9]+")


def _engine(value: str) -> str:
    if value in SOURCES_LATER:
        raise not_supported_yet("use a database engine", what="{value}")
    if value not in ENGINES:
        near = OTHER_NAMES.get(value.lower()) or nearest(value, ENGINES)
        fix = f"use one of {', '.join(ENGINES)}"
        raise mistake("{value} is not a DMS source engine", near=near, fix=fix)
    return value


def _host(value: str) -> str:
    if _HOST_AND_PORT.fullmatch(value):
        raise mistake("the host has a port in it", fix="write the port in source.port")
    if not _HOST.fullmatch(value):
        fix = 'write the name or address alone, such as "db.internal"'
        raise mistake("{value} is not a host name", fix=fix)
    return value


class Source(Section):
    """The database that is read, and how to sign in there."""

    engine: Annotated[str, AfterValidator(_engine)] = Field(
        description="What the database is, in DMS's own names.",
        examples=["postgres"],
        json_schema_extra={"enum": list(ENGINES)},
    )
    host: Annotated[str, AfterValidator(_host)] = Field(
        description="The name or address of the server, as the replication instance sees it.",
        examples=["db.internal"],
    )
    port: Whole = Field(
        default=None,
        ge=1,
        le=65535,
        validate_default=True,
        description="The port of the server. If it is not written: the engine's usual one, such "
        "as 5432 for postgres and 3306 for mysql.",
        examples=[5432],
    )
    database: Text | None = Field(
        default=None,
        validate_default=True,
        description="The database to read. Required for postgres, oracle, sqlserver, db2, "
        "sybase and their relatives; not for the MySQL family, where tables.include names the "
        "databases.",
        examples=["shop"],
    )
    username: Text = Field(
        description="The database user that DMS signs in as.",
        examples=["dms"],
    )
    password: SecretStr = Field(
        description="That user's password, always as ${NAME}: it is read from the environment "
        "variable NAME. A password written into the file is refused.",
        examples=["${SHOP_DB_PASSWORD}"],
        json_schema_extra={"pattern": VARIABLE_PATTERN},
    )
    secret: Annotated[Arn | None, NotYet("use host, username and password")] = Field(
        default=None,
        description="The ARN of a Secrets Manager secret with host, port, username and "
        "password, instead of these fields. Not supported yet.",
        examples=["arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop-a1b2c3"],
    )
    ssl: str = Field(
        default=None,
        validate_default=True,
        description="Whether the connection is encrypted: none or require; verify-ca and "
        "verify-full are not supported yet. If it is not written: require where DMS has it for "
        "the engine, else none. DMS has no require for the MySQL family, oracle, db2 and "
        "sybase.",
        examples=["require"],
        json_schema_extra={"enum": list(_SSL_MODES)},
    )
    certificate: Annotated[Text | None, NotYet("use ssl: require or ssl: none")] = Field(
        default=None,
        description="A PEM file with the certificate authority's chain, for ssl: verify-ca and "
        "verify-full. A relative path starts at the spec's folder. Not supported yet.",
        examples=["rds-ca.pem"],
    )
    settings: Annotated[Mapping[str, JsonValue], NotYet("leave it out", unless={})] = Field(
        default={},
        description="The engine's DMS endpoint settings, in snake_case. Not supported yet.",
        examples=[{"heartbeat_enable": True}],
    )

    @field_validator("port", mode="before")
    @classmethod
    def default_port(cls, value: object, info: ValidationInfo) -> object:
        """Fill in the engine's usual port; any port will do while the engine is wrong."""
        if value is not None:
            return value
        return ENGINES[info.data["engine"]].port if "engine" in info.data else 1

    @field_validator("database")
    @classmethod
    def check_database(cls, value: str | None, info: ValidationInfo) -> str | None:
        """Hold the database against the engine's rule."""
        rules = ENGINES.get(info.data.get("engine", ""))
        if rules and rules.database is Database.REQUIRED and value is None:
            message = f"missing, and {info.data['engine']} needs it"
            raise mistake(message, fix="add database: shop")
        if rules and rules.database is Database.FORBIDDEN and value is not None:
            message = f"{info.data['engine']} takes no database: DMS would put all tables into it"
            raise mistake(message, fix="remove it and name databases in tables.include")
        return value

    @field_validator("ssl", mode="before")
    @classmethod
    def default_ssl(cls, value: object, info: ValidationInfo) -> object:
        """Fill in the safest mode that needs no certificate."""
        if value is not None:
            return value
        rules = ENGINES.get(info.data.get("engine", ""))
        return "require" if rules and "require" in rules.ssl else "none"

    @field_validator("ssl")
    @classmethod
    def check_ssl(cls, value: str, info: ValidationInfo) -> str:
        """Hold the mode against those that DMS has for the engine."""
        rules = ENGINES.get(info.data.get("engine", ""))
        modes = rules.ssl if rules else _SSL_MODES
        usable = " or ".join(mode for mode in modes if mode not in _SSL_LATER)
        if value not in _SSL_MODES:
            message = f"{{value}} is not one of {', '.join(_SSL_MODES)}"
            raise mistake(message, near=nearest(value, _SSL_MODES), fix=f"use {usable}")
        if value not in modes:
            message = f"DMS has no {{value}} for {info.data['engine']}"
            raise mistake(message, fix=f"use {usable}")
        if value in _SSL_LATER:
            raise not_supported_yet(f"use {usable}", what="{value}")
        return value
