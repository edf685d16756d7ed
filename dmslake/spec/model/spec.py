"""The whole spec."""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr

from dmslake.spec.mistakes import mistake
from dmslake.spec.model.aws import Aws
from dmslake.spec.model.lake import Lake
from dmslake.spec.model.loader import Loader
from dmslake.spec.model.replication import Replication
from dmslake.spec.model.source import Source
from dmslake.spec.model.staging import Staging
from dmslake.spec.model.tables import Tables
from dmslake.spec.section import Section

_NAME = re.compile(r"[a-z](?:-?[a-z0-9]){1,24}")
_LONGEST_NAME = 25


def _version(value: object) -> object:
    if value != 1 or isinstance(value, bool):
        raise mistake(
            "{value} is not a version of the spec that is known here", fix="write version: 1"
        )
    return value


def _name(value: str) -> str:
    """Check a pipeline's name: the start of names that DMS, IAM, Lambda and S3 all have to take."""
    if not _NAME.fullmatch(value) or len(value) > _LONGEST_NAME:
        fix = "use 2 to 25 lower-case letters, digits and single hyphens; start with a letter"
        raise mistake("{value} is not a pipeline name", fix=fix)
    return value


class Spec(Section):
    """One pipeline: a database, continuously, in a partitioned S3 lake.

    Build it with `load_spec` or `parse_spec`: they also check what the sections say about each
    other.
    """

    version: Annotated[Literal[1], BeforeValidator(_version)] = Field(
        description="The version of this format: 1.",
        examples=[1],
    )
    name: Annotated[str, AfterValidator(_name)] = Field(
        description="The pipeline's name, and the start of the name of everything it creates: 2 "
        "to 25 lower-case letters, digits and single hyphens.",
        examples=["shop"],
    )
    aws: Aws = Field(
        default_factory=Aws,
        description="Where the pipeline lives and what all of its resources carry.",
    )
    source: Source = Field(description="The database that is read, and how to sign in there.")
    tables: Tables = Field(
        description="Which tables are taken: those that include names and exclude does not, or "
        "those of rules."
    )
    replication: Replication = Field(description="How the tables are captured, and by what.")
    staging: Staging = Field(description="The bucket that DMS writes to, and how it writes.")
    lake: Lake = Field(description="Where the data ends up, and how it is partitioned there.")
    loader: Loader = Field(
        default_factory=Loader,
        description="The Lambda function that moves staged objects into the lake.",
    )

    _warnings: tuple[str, ...] = PrivateAttr(default=())

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is allowed and deserves a word, in the form of the mistakes; not part of a dump."""
        return self._warnings

    def with_warnings(self, warnings: tuple[str, ...]) -> Self:
        """Return the same spec with its warnings."""
        spec = self.model_copy()
        spec._warnings = warnings  # noqa: SLF001 - its own, in a copy that nobody has yet
        return spec
