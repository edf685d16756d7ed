"""CSV rows: framing that any reader undoes, and COPY's text format read back."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmslake.sandbox.dms.replication.csv_rows import copy_options, copy_text_fields, row_encoder
from dmslake.sandbox.dms.replication.target_settings import CsvFraming, read_target_settings

TEXT = st.text(
    st.one_of(
        st.sampled_from('",\n\r\t\\|;x'),
        st.characters(exclude_characters="\0", exclude_categories=["Cs"]),
    )
)
FIELDS = st.lists(TEXT, min_size=1, max_size=6)
_ESCAPES = {
    "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v",
}  # fmt: skip


@given(st.lists(FIELDS.filter(lambda fields: fields != [""]), max_size=4), st.sampled_from(",;|\t"))
def test_a_reader_gets_the_fields_back(rows: list[list[str]], delimiter: str) -> None:
    encode = row_encoder(CsvFraming(delimiter=delimiter))
    text = b"".join(map(encode, rows)).decode(errors="surrogateescape")
    read = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    assert list(read) == rows


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("plain", "plain"),
        ("it's  fine ", "it's  fine "),
        ("a,b", '"a,b"'),
        ('say "x"', '"say ""x"""'),
        ("a\nb", '"a\nb"'),
        ("a\rb", '"a\rb"'),
        ("", ""),
        (None, ""),
    ],
)
def test_only_what_needs_quotes_gets_them(field: str | None, text: str) -> None:
    assert row_encoder(CsvFraming())([field, "z"]).decode() == f"{text},z\n"


def test_null_is_never_quoted_and_quotes_can_be_switched_off() -> None:
    framing = CsvFraming(null="N,A", row_delimiter="\r\n", quoted=False)
    assert row_encoder(framing)([None, 'a"b,c']) == b'N,A,a"b,c\r\n'


@given(st.lists(st.none() | TEXT, min_size=1, max_size=6))
def test_copy_text_is_read_back(fields: list[str | None]) -> None:
    written = "\t".join(
        "\\N" if field is None else "".join(_ESCAPES.get(char, char) for char in field)
        for field in fields
    )
    data = (written + "\n").encode(errors="surrogateescape")
    assert copy_text_fields(data) == fields


def test_the_server_frames_only_what_it_frames_as_dms_does() -> None:
    assert copy_options(CsvFraming()) == "FORMAT csv, DELIMITER ',', NULL '', ENCODING 'UTF8'"
    assert copy_options(CsvFraming(delimiter="'")) is not None
    for framing in (
        CsvFraming(delimiter="||"),
        CsvFraming(delimiter="é"),
        CsvFraming(delimiter='"'),
        CsvFraming(row_delimiter="\r\n"),
        CsvFraming(null="n/a"),
        CsvFraming(quoted=False),
    ):
        assert copy_options(framing) is None


def test_framing_is_read_as_the_service_echoes_it() -> None:
    framing = read_target_settings(
        {"CsvDelimiter": "\\t", "CsvRowDelimiter": "\\n", "CsvNullValue": None, "Rfc4180": "true"}
    ).framing
    assert framing == CsvFraming(delimiter="\t")
