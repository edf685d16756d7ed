"""From a CreateEndpoint or ModifyEndpoint request to the endpoint that would be stored.

Extra connection attributes and the engine's settings structure are two views of one set of
settings; settings of other engines are dropped, as the service does.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from botocore.model import StringShape
from pydantic import JsonValue

from dmslake.sandbox.dms.endpoint_rules import CONNECTION, Draft
from dmslake.sandbox.dms.engines import SETTINGS_OF_ENGINE
from dmslake.sandbox.dms.extra_attributes import settings_in
from dmslake.sandbox.dms.faults import invalid_combination, invalid_value
from dmslake.sandbox.dms.model import DmsModel, fold
from dmslake.sandbox.dms.parameters import Json, Parameters
from dmslake.sandbox.dms.records import Endpoint
from dmslake.sandbox.dms.service import Call

if TYPE_CHECKING:
    from botocore.model import Shape

ATTRIBUTES = frozenset(
    {"Username", "ServerName", "Port", "DatabaseName", "ExtraConnectionAttributes"}
    | {"CertificateArn", "SslMode", "ServiceAccessRoleArn", "ExternalTableDefinition", "KmsKeyId"}
)
CREDENTIALS = ("Username", "Password", "ServerName", "Port")
SECRET = ("SecretsManagerAccessRoleArn", "SecretsManagerSecretId")
# S3 changes from SSE-KMS to SSE-S3 in place, but not back (API reference, S3Settings).
_KMS = "sse-kms"


def draft_of_create(call: Call, model: DmsModel) -> Draft:
    """Return the endpoint that a CreateEndpoint request describes, unchecked."""
    asked = call.input
    engine = _engine(asked.text("EngineName"))
    settings, secrets = _settings(asked, engine, model)
    attributes = asked.only(ATTRIBUTES)
    if engine == "s3":
        # AWS drops both without a word; the key takes effect only through ModifyEndpoint.
        attributes.pop("KmsKeyId", None)
        settings.pop("ServerSideEncryptionKmsKeyId", None)
    kind = asked.text("EndpointType")
    return _draft(Draft(kind, engine, attributes, settings, secrets), model)


def draft_of_modify(call: Call, before: Endpoint, model: DmsModel) -> Draft:
    """Return what an endpoint would be after a ModifyEndpoint request, unchecked."""
    asked = call.input
    kind = asked.optional_text("EndpointType")
    if kind is not None and kind != before.type:
        raise invalid_value("The type of an endpoint cannot be changed.")
    engine = _engine(asked.optional_text("EngineName") or before.engine)
    settings, secrets = _settings(asked, engine, model)
    _check_encryption(before.settings, settings)
    exact = asked.flag("ExactSettings") is True or engine != before.engine
    given = Draft(before.type, engine, asked.only(ATTRIBUTES), settings, secrets)
    kept = _without_other_credentials(before, given)
    attributes = {**kept.attributes, **given.attributes}
    merged = Draft(
        before.type,
        engine,
        {name: value for name, value in attributes.items() if value != ""},
        settings if exact else {**kept.settings, **settings},
        {**kept.secrets, **secrets},
    )
    return _draft(merged, model)


def _draft(draft: Draft, model: DmsModel) -> Draft:
    structure = SETTINGS_OF_ENGINE[draft.engine]
    members = model.members_of(structure) if structure else {}
    # The top level overwrites the structure, and the structure shows it.
    shown = {
        name: draft.attributes[name]
        for name in CONNECTION
        if name in members and draft.attributes.get(name) is not None
    }
    return replace(draft, settings={**draft.settings, **shown})


def _without_other_credentials(before: Endpoint, given: Draft) -> Draft:
    """Return what stays of an endpoint: a secret takes the place of credentials, and they of it."""
    kept = Draft(before.type, before.engine, before.attributes, before.settings, before.secrets)
    if given.settings.get("SecretsManagerSecretId"):
        return replace(
            kept,
            attributes=_without(kept.attributes, CREDENTIALS),
            settings=_without(kept.settings, CREDENTIALS),
            secrets={},
        )
    if any(given.connection(name) for name in CREDENTIALS):
        return replace(kept, settings=_without(kept.settings, SECRET))
    return kept


def _without(members: Json, names: tuple[str, ...]) -> Json:
    return {name: value for name, value in members.items() if name not in names}


def _engine(name: str) -> str:
    if name.lower() not in SETTINGS_OF_ENGINE:
        known = ", ".join(SETTINGS_OF_ENGINE)
        raise invalid_value(f"The engine name {name} is not valid. Valid engines are: {known}.")
    return name.lower()


def _settings(asked: Parameters, engine: str, model: DmsModel) -> tuple[Json, dict[str, str]]:
    structure = SETTINGS_OF_ENGINE[engine]
    members = model.members_of(structure) if structure else {}
    given = (asked.structure(structure) if structure else None) or {}
    extra = settings_in(asked.text("ExtraConnectionAttributes"), members)
    hidden = {name for name, shape in members.items() if shape.metadata.get("sensitive")}
    if hidden & set(extra):
        raise invalid_combination("ExtraConnectionAttributes must not hold passwords.")
    settings = {
        name: _canonical(value, members.get(name))
        for name, value in {**extra, **given}.items()
        if name not in hidden
    }
    secrets = {name: str(value) for name, value in given.items() if name in hidden}
    password = asked.optional_text("Password")
    if password is not None:
        secrets["Password"] = password
    return settings, secrets


def _canonical(value: JsonValue, shape: Shape | None) -> JsonValue:
    # GZIP, SSE_S3 and the like are stored as the model spells them.
    if not isinstance(value, str) or not isinstance(shape, StringShape):
        return value
    return next((one for one in shape.enum if fold(one) == fold(value)), value)


def _check_encryption(before: Json, settings: Json) -> None:
    if settings.get("EncryptionMode") == _KMS != before.get("EncryptionMode", "sse-s3"):
        raise invalid_combination(
            "EncryptionMode cannot be changed from SSE_S3 to SSE_KMS; create a new endpoint."
        )
