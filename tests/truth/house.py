"""Rules for what dmslake itself sends to DMS: AWS takes the rest, and does not do what is meant."""

from __future__ import annotations

import json

from tests.truth.dms_endpoints import MYSQL, OPERATIONS, structs
from tests.truth.dms_tasks import walk
from tests.truth.mistake import Found, Request

_DOCUMENTS = ("ReplicationTaskSettings", "ReplicationSettings", "TableMappings")


def names(request: Request) -> Found:
    """Names are in lower case: DMS folds some of them, and which is not documented."""
    for member, value in request.members.items():
        if member.endswith("Identifier") and isinstance(value, str) and value != value.lower():
            yield member, value, "in lower case"


def database(request: Request) -> Found:
    """A MySQL endpoint that names a database has all tables forced into it."""
    if request.operation in OPERATIONS and request.members.get("EngineName") in MYSQL:
        for struct, settings in {"": request.members, **structs(request)}.items():
            if "DatabaseName" in settings:
                path = f"{struct}.DatabaseName" if struct else "DatabaseName"
                yield path, settings["DatabaseName"], "absent for the MySQL family"


def engine(request: Request) -> Found:
    """What belongs to an engine is sent with its name; a key of an S3 endpoint is dropped."""
    if request.operation == "ModifyEndpoint" and "EngineName" not in request.members:
        for struct in structs(request):
            yield struct, "…", "with EngineName"
    if request.members.get("EngineName") == "s3" and "KmsKeyId" in request.members:
        yield "KmsKeyId", request.members["KmsKeyId"], "absent for s3: it is silently dropped"


def private(request: Request) -> Found:
    """An instance is reachable from the internet unless that is refused."""
    chosen = request.members.get("PubliclyAccessible")
    if request.operation == "CreateReplicationInstance" and chosen is not False:
        yield "PubliclyAccessible", chosen, "false: the default is true"


def nulls(request: Request) -> Found:
    """Documents are written, never echoed: what DMS returns has nulls that it then refuses."""
    for member in _DOCUMENTS:
        text = request.members.get(member)
        if isinstance(text, str):
            for path, value in walk(json.loads(text), member):
                if value is None:
                    yield path, None, "no nulls: what is not set is left out"


RULES = (names, database, engine, private, nulls)
