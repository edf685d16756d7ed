"""The function's archive: the same bytes wherever and whenever it is made, and it runs."""

from __future__ import annotations

import ast
import hashlib
import io
import json
import os
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import dmslake
from dmslake.blueprint.archive import HANDLER, lake_archive, without_docstrings

PACKAGE = Path(dmslake.__file__).parent

PRINT_HASH = """
import hashlib, json, os, sys
os.umask(int(sys.argv[1], 8))
import dmslake.blueprint.archive as made
print(json.dumps([made.__file__, hashlib.sha256(made.lake_archive()).hexdigest()]))
"""

WITHOUT_ZLIB = """
import hashlib, sys
sys.modules["zlib"] = None
from dmslake.blueprint.archive import lake_archive
print(hashlib.sha256(lake_archive()).hexdigest())
"""

IMPORT_HANDLER = """
import importlib, json, sys
sys.path.insert(0, sys.argv[1])
module, _, name = sys.argv[2].rpartition(".")
found = importlib.import_module(module)
print(json.dumps([found.__file__, callable(getattr(found, name))]))
"""


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of the package with other times, other modes and other things lying around."""
    root = tmp_path / "elsewhere"
    shutil.copytree(PACKAGE, root / "dmslake", ignore=shutil.ignore_patterns("__pycache__"))
    lake = root / "dmslake/lake"
    for number, path in enumerate(sorted(lake.rglob("*.py"))):
        os.utime(path, (1_000_000_000 + number, 1_000_000_000 + number))
        path.chmod(0o600)
    (lake / "__pycache__").mkdir()
    (lake / "__pycache__/x.cpython-311.pyc").write_bytes(b"junk")
    (lake / "handler.py.swp").write_bytes(b"junk")
    return root


def made_elsewhere(root: Path, *, seed: str, umask: str, zone: str) -> str:
    environment = {"PYTHONHASHSEED": seed, "TZ": zone, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", PRINT_HASH, umask],
        cwd=root, env=environment, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    where, digest = json.loads(done.stdout)
    assert Path(where).is_relative_to(root)
    return str(digest)


def digest() -> str:
    return hashlib.sha256(lake_archive()).hexdigest()


@pytest.mark.parametrize(
    ("seed", "umask", "zone"), [("1", "077", "Asia/Tokyo"), ("2", "000", "America/Lima")]
)
def test_it_is_the_same_wherever_it_is_made(copied: Path, seed: str, umask: str, zone: str) -> None:
    assert made_elsewhere(copied, seed=seed, umask=umask, zone=zone) == digest()


def test_a_checkout_with_other_line_ends_makes_no_difference(copied: Path) -> None:
    for path in (copied / "dmslake/lake").rglob("*.py"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert made_elsewhere(copied, seed="0", umask="022", zone="UTC") == digest()


def test_a_changed_source_makes_another_archive(copied: Path) -> None:
    with (copied / "dmslake/lake/mover.py").open("a") as file:
        file.write("# more\n")
    assert made_elsewhere(copied, seed="0", umask="022", zone="UTC") != digest()


def test_it_holds_the_lake_and_nothing_else() -> None:
    with zipfile.ZipFile(io.BytesIO(lake_archive())) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert archive.read("dmslake/__init__.py") == b""
    sources = {
        f"dmslake/lake/{p.relative_to(PACKAGE / 'lake')}" for p in PACKAGE.glob("lake/**/*.py")
    }
    assert set(names) == {"dmslake/__init__.py", *sources}
    assert len(names) == len(set(names))


def test_the_code_is_that_of_the_sources_line_for_line() -> None:
    with zipfile.ZipFile(io.BytesIO(lake_archive())) as archive:
        packed = {name: archive.read(name) for name in archive.namelist()}
    del packed["dmslake/__init__.py"]
    for name, source in packed.items():
        assert undocumented(source) == undocumented((PACKAGE.parent / name).read_bytes()), name


def undocumented(source: bytes) -> tuple[str, list[int]]:
    """Give a module's syntax tree with its docstrings emptied, and the lines of its nodes."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        match node:
            case ast.Expr(ast.Constant(str()) as text):
                text.value = ""
    return ast.dump(tree), [getattr(node, "lineno", 0) for node in ast.walk(tree)]


def test_docstrings_are_left_out_and_all_other_text_stays() -> None:
    source = b'"""Module\n\ndoc."""\nx = """kept\n# kept"""  # kept\n"""About x."""\n\n\n'
    source += 'class É:\n    """Only a docstring: é."""\n'.encode()
    assert without_docstrings(source) == (
        b'""\n\n\nx = """kept\n# kept"""  # kept\n""\n\n\n' + 'class É:\n    ""\n'.encode()
    )


def test_its_entries_can_be_read_by_everybody() -> None:
    # Lambda runs as a user of its own: a file without rights for others cannot be imported there.
    with zipfile.ZipFile(io.BytesIO(lake_archive())) as archive:
        modes = {entry.external_attr >> 16 for entry in archive.infolist()}
        times = {entry.date_time for entry in archive.infolist()}
    assert modes == {stat.S_IFREG | 0o644}
    assert len(times) == 1


def test_it_is_small_enough_to_be_loaded_at_once() -> None:
    assert len(lake_archive()) <= 40 * 1024


def test_it_is_made_once_per_process() -> None:
    assert lake_archive() is lake_archive()


def test_the_machines_own_compression_has_no_part_in_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_ZLIB], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == digest()


@pytest.mark.parametrize("form", ["zipped", "unzipped"])
def test_lambda_finds_the_handler(tmp_path: Path, form: str) -> None:
    packed = tmp_path / "function.zip"
    packed.write_bytes(lake_archive())
    root = packed
    if form == "unzipped":
        root = tmp_path / "function"
        with zipfile.ZipFile(packed) as archive:
            archive.extractall(root)
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", IMPORT_HANDLER, str(root), HANDLER],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    where, runs = json.loads(done.stdout)
    assert where.startswith(str(root))
    assert runs
