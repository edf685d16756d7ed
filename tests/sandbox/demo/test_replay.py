"""Replay: files in their order, rows folded by key, and whatever is no row of the table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmslake.errors import CloudError, DifferenceError
from dmslake.lake.objects import StagedObject
from dmslake.sandbox.demo.listing import LakeObject, TableName, take_inventory
from dmslake.sandbox.demo.replay import Replayed, in_order, read_files, replay, split
from tests.sandbox.demo.files import BEGAN, LOAD, LOADER, change_file, csv_of, lake_key, put

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Change = tuple[str, int, int]
_changes = st.lists(
    st.tuples(st.sampled_from("IUD"), st.integers(0, 3), st.integers(0, 9)), max_size=30
)


def _rows(changes: Sequence[Change]) -> list[list[str]]:
    return [[operation, "time", str(key), str(value)] for operation, key, value in changes]


def _keyed(rows: list[list[str]]) -> dict[object, list[str]]:
    replayed = replay(rows, columns=2, key_of=lambda fields: fields[0])
    assert not replayed.malformed
    return {key: split(kept) for key, kept in replayed.keyed.items()}


def _found(file: str, seconds: float = 0) -> LakeObject:
    arrived = BEGAN + timedelta(seconds=seconds)
    key = lake_key("shop/orders", file, seconds=seconds)
    return LakeObject(key, 1, StagedObject("shop", "orders", file), arrived)


def test_inserts_and_updates_put_a_row_and_deletes_take_it() -> None:
    changes = [("I", 1, 0), ("I", 2, 0), ("U", 1, 5), ("D", 2, 0), ("U", 3, 7), ("D", 9, 0)]
    assert _keyed(_rows(changes)) == {"1": ["1", "5"], "3": ["3", "7"]}


@given(_changes, st.data())
def test_a_load_that_shows_some_of_the_changes_ends_with_the_same_rows(
    changes: list[Change], data: st.DataObject
) -> None:
    """A load is a picture of any moment; the changes repeat what came before it, and go on."""
    seen = data.draw(st.integers(0, len(changes)))
    rows = _rows(changes)
    load = [["I", "time", *fields] for fields in _keyed(rows[:seen]).values()]
    repeated_from = data.draw(st.integers(0, seen))
    assert _keyed([*load, *rows[repeated_from:]]) == _keyed(rows)


def test_without_a_key_every_insert_is_a_row() -> None:
    replayed = replay(_rows([("I", 1, 1), ("I", 1, 1), ("I", 2, 2)]), columns=2, key_of=None)
    assert {tuple(split(kept)): n for kept, n in replayed.unkeyed.items()} == {
        ("1", "1"): 2,
        ("2", "2"): 1,
    }


@pytest.mark.parametrize(
    "row",
    [
        [],
        ["I"],
        ["I", "time", "1"],
        ["I", "time", "1", "2", "3"],
        ["X", "time", "1", "2"],
        ["", "time", "1", "2"],
        ["IU", "time", "1", "2"],
        ["1", "2"],
        ["I", "time", "1", "2\x003"],
    ],
)
@pytest.mark.parametrize("has_key", [True, False])
def test_rows_that_are_none_of_the_table_are_set_apart(row: list[str], has_key: bool) -> None:
    key_of = (lambda fields: fields[0]) if has_key else None
    replayed = replay([row], columns=2, key_of=key_of)
    assert replayed == Replayed(malformed=[row], records=1)


@pytest.mark.parametrize("operation", "UD")
def test_without_a_key_nothing_but_inserts_can_be(operation: str) -> None:
    replayed = replay(_rows([(operation, 1, 1)]), columns=2, key_of=None)
    assert len(replayed.malformed) == 1


def test_loads_come_first_and_changes_by_the_time_in_their_names() -> None:
    wanted = [
        _found(LOAD, 10),
        _found("LOAD00000009.csv", 12),
        _found("LOAD0000000A.csv", 11),
        _found("2026/11/23/" + change_file(11.005), 40),
        _found(change_file(11.04), 11),
        _found(change_file(3600), 3600),
    ]
    assert in_order(reversed(wanted)) == wanted


def test_a_second_load_replaces_what_came_before_it() -> None:
    old = [_found(LOAD, 10), _found("LOAD00000002.csv", 11), _found(change_file(20), 21)]
    new = [_found(LOAD, 100), _found(change_file(120), 121)]
    assert in_order([*new, *old]) == new


def test_files_of_changes_alone_are_all_replayed() -> None:
    changes = [_found(change_file(20), 21), _found(change_file(50), 51)]
    assert in_order(changes) == changes


def test_every_text_comes_back_as_it_was(s3: S3Client) -> None:
    texts = [
        "", " ", "\\N", '"', '""', ",", "\n", "\r", "\r\n", "a\nb", "\x0b\x0c\x1c\x1d\x1e\x85",
        "\u2028\u2029", "\ufeff", "\U0001f600", "tab\t", "'", "\\", '\\"', "x" * 40_000, '",\n"',
    ]  # fmt: skip
    records = [("I", text, text) for text in texts]
    put(s3, "shop/ü %+=", LOAD, csv_of(records))
    inventory = take_inventory(s3, LOADER)
    objects = inventory.tables[TableName("shop", "ü %+=")]
    rows = list(read_files(s3, LOADER.lake_bucket, objects))
    assert [row[2:] for row in rows] == [[text, text] for text in texts]


def test_a_file_larger_than_what_is_read_at_once_is_read_to_its_end(s3: S3Client) -> None:
    put(s3, "shop/t", LOAD, csv_of(("I", str(i), "é" * 50) for i in range(20_000)))
    objects = take_inventory(s3, LOADER).tables[TableName("shop", "t")]
    rows = list(read_files(s3, LOADER.lake_bucket, objects))
    assert [row[2] for row in rows] == [str(i) for i in range(20_000)]
    assert {row[3] for row in rows} == {"é" * 50}


@pytest.mark.parametrize(
    "content",
    [b'I,t,"unclosed', b'I,t,"closed"too early', b"I,t,\xff\xfe", b"PAR1\x15\x04\xff\x00PAR1"],
)
def test_what_is_not_csv_is_refused_by_name(s3: S3Client, content: bytes) -> None:
    key = put(s3, "shop/t", LOAD, content)
    objects = take_inventory(s3, LOADER).tables[TableName("shop", "t")]
    with pytest.raises(DifferenceError) as refused:
        list(read_files(s3, LOADER.lake_bucket, objects))
    assert key in refused.value.what


def test_a_file_that_is_gone_is_an_error_of_the_cloud(s3: S3Client) -> None:
    with pytest.raises(CloudError) as failed:
        list(read_files(s3, LOADER.lake_bucket, [_found(LOAD)]))
    assert failed.value.service_code == "NoSuchKey"


def test_objects_that_the_loader_never_wrote_are_strangers(s3: S3Client) -> None:
    put(s3, "shop/t", LOAD, "")
    for key in ("raw/shop/readme.txt", "raw/shop/shop/t/LOAD00000001.csv", "elsewhere/x/y/z"):
        s3.put_object(Bucket=LOADER.lake_bucket, Key=key, Body=b"")
    s3.put_object(Bucket=LOADER.lake_bucket, Key="raw/shop/folder/", Body=b"")
    inventory = take_inventory(s3, LOADER)
    assert list(inventory.tables) == [TableName("shop", "t")]
    assert inventory.strangers == ("raw/shop/readme.txt", "raw/shop/shop/t/LOAD00000001.csv")
