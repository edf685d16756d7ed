"""The zip writer: everybody's readers find in the file what was put into it."""

from __future__ import annotations

import io
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmslake.blueprint.zipped import zipped

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0\\"), min_size=1, max_size=40)
PATHS = NAMES.filter(lambda name: not name.endswith("/"))


@given(st.dictionaries(PATHS, st.binary(max_size=300), max_size=6))
def test_every_file_comes_back(contents: dict[str, bytes]) -> None:
    with zipfile.ZipFile(io.BytesIO(zipped(contents))) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == contents


@given(st.dictionaries(PATHS, st.binary(max_size=30), min_size=2, max_size=6))
def test_the_order_of_the_files_makes_no_difference(contents: dict[str, bytes]) -> None:
    turned = dict(reversed(contents.items()))
    assert zipped(turned) == zipped(contents)


def test_it_is_a_file_that_also_the_old_tools_can_read() -> None:
    with zipfile.ZipFile(io.BytesIO(zipped({"a/b.py": b"x = 1\n" * 50}))) as archive:
        (entry,) = archive.infolist()
    assert (entry.create_system, entry.extract_version) == (3, 20)
    assert entry.compress_type == zipfile.ZIP_DEFLATED
    assert entry.compress_size < entry.file_size == 300
    assert entry.date_time == (1980, 1, 1, 0, 0, 0)
    assert entry.external_attr >> 16 == 0o100644
    assert (entry.extra, entry.comment) == (b"", b"")


@pytest.mark.skipif(shutil.which("unzip") is None, reason="needs Info-ZIP's unzip")
def test_unzip_finds_no_fault_in_it(tmp_path: Path) -> None:
    packed = tmp_path / "packed.zip"
    packed.write_bytes(zipped({"a/b.py": b"x = 1\n" * 50, "a/empty.py": b"", "é.py": b"y"}))
    done = subprocess.run(
        ["unzip", "-tq", packed], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
