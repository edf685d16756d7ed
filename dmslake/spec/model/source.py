"""The section `source`: the database that is read."""

import json
import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import (
    AfterValidator,
    Field,
    PlainSerializer,
    PlainValidator,
    SecretStr,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)
from pydantic_core import PydanticCustomError, PydanticKnownError

from dmslake.spec.attributes import check_attributes
from dmslake.spec.engines import ENGINES, OTHER_NAMES, Database
from dmslake.spec.environment import VARIABLE_PATTERN
from dmslake.spec.files import PemFile, parse_json, read_json, read_pem
from dmslake.spec.mistakes import Placed, mistake, nearest, raise_all
from dmslake.spec.model.names import KeyArn, RoleArn, SecretArn
from dmslake.spec.section import Section, Text, Whole
from dmslake.spec.service_model import members
from dmslake.spec.settings import read_settings, written
from dmslake.spec.source_rules import refused_in_source, source_conflicts
from dmslake.spec.surroundings import surroundings

_SSL_MODES = ("none", "require", "verify-ca", "verify-full")
_HOST = re.compile(
    r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,253}[A-Za-z0-9_])?|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]+"
)
_HOST_AND_PORT = re.compile(r"[^:/]+:[0-9]+")
_TABLES = "external_table_definition"


def _engine(value: str) -> str:
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


def _pem(value: object, info: ValidationInfo) -> PemFile:
    if not isinstance(value, str):
        raise PydanticKnownError("string_type")
    return read_pem(surroundings(info).base_dir, value)


PemFileField = Annotated[
    PemFile,
    PlainValidator(_pem),
    PlainSerializer(lambda file: str(file.path), return_type=str),
    WithJsonSchema({"type": "string"}),
]
"""The path of a PEM file, which is read together with the spec."""


class Source(Section):
    """The database that is read, and how to sign in there."""

    engine: Annotated[str, AfterValidator(_engine)] = Field(
        description="What the database is, in DMS's own names. s3 reads CSV files.",
        examples=["postgres"],
        json_schema_extra={"enum": list(ENGINES)},
    )
    host: Annotated[str, AfterValidator(_host)] | None = Field(
        default=None,
        description="The name or address of the server, as the replication instance sees it. "
        "Required unless secret is written or the engine is s3.",
        examples=["db.internal"],
    )
    port: Whole | None = Field(
        default=None,
        ge=1,
        le=65535,
        validate_default=True,
        description="The port of the server. If it is not written: the engine's usual one, such "
        "as 5432 for postgres and 3306 for mysql. Not with secret.",
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
    username: Text | None = Field(
        default=None,
        description="The database user that DMS signs in as. Required unless secret is written "
        "or the engine is s3.",
        examples=["dms"],
    )
    password: SecretStr | None = Field(
        default=None,
        description="That user's password, always as ${NAME}: it is read from the environment "
        "variable NAME. A password written into the file is refused.",
        examples=["${SHOP_DB_PASSWORD}"],
        json_schema_extra={"pattern": VARIABLE_PATTERN},
    )
    secret: SecretArn | None = Field(
        default=None,
        description="The ARN of a Secrets Manager secret with host, port, username and "
        "password, instead of these fields.",
        examples=["arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop-a1b2c3"],
    )
    secret_role: RoleArn | None = Field(
        default=None,
        description="An existing role with which DMS reads the secret. It has to trust "
        "dms.<region>.amazonaws.com. If it is not written, one is created.",
        examples=["arn:aws:iam::123456789012:role/dms-secret"],
    )
    secret_kms_key: KeyArn | None = Field(
        default=None,
        description="The KMS key of the secret, if it is not the account's own one for secrets.",
        examples=["arn:aws:kms:eu-west-1:123456789012:key/1234abcd"],
    )
    ssl: str = Field(
        default=None,
        validate_default=True,
        description="Whether the connection is encrypted, and the server's certificate "
        "checked: none, require, verify-ca or verify-full. If it is not written: require where "
        "DMS has it for the engine, else none. DMS has no require for the MySQL family, oracle, "
        "db2 and sybase.",
        examples=["require"],
        json_schema_extra={"enum": list(_SSL_MODES)},
    )
    certificate: PemFileField | None = Field(
        default=None,
        description="A PEM file with the certificate authority's chain, for ssl: verify-ca and "
        "verify-full. A relative path starts at the spec's folder.",
        examples=["rds-ca.pem"],
    )
    settings: Mapping[str, object] = Field(
        default={},
        description="The engine's DMS endpoint settings, in snake_case: every member of its "
        "structure in CreateEndpoint that no other field decides. Values that are secrets are "
        "written as ${NAME}. For s3: bucket_name and external_table_definition (JSON, or the "
        "path of a JSON file) are required.",
        examples=[{"heartbeat_enable": True}],
    )
    extra_connection_attributes: str | None = Field(
        default=None,
        description="What DMS has no setting for: name=value pairs with ; between them. Nothing "
        "may stand here and in settings.",
        examples=["secretsManagerEndpointOverride=vpce-1.example.com"],
    )
    role: RoleArn | None = Field(
        default=None,
        description="An existing role with which DMS reads an S3 source. If it is not written, "
        "one is created.",
        examples=["arn:aws:iam::123456789012:role/dms-source"],
    )

    @field_validator("port", mode="before")
    @classmethod
    def default_port(cls, value: object, info: ValidationInfo) -> object:
        """Fill in the engine's usual port beside a host."""
        if value is not None or info.data.get("host") is None or "engine" not in info.data:
            return value
        return ENGINES[info.data["engine"]].port

    @field_validator("database")
    @classmethod
    def check_database(cls, value: str | None, info: ValidationInfo) -> str | None:
        """Hold the database against the engine's rule."""
        engine = info.data.get("engine", "")
        rules = ENGINES.get(engine)
        if rules and rules.database is Database.REQUIRED and value is None:
            raise mistake(f"missing, and {engine} needs it", fix="add database: shop")
        if value is not None and engine == "s3":
            raise mistake("s3 has no databases", fix="remove it")
        if value is not None and rules and rules.database is Database.FORBIDDEN:
            message = f"{engine} takes no database: DMS would put all tables into it"
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
        usable = " or ".join(part for part in (", ".join(modes[:-1]), modes[-1]) if part)
        if value not in _SSL_MODES:
            message = f"{{value}} is not one of {', '.join(_SSL_MODES)}"
            raise mistake(message, near=nearest(value, _SSL_MODES), fix=f"use {usable}")
        if value not in modes:
            message = f"DMS has no {{value}} for {info.data['engine']}"
            raise mistake(message, fix=f"use {usable}")
        return value

    @field_validator("settings")
    @classmethod
    def read_engine_settings(
        cls, value: Mapping[str, object], info: ValidationInfo
    ) -> Mapping[str, object]:
        """Check the settings against DMS's model; without an engine there is nothing to check."""
        rules = ENGINES.get(info.data.get("engine", ""))
        if not rules or not value:
            return value
        refused = refused_in_source(rules.settings, members(rules.settings))
        settings, found = read_settings(rules.settings, value, refused)
        if len(settings) == len(written(value)):
            found += source_conflicts(rules.settings, settings)
        found += _external_tables(settings, info)
        raise_all(found)
        return settings

    @field_validator("extra_connection_attributes")
    @classmethod
    def check_extra_attributes(cls, value: str | None, info: ValidationInfo) -> str | None:
        """Hold the attributes against the settings, which DMS keeps in the same place."""
        rules = ENGINES.get(info.data.get("engine", ""))
        if value is None or not rules:
            return value
        decided = refused_in_source(rules.settings, members(rules.settings))
        return check_attributes(value, info.data.get("settings", ()), decided)


def _external_tables(settings: dict[str, object], info: ValidationInfo) -> list[Placed]:
    """Put the text of the table definition in the place of its path."""
    written = settings.get(_TABLES)
    if not isinstance(written, str):
        return []
    try:
        settings[_TABLES] = _definition(written, info)
    except PydanticCustomError as error:
        return [((_TABLES,), error)]
    return []


def _definition(written: str, info: ValidationInfo) -> str:
    inline = written.lstrip().startswith("{")
    document = parse_json(written) if inline else read_json(surroundings(info).base_dir, written)
    tables = document.get("Tables") if isinstance(document, dict) else None
    if not isinstance(tables, list) or not tables:
        fix = "see the DMS user guide on S3 as a source"
        raise mistake("{value} is not a table definition: it has no Tables", fix=fix)
    return json.dumps(document)
