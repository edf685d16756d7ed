"""What the source's settings may hold, and what they say about each other.

Source: the texts of the engines' structures in the API reference, and the DMS user guide's pages
on sources.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from pydantic_core import PydanticCustomError

from dmslake.spec.mistakes import Placed, mistake
from dmslake.spec.settings import Refused

SECRET_SETTINGS = ("asm_password", "security_db_encryption")
"""Members that are secrets and can stand in `source.settings`: as `${NAME}` only."""

_LOG_POSITION = re.compile(r"[0-9A-Fa-f]{1,8}/[0-9A-Fa-f]{1,8}|checkpoint:\S+")

_DECIDED: Refused = {
    "database_name": "decided by source.database",
    "kms_key_id": "decided by replication.instance.kms_key",
    "password": "decided by source.password",
    "port": "decided by source.port",
    "secrets_manager_access_role_arn": "decided by source.secret_role",
    "secrets_manager_secret_id": "decided by source.secret",
    "server_name": "decided by source.host",
    "username": "decided by source.username",
}
_TARGETS_ONLY = "for S3 as a target only, and here S3 is the source"
_OF_AN_S3_SOURCE = frozenset(
    {
        "bucket_folder",
        "bucket_name",
        "cdc_path",
        "csv_delimiter",
        "csv_null_value",
        "csv_row_delimiter",
        "expected_bucket_owner",
        "external_table_definition",
        "ignore_header_rows",
        "rfc4180",
        "service_access_role_arn",
    }
)


def refused_in_source(structure: str, known: Mapping[str, object]) -> Refused:
    """Return the members of a structure that `source.settings` does not take."""
    if structure != "S3Settings":
        return {name: why for name, why in _DECIDED.items() if name in known}
    refused = dict.fromkeys((name for name in known if name not in _OF_AN_S3_SOURCE), _TARGETS_ONLY)
    return {**refused, "service_access_role_arn": "decided by source.role"}


Settings = Mapping[str, object]


def source_conflicts(structure: str, settings: Settings) -> Iterator[Placed]:
    """Yield what settings that are right by themselves cannot say together."""
    for check in _CHECKS.get(structure, ()):
        yield from check(settings)


def position_mistake(position: str) -> PydanticCustomError | None:
    """Tell what is wrong with a start position of the PostgreSQL family."""
    if _LOG_POSITION.fullmatch(position):
        return None
    fix = 'write a log position such as "4AF/B00000D0", or a checkpoint of DMS'
    return mistake("{value} is not a position in PostgreSQL's log", fix=fix)


def _needs(settings: Settings, name: str, **others: object) -> Iterator[Placed]:
    """Settings that do nothing, or fail, unless another one has a certain value."""
    for other, value in others.items():
        if name in settings and settings.get(other) != value:
            wanted = f"{other}: {str(value).lower()}"
            fix = f"add {wanted}, or remove {name}"
            yield (name,), mistake(f"DMS takes this with {wanted} only", fix=fix)


def _heartbeat(settings: Settings) -> Iterator[Placed]:
    for name in ("heartbeat_schema", "heartbeat_frequency"):
        yield from _needs(settings, name, heartbeat_enable=True)


def _babelfish(settings: Settings) -> Iterator[Placed]:
    yield from _needs(settings, "babelfish_database_name", database_mode="babelfish")


def _iam(settings: Settings) -> Iterator[Placed]:
    """A role signs in instead of a password."""
    if settings.get("authentication_method") == "iam" and "service_access_role_arn" not in settings:
        fix = "add service_access_role_arn"
        yield ("authentication_method",), mistake("{value} needs a role", fix=fix)
    yield from _needs(settings, "service_access_role_arn", authentication_method="iam")


def _log_reader(settings: Settings) -> Iterator[Placed]:
    """Oracle's changes come from LogMiner or from the Binary Reader, never from both."""
    logminer, binary = settings.get("use_logminer_reader"), settings.get("use_b_file")
    if binary and logminer is not False:
        fix = "add use_logminer_reader: false"
        yield ("use_b_file",), mistake("the Binary Reader works without LogMiner only", fix=fix)
    if logminer is False and not binary:
        fix = "add use_b_file: true"
        yield ("use_logminer_reader",), mistake("nothing would read the changes", fix=fix)


_ASM_SECRET = ("secrets_manager_oracle_asm_secret_id", "secrets_manager_oracle_asm_access_role_arn")
_ASM_LOGIN = ("asm_server", "asm_user", "asm_password")


def _asm(settings: Settings) -> Iterator[Placed]:
    """ASM has a secret of its own, or a login of its own."""
    given = [name for name in _ASM_SECRET if name in settings]
    if len(given) == 1:
        other = next(name for name in _ASM_SECRET if name not in given)
        yield (given[0],), mistake(f"{other} is missing", fix="give both or none")
    for name in _ASM_LOGIN:
        if given and name in settings:
            yield (name,), mistake("the secret of ASM says this already", fix="remove one of them")


def _encryption(settings: Settings) -> Iterator[Placed]:
    pair = ("security_db_encryption", "security_db_encryption_name")
    for name, other in (pair, pair[::-1]):
        if name in settings and other not in settings:
            yield (name,), mistake(f"{other} is missing", fix="give both or none")


def _documents(settings: Settings) -> Iterator[Placed]:
    """Document mode keeps a document as one column; table mode spreads it."""
    yield from _needs(settings, "docs_to_investigate", nesting_level="one")
    if settings.get("nesting_level") == "one" and settings.get("extract_doc_id") in (True, "true"):
        fix = "remove one of them"
        yield ("extract_doc_id",), mistake("DMS takes this with nesting_level: none only", fix=fix)


_CHECKS: Mapping[str, tuple[Callable[[Settings], Iterator[Placed]], ...]] = {
    "PostgreSQLSettings": (_heartbeat, _babelfish, _iam),
    "MySQLSettings": (_iam,),
    "OracleSettings": (_log_reader, _asm, _encryption),
    "MongoDbSettings": (_documents,),
    "DocDbSettings": (_documents,),
}
