"""What all sections of the spec have in common, and the types their fields share."""

from collections.abc import Iterator
from typing import Annotated, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Strict, model_validator
from pydantic.fields import FieldInfo

from dmslake.spec import scalars
from dmslake.spec.document import Path
from dmslake.spec.environment import EnvironmentText
from dmslake.spec.mistakes import mistake


class Section(BaseModel):
    """A mapping of the spec: strict, frozen, and silent about the values of secrets."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def drop_unwritten(cls, data: object) -> object:
        """Treat a field with an empty value (`null`) as one that is not written."""
        if not isinstance(data, dict):
            return data
        fields = fields_of(cls)
        return {
            name: value for name, value in data.items() if value is not None or name not in fields
        }


def fields_of(section: type[Section]) -> dict[str, FieldInfo]:
    """Return a section's fields by the names they have in the YAML file."""
    return {field.alias or name: field for name, field in section.model_fields.items()}


def section_of(field: FieldInfo) -> type[Section] | None:
    """Return the section that a field holds, if it holds one."""
    for candidate in (field.annotation, *get_args(field.annotation)):
        if isinstance(candidate, type) and issubclass(candidate, Section):
            return candidate
    return None


def walk(section: type[Section], above: Path = ()) -> Iterator[tuple[Path, FieldInfo]]:
    """Yield every field of a section and of the sections below it, with its path in the file."""
    for name, field in fields_of(section).items():
        yield (*above, name), field
        below = section_of(field)
        if below is not None:
            yield from walk(below, (*above, name))


def from_environment(value: object) -> object:
    """Read a number or a switch that stands in an environment variable; leave the rest alone."""
    number = scalars.resolve(value.strip()) if isinstance(value, EnvironmentText) else value
    return number if isinstance(number, int) else value


def filled(value: str) -> str:
    """Check that a text is one line and not empty."""
    if not value.strip():
        raise mistake("the text is empty")
    if not value.isprintable():
        raise mistake("the text holds a line break or another control character")
    return value


Whole = Annotated[int, Strict(), BeforeValidator(from_environment)]
"""A whole number; `${NAME}` may stand for one."""

Switch = Annotated[bool, Strict(), BeforeValidator(from_environment)]
"""true or false; `${NAME}` may stand for one."""

Text = Annotated[str, AfterValidator(filled)]
"""One line of text that is not empty."""
