"""The spec: one YAML file that says everything about a pipeline.

    loader.py       file or text -> Spec, or every mistake at once
    syntax.py       text -> YAML nodes            document.py     nodes -> values and their places
    scalars.py      what unquoted values mean     environment.py  ${NAME}
    files.py        other files that it names     display.py      how values appear in messages
    model/          the sections, one file each   engines.py      what DMS knows about its sources
    section.py      what the sections share       mistakes.py     how a check says what is wrong
    surroundings.py what a check may know beside the value that it checks
    settings.py     endpoint settings: names, types, choices (members.py), ranges (limits.py)
    service_model.py  their structures in botocore's model of DMS
    source_rules.py, staging_rules.py, attributes.py  what endpoint settings say about each other
    task_settings.py, task_rules.py  the settings of the DMS task
    mappings/       DMS's table mapping rules
    consistency/    what fields and sections say about each other
    findings.py     pydantic's errors as plain sentences about the file
    wire.py         endpoint settings in the words of DMS
    schema.py       the JSON Schema

Secrets are read from the environment only; no message and no representation shows one.
"""

from dmslake.spec.engines import ENGINES, Database, EngineRules
from dmslake.spec.files import PemFile
from dmslake.spec.loader import load_spec, parse_spec
from dmslake.spec.model.aws import Aws
from dmslake.spec.model.lake import Lake
from dmslake.spec.model.loader import Loader
from dmslake.spec.model.patterns import TablePattern
from dmslake.spec.model.replication import (
    Instance,
    Network,
    Notifications,
    Replication,
    Serverless,
    Start,
)
from dmslake.spec.model.source import Source
from dmslake.spec.model.spec import Spec
from dmslake.spec.model.staging import Staging
from dmslake.spec.model.tables import Tables
from dmslake.spec.schema import json_schema
from dmslake.spec.wire import source_secrets, source_settings, staging_settings

__all__ = [
    "ENGINES",
    "Aws",
    "Database",
    "EngineRules",
    "Instance",
    "Lake",
    "Loader",
    "Network",
    "Notifications",
    "PemFile",
    "Replication",
    "Serverless",
    "Source",
    "Spec",
    "Staging",
    "Start",
    "TablePattern",
    "Tables",
    "json_schema",
    "load_spec",
    "parse_spec",
    "source_secrets",
    "source_settings",
    "staging_settings",
]
