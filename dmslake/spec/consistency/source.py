"""How DMS signs in at the source: what has to be there, and what excludes what."""

from collections.abc import Iterator

from pydantic import SecretStr

from dmslake.spec.consistency.values import Values
from dmslake.spec.document import Path
from dmslake.spec.mistakes import Placed, mistake

_LOGIN = ("host", "port", "username", "password")
_EXAMPLES = {
    "host": "db.internal",
    "username": "dms",
    "password": "${SHOP_DB_PASSWORD}",
}
_OF_DATABASES = (*_LOGIN, "secret", "secret_role", "secret_kms_key", "certificate")
_WITHOUT_PASSWORD = ("iam", "kerberos")
# What Oracle's ASM and encryption need stands in the password, too, after commas.
_LONG_PASSWORDS = ("asm_server", "asm_user", "security_db_encryption_name")


def checks(values: Values) -> Iterator[Placed]:
    """Yield what does not fit together in the section."""
    if values.engine() == "s3":
        yield from _bucket(values)
        return
    yield from _login(values)
    yield from _secret(values)
    yield from _password(values)
    yield from _certificate(values)
    yield from _kerberos(values)
    if values.written("source", "role"):
        message = "this is for engine: s3 only"
        yield ("source", "role"), mistake(message, fix="remove it, or see secret_role")


def _login(values: Values) -> Iterator[Placed]:
    """Without a secret the login has to be there; with one it must not."""
    secret = values.written("source", "secret")
    for name in _LOGIN if secret else ():
        if values.written("source", name):
            fix = "remove it, or remove secret"
            yield ("source", name), mistake("source.secret says this already", fix=fix)
    if secret or not values.missing("source", "secret"):
        return
    for name in _needed(values):
        if values.missing("source", name):
            yield ("source", name), mistake("missing", fix=f"add {name}: {_EXAMPLES[name]}")


def _needed(values: Values) -> tuple[str, ...]:
    """Return what signs in: some ways need no password, MongoDB without a login not even a user."""
    if _setting(values, "auth_type") == "no":
        return ("host",)
    if _setting(values, "authentication_method") in _WITHOUT_PASSWORD:
        return ("host", "username")
    return ("host", "username", "password")


def _secret(values: Values) -> Iterator[Placed]:
    for name in ("secret_role", "secret_kms_key"):
        if values.written("source", name) and values.missing("source", "secret"):
            fix = "add secret, or remove it"
            yield ("source", name), mistake("there is no source.secret", fix=fix)


def _password(values: Values) -> Iterator[Placed]:
    """DMS takes some characters apart (its user guide, "Creating source and target endpoints")."""
    path: Path = ("source", "password")
    password = values.document.values.get(path)
    rules = values.engine_rules()
    if not rules or not isinstance(password, SecretStr) or not values.sound(path):
        return
    refused = rules.refused_in_passwords
    if any(_setting(values, name) for name in _LONG_PASSWORDS):
        refused = refused.replace(",", "")
    if any(character in refused for character in password.get_secret_value()):
        message = f"it has a character that DMS refuses for {values.engine()}: "
        fix = "change the password, or use a secret if it is the comma"
        fix = fix if "," in refused else "change the password"
        yield path, mistake(message + " ".join(refused), fix=fix)


def _certificate(values: Values) -> Iterator[Placed]:
    """A certificate is what verify-ca and verify-full check against."""
    path: Path = ("source", "certificate")
    mode = values.text("source", "ssl", default="")
    verifies = (mode or "").startswith("verify-")
    if verifies and values.missing("source", "certificate"):
        fix = "add certificate: rds-ca.pem"
        yield path, mistake(f"missing, and ssl: {mode} needs it", fix=fix)
    if mode is not None and not verifies and values.written("source", "certificate"):
        rules = values.engine_rules()
        usable = [one for one in (rules.ssl if rules else ()) if one.startswith("verify-")]
        fix = f"write ssl: {' or '.join(usable)}, or remove it"
        yield path, mistake("nothing is checked against it", fix=fix)


def _kerberos(values: Values) -> Iterator[Placed]:
    """The instances that dmslake creates are in no domain."""
    shared = values.written("replication", "instance", "arn")
    if _setting(values, "authentication_method") == "kerberos" and not shared:
        fix = "share an instance that has it, with replication.instance.arn"
        message = "{value} needs an instance with Kerberos settings"
        yield ("source", "settings", "authentication_method"), mistake(message, fix=fix)


def _bucket(values: Values) -> Iterator[Placed]:
    """A bucket as the source has settings instead of a login."""
    for name in _OF_DATABASES:
        if values.written("source", name):
            fix = "remove it; the bucket is in source.settings"
            yield ("source", name), mistake("s3 has no server to sign in at", fix=fix)
    needed = ["bucket_name", "external_table_definition"]
    if values.kind() not in (None, "full-load"):
        needed.append("cdc_path")
    for name in needed:
        if values.missing("source", "settings", name):
            fix = "it is the folder of the changes" if name == "cdc_path" else "s3 needs it"
            yield ("source", "settings", name), mistake("missing", fix=f"add {name}; {fix}")


def _setting(values: Values, name: str) -> str:
    """Return a setting as written, also if it is wrong: what was meant is clear enough."""
    value = values.document.values.get(("source", "settings", name))
    return value.lower() if isinstance(value, str) else ""
