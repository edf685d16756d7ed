"""The spec: one YAML file that says everything about a pipeline.

    loader.py       file or text -> Spec, or every mistake at once
    syntax.py       text -> YAML nodes            document.py     nodes -> values and their places
    scalars.py      what unquoted values mean     environment.py  ${NAME}
    model/          the sections, one file each   engines.py      what DMS knows about its sources
    section.py      what the sections share       mistakes.py     how a check says what is wrong
    findings.py     pydantic's errors as plain sentences about the file
    consistency.py  what sections say about each other
    display.py      how values appear in messages
    schema.py       the JSON Schema

Secrets are read from the environment only; no message and no representation shows one.
"""

from dmslake.spec.engines import ENGINES, Database, EngineRules
from dmslake.spec.loader import load_spec, parse_spec
from dmslake.spec.model.aws import Aws
from dmslake.spec.model.lake import Lake
from dmslake.spec.model.loader import Loader
from dmslake.spec.model.patterns import TablePattern
from dmslake.spec.model.replication import Instance, Network, Replication, Serverless
from dmslake.spec.model.source import Source
from dmslake.spec.model.spec import Spec
from dmslake.spec.model.staging import Staging, StagingSettings
from dmslake.spec.model.tables import Tables
from dmslake.spec.schema import json_schema

__all__ = [
    "ENGINES",
    "Aws",
    "Database",
    "EngineRules",
    "Instance",
    "Lake",
    "Loader",
    "Network",
    "Replication",
    "Serverless",
    "Source",
    "Spec",
    "Staging",
    "StagingSettings",
    "TablePattern",
    "Tables",
    "json_schema",
    "load_spec",
    "parse_spec",
]
