"""Reading a spec from a file or from standard input."""

import io
from pathlib import Path

import pytest

from dmslake.errors import SpecError, UsageError
from dmslake.spec import load_spec
from tests.spec.texts import ENVIRON, text_of


def test_reads_a_file(tmp_path: Path) -> None:
    path = tmp_path / "dmslake.yaml"
    path.write_text(text_of())

    assert load_spec(path, environ=ENVIRON).name == "shop"


def test_reads_a_file_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "dmslake.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + text_of().replace("\n", "\r\n").encode())

    assert load_spec(path, environ=ENVIRON).name == "shop"


def test_reads_what_it_is_given_as_standard_input() -> None:
    assert load_spec("-", environ=ENVIRON, stdin=io.StringIO(text_of())).name == "shop"


def test_reads_standard_input_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text_of(name="Shop")))

    with pytest.raises(SpecError) as caught:
        load_spec("-", environ=ENVIRON)

    assert str(caught.value.problems[0]).startswith("stdin:2:7: name: ")


def test_names_the_file_as_it_was_given(tmp_path: Path) -> None:
    path = tmp_path / "other.yaml"
    path.write_text(text_of(name="Shop"))

    with pytest.raises(SpecError, match="has 1 mistake") as caught:
        load_spec(path, environ=ENVIRON)

    assert caught.value.problems[0].file == str(path)


def test_says_that_a_file_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist") as caught:
        load_spec(tmp_path / "dmslake.yaml", environ=ENVIRON)

    assert "config.example.yaml" in caught.value.fix


def test_says_why_a_file_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: Is a directory"):
        load_spec(tmp_path, environ=ENVIRON)


def test_says_where_a_file_is_not_text(tmp_path: Path) -> None:
    path = tmp_path / "dmslake.yaml"
    path.write_bytes(b"version: 1\nname: caf\xe9\n")

    with pytest.raises(SpecError) as caught:
        load_spec(path, environ=ENVIRON)

    assert str(caught.value.problems[0]) == (f"{path}:2:1: not UTF-8 text; save the file as UTF-8")


def test_refuses_a_document_that_is_nested_too_deeply() -> None:
    with pytest.raises(SpecError) as caught:
        load_spec("-", environ=ENVIRON, stdin=io.StringIO("[" * 100_000))

    assert str(caught.value.problems[0]) == "stdin:1:1: not valid YAML: nested too deeply"


def test_reads_json_with_escaped_emoji() -> None:
    text = text_of().replace("username: dms", r'username: "\ud83d\ude00"')

    assert load_spec("-", environ=ENVIRON, stdin=io.StringIO(text)).source.username == "😀"


def test_refuses_half_a_character() -> None:
    text = text_of().replace("username: dms", r'username: "\ud83d"')

    with pytest.raises(SpecError) as caught:
        load_spec("-", environ=ENVIRON, stdin=io.StringIO(text))

    assert "half of a character" in str(caught.value.problems[0])
