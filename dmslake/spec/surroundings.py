"""What a check may know beside the value that it checks, and what it leaves for the others."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath

from pydantic import ValidationInfo

from dmslake.spec.mistakes import Placed


@dataclass(kw_only=True)
class Surroundings:
    """The context in which a spec is validated.

    Args:
        base_dir: where relative paths in the spec start.
        engine: the source's engine as written, for checks outside of its section.
        replication_type: what the task does, likewise.
        rules: the table mapping rules once they have been read; they may stand in another file.
        warnings: what is allowed and deserves a word, with paths from the top of the spec.
    """

    base_dir: FilePath = field(default_factory=FilePath)
    engine: str = ""
    replication_type: str = "full-load-and-cdc"
    rules: tuple[Mapping[str, object], ...] = ()
    warnings: list[Placed] = field(default_factory=list)


def surroundings(info: ValidationInfo) -> Surroundings:
    """Return the context of a validation, or an empty one."""
    return info.context if isinstance(info.context, Surroundings) else Surroundings()
