from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmslake.lake.objects import (
    Kind,
    Skipped,
    SkipReason,
    StagedObject,
    as_folder,
    split_extension,
)
from tests.lake.strategies import paths


def staged(key: str, prefix: str = "dms") -> StagedObject:
    found = StagedObject.parse(key, prefix)
    assert isinstance(found, StagedObject), found
    return found


@pytest.mark.parametrize(
    ("key", "parts"),
    [
        ("dms/public/orders/LOAD00000001.csv", ("public", "orders", "LOAD00000001.csv")),
        ("dms/public/orders/eu/LOAD00000001.csv", ("public", "orders", "eu/LOAD00000001.csv")),
        ("dms/s/t/2026/11/23/20261123-1.csv", ("s", "t", "2026/11/23/20261123-1.csv")),
        ("dms/a b/c+d=%2F/é📦\n.csv", ("a b", "c+d=%2F", "é📦\n.csv")),
        ("dms/s/.hidden/..x.csv", ("s", ".hidden", "..x.csv")),
    ],
)
def test_a_key_is_taken_apart_and_its_folders_are_kept(
    key: str, parts: tuple[str, str, str]
) -> None:
    assert staged(key) == parts


@pytest.mark.parametrize("prefix", ["dms/shop", "/dms/shop", "dms/shop/", "/dms/shop/"])
def test_slashes_around_a_prefix_make_no_difference(prefix: str) -> None:
    found = staged("dms/shop/s/t/f.csv", prefix)
    assert found == ("s", "t", "f.csv")
    assert found.key(prefix) == "dms/shop/s/t/f.csv"


def test_an_empty_prefix_takes_the_whole_key_and_adds_no_slash() -> None:
    found = staged("s/t/f.csv", "")
    assert found.key("") == "s/t/f.csv"
    assert as_folder("/") == ""


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("other/s/t/f.csv", SkipReason.OUTSIDE_PREFIX),
        ("dms2/s/t/f.csv", SkipReason.OUTSIDE_PREFIX),
        ("dms", SkipReason.OUTSIDE_PREFIX),
        ("/dms/s/t/f.csv", SkipReason.OUTSIDE_PREFIX),
        ("", SkipReason.OUTSIDE_PREFIX),
        ("dms/", SkipReason.DIRECTORY_MARKER),
        ("dms/s/t/", SkipReason.DIRECTORY_MARKER),
        ("dms/awsdms_Test_connection", SkipReason.CONNECTION_TEST),
        ("dms/probe/test.txt", SkipReason.CONNECTION_TEST),
        ("dms/orders/LOAD00000001.csv", SkipReason.NOT_A_TABLE_OBJECT),
        ("dms/LOAD00000001.csv", SkipReason.NOT_A_TABLE_OBJECT),
        ("dms/CDC_TXN-20261123144702123.csv", SkipReason.NOT_A_TABLE_OBJECT),
        ("dms//t/f.csv", SkipReason.UNSAFE_PATH),
        ("dms/s//f.csv", SkipReason.UNSAFE_PATH),
        ("dms/s/t//f.csv", SkipReason.UNSAFE_PATH),
        ("dms/./t/f.csv", SkipReason.UNSAFE_PATH),
        ("dms/s/../f.csv", SkipReason.UNSAFE_PATH),
        ("dms/s/t/x/../f.csv", SkipReason.UNSAFE_PATH),
        ("dms/s/t/..", SkipReason.UNSAFE_PATH),
        ("dms/../CDC_TXN-20261123144702123.csv", SkipReason.UNSAFE_PATH),
        ("dms/cdc/CDC_TXN/CDC_TXN-20261123144702123.csv", SkipReason.UNSAFE_PATH),
    ],
)
def test_what_is_not_staged_is_skipped_with_its_reason(key: str, reason: SkipReason) -> None:
    found = StagedObject.parse(key, "dms")
    assert isinstance(found, Skipped)
    assert found.reason is reason


def test_a_table_named_test_is_a_table() -> None:
    assert staged("dms/test/test/test.csv") == ("test", "test", "test.csv")


def test_only_refused_data_withholds_data() -> None:
    assert {reason.value for reason in SkipReason if reason.withholds_data} == {
        "unsafe-path",
        "key-too-long",
        "inside-staging",
    }


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("LOAD00000001.csv", Kind.LOAD),
        ("LOAD0000000A.parquet", Kind.LOAD),
        ("LOAD00000001", Kind.LOAD),
        ("SEGMENT12_LOAD00000001.csv.gz", Kind.LOAD),
        ("20261123-144702123.csv", Kind.CDC),
        ("20141029-1134010000.csv", Kind.CDC),
        ("CDC_TXN-20201117153046033.csv", Kind.TRANSACTION),
        ("LOADED.csv", Kind.OTHER),
        ("LOAD00000001_old.csv", Kind.OTHER),
        ("load00000001.csv", Kind.OTHER),
        ("٢٠٢٦١١٢٣-144702123.csv", Kind.OTHER),
        ("20261123-1447.csv", Kind.OTHER),
        ("notes.txt", Kind.OTHER),
    ],
)
def test_kinds_are_told_by_the_file_name(file: str, kind: Kind) -> None:
    assert staged(f"dms/s/t/LOAD00000009.csv/{file}").kind is kind


def test_a_transaction_file_is_filed_under_its_own_folder() -> None:
    found = staged("dms/cdc/CDC_TXN-20261123144702123.csv")
    assert found == ("cdc", "CDC_TXN", "CDC_TXN-20261123144702123.csv")
    assert found.kind is Kind.TRANSACTION
    assert found.key("dms") == "dms/cdc/CDC_TXN-20261123144702123.csv"


def test_a_table_of_that_name_keeps_its_other_files() -> None:
    for rest in ("LOAD00000001.csv", "eu/CDC_TXN-20261123144702123.csv"):
        assert staged(f"dms/s/CDC_TXN/{rest}").key("dms") == f"dms/s/CDC_TXN/{rest}"


@pytest.mark.parametrize(
    ("file", "time"),
    [
        ("20261123-144702123.csv", datetime(2026, 11, 23, 14, 47, 2, tzinfo=UTC)),
        ("CDC_TXN-20201117153046033.csv", datetime(2020, 11, 17, 15, 30, 46, tzinfo=UTC)),
        ("LOAD00000001.csv", None),
        ("20261399-144702123.csv", None),
        ("20261123-254702123.csv", None),
        ("00010101-000000000.csv", None),
        ("99991231-235959999.csv", None),
        ("CDC_TXN-today.csv", None),
    ],
)
def test_the_time_in_a_name_is_read_as_utc(file: str, time: datetime | None) -> None:
    assert staged(f"dms/s/t/{file}").named_at == time


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("a.csv", ("a", ".csv")),
        ("a.csv.gz", ("a", ".csv.gz")),
        ("a.PARQUET.GZ", ("a", ".PARQUET.GZ")),
        ("a.b.gz", ("a.b", ".gz")),
        ("csv.gz", ("csv", ".gz")),
        (".csv.gz", (".csv", ".gz")),
        (".csv", (".csv", "")),
        ("x/.csv", ("x/.csv", "")),
        ("x.y/file", ("x.y/file", "")),
        ("a.", ("a.", "")),
        ("a.é", ("a.é", "")),
        ("a.c-sv", ("a.c-sv", "")),
        ("a.٣", ("a.٣", "")),
        ("2026.11/a.parquet", ("2026.11/a", ".parquet")),
    ],
)
def test_extensions(path: str, parts: tuple[str, str]) -> None:
    assert split_extension(path) == parts


@given(paths, st.sampled_from(["", "dms", "a/b c"]))
def test_a_staged_key_comes_back_from_its_parts(path: str, prefix: str) -> None:
    key = as_folder(prefix) + path
    found = StagedObject.parse(key, prefix)
    if isinstance(found, Skipped):
        assert found.reason is SkipReason.UNSAFE_PATH
        assert path.split("/")[1] == "CDC_TXN"
    else:
        assert found.key(prefix) == key
        assert found.stem + found.ext == found.rest


@pytest.mark.parametrize("prefix", ["", "/", "dms"])
def test_what_dmslake_keeps_in_staging_is_no_table(prefix: str) -> None:
    key = ".dmslake/checkpoints/shop-task.json"
    reason = SkipReason.OUTSIDE_PREFIX if prefix == "dms" else SkipReason.OWN_OBJECT
    assert StagedObject.parse(key, prefix) == Skipped(reason)


def test_a_folder_of_that_name_below_the_prefix_is_data() -> None:
    assert isinstance(StagedObject.parse("dms/.dmslake/t/f.csv", "dms"), StagedObject)
