"""The section `tables`: which tables are taken."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, JsonValue

from dmslake.spec.model.patterns import TablePatternField
from dmslake.spec.section import NotYet, Section


class Tables(Section):
    """Which tables are taken: those that `include` names and `exclude` does not."""

    include: tuple[TablePatternField, ...] = Field(
        min_length=1,
        description="Patterns of the form schema.table. % stands for any characters and _ for "
        "exactly one, so sales.% is the whole schema. Letter case counts. A name that holds a "
        "dot stands in double quotes, inside YAML's single ones: '\"we.ird\".orders'. For the "
        "MySQL family the schema is the database.",
        examples=[["public.orders", "sales.%"]],
    )
    exclude: tuple[TablePatternField, ...] = Field(
        default=(),
        description="Patterns of tables that are left out although include names them.",
        examples=[["public.tmp_%"]],
    )
    rules: Annotated[str | Mapping[str, JsonValue] | None, NotYet("use include and exclude")] = (
        Field(
            default=None,
            description="DMS's own table mapping rules, inline or as a JSON file, instead of "
            "include and exclude. Not supported yet.",
            examples=["mappings.json"],
        )
    )
