"""The Lambda function's archive: the code of `dmslake.lake`, the same bytes every time.

Docstrings are left out: they are a quarter of it, and Lambda loads every byte before it can begin.
All else stands where it stood, so a traceback names the lines of the sources.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from dmslake.blueprint.zipped import zipped

HANDLER = "dmslake.lake.handler.handle"
_FOLDER = "dmslake/lake"


@cache
def lake_archive() -> bytes:
    """Return the zip file; made once per process.

    The deployed hash is compared with this one, so nothing in it depends on the machine.
    """
    return zipped({"dmslake/__init__.py": b"", **dict(_sources(files("dmslake.lake"), _FOLDER))})


def _sources(folder: Traversable, path: str) -> Iterator[tuple[str, bytes]]:
    for child in folder.iterdir():
        if child.is_dir() and child.name != "__pycache__":
            yield from _sources(child, f"{path}/{child.name}")
        elif child.name.endswith(".py"):
            yield f"{path}/{child.name}", without_docstrings(child.read_bytes())


def without_docstrings(source: bytes) -> bytes:
    """Return a module's source with every docstring empty and every line where it was."""
    source = source.replace(b"\r\n", b"\n")
    lines = source.split(b"\n")
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Expr(ast.Constant(str()), end_lineno=int(last), end_col_offset=int(end)):
                head, tail = lines[node.lineno - 1][: node.col_offset], lines[last - 1][end:]
                lines[node.lineno - 1 : last] = [b""] * (last - node.lineno + 1)
                lines[node.lineno - 1] = head + b'""' + tail
    return b"\n".join(lines)
