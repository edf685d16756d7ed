"""The servers that are this package's own programs: run by the Python that runs dmslake."""

from __future__ import annotations

import sys
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import dmslake
from dmslake.sandbox.server import Server, inherited


@dataclass(frozen=True, kw_only=True)
class PythonServer(Server):
    """A module that is run with `python -m`."""

    module: ClassVar[str]

    def program(self) -> tuple[str, ...]:
        # -P: a module of the user's working directory must not stand in for one of ours.
        return (sys.executable, "-P")

    def options(self) -> tuple[str, ...]:
        return (*self.signature(), *self.arguments())

    def signature(self) -> tuple[str, ...]:
        return ("-m", self.module, "--state", str(self.folder))

    @abstractmethod
    def arguments(self) -> tuple[str, ...]:
        """Return the module's arguments after `--state <folder>`."""

    def environment(self) -> Mapping[str, str]:
        package = Path(dmslake.__file__).parents[1]
        return {**inherited(), "PYTHONPATH": str(package), "HOME": str(self.folder)}
