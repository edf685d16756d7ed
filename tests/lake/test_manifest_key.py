from datetime import UTC, datetime, timedelta
from urllib.parse import quote, unquote, unquote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dmslake.lake import manifest_key
from dmslake.lake.manifest_key import MAX_CHARACTERS, ManifestKey
from dmslake.lake.seen import Seen
from tests.lake.strategies import paths, times

ARRIVED = datetime(2026, 11, 23, 14, 47, 2, tzinfo=UTC)
SEEN = Seen('"6c5b8b1b9a1f0fdd3a1c5b6a7e8d9c0b-5"', 73400320, ARRIVED)
LOOK_ALIKE = '{"k":"s/t/f.csv","t":1795445222,"e":"abc","s":1}'

seens = st.builds(
    Seen,
    st.text("0123456789abcdef-", min_size=1, max_size=36).map('"{}"'.format),
    st.integers(0, 50 * 1024**4),
    times,
)
names = st.builds(
    ManifestKey,
    st.one_of(paths, st.just(LOOK_ALIKE)),
    st.one_of(st.none(), st.text(min_size=1, max_size=8).filter(str.isprintable)),
    st.one_of(st.none(), seens),
)


def test_what_was_seen_travels_in_the_key() -> None:
    text = manifest_key.write(ManifestKey("dms/s/a b.csv", "v1", SEEN))
    assert unquote(text) == (
        '{"k":"dms/s/a b.csv","t":1795445222,"e":"6c5b8b1b9a1f0fdd3a1c5b6a7e8d9c0b-5",'
        '"s":73400320,"v":"v1"}'
    )
    assert manifest_key.read(text) == ManifestKey("dms/s/a b.csv", "v1", SEEN)


def test_a_key_alone_is_written_as_it_is() -> None:
    assert manifest_key.write(ManifestKey("dms/s/a b+c%=.csv")) == "dms/s/a%20b%2Bc%25%3D.csv"


@given(names)
@example(ManifestKey(LOOK_ALIKE))
@example(ManifestKey(LOOK_ALIKE, "v", SEEN))
@example(ManifestKey('{"k":"a"}'))
def test_what_is_written_is_read_back_and_alike_under_both_decoders(named: ManifestKey) -> None:
    text = manifest_key.write(named)
    assert text.isascii()
    assert not set(text) & set('," \n\r\t+')
    assert unquote(text) == unquote_plus(text)
    found = manifest_key.read(text)
    assert found[:2] == named[:2]
    assert found.seen in {named.seen, None}


@given(paths, times)
def test_fractions_of_a_second_are_left_out_as_s3_leaves_them_out(
    key: str, arrived: datetime
) -> None:
    seen = SEEN._replace(last_modified=arrived + timedelta(microseconds=999_999))
    found = manifest_key.read(manifest_key.write(ManifestKey(key, None, seen)))
    assert found.seen is None or found.seen.last_modified == arrived


def test_a_key_that_looks_like_json_is_not_mistaken_for_it() -> None:
    text = manifest_key.write(ManifestKey(LOOK_ALIKE))
    assert text != quote(LOOK_ALIKE, safe="/")
    assert manifest_key.read(text) == ManifestKey(LOOK_ALIKE)


@pytest.mark.parametrize(
    "key",
    [
        "{",
        "{}",
        '{"k":7}',
        '{"k":""}',
        '{"k":"a","x":1}',
        '{"k":"a","t":1}',
        '{"k":"a","t":1,"e":"b"}',
        '{"k":"a","t":true,"e":"b","s":1}',
        '{"k":"a","t":-1,"e":"b","s":1}',
        '{"k":"a","t":253370764800,"e":"b","s":1}',
        '{"k":"a","t":1e99,"e":"b","s":1}',
        '{"k":"a","t":1,"e":"","s":1}',
        '{"k":"a","t":1,"e":"b","s":"1"}',
        '{"k":"a","t":1,"e":"b","s":-1}',
        '{"k":"a","v":1}',
        '["k"]',
        '"k"',
        "[" * 1000,
        '{"k":' * 200,
        '{"k":' + "[" * 100_000,
        '{"k":' + "9" * 5000 + "}",
        "null",
    ],
)
def test_any_other_json_is_a_plain_key(key: str) -> None:
    assert manifest_key.read(quote(key)) == ManifestKey(key)
    assert manifest_key.write(ManifestKey(key)) == quote(key, safe="/")


def test_what_was_seen_is_left_out_where_the_text_would_be_too_long() -> None:
    room = MAX_CHARACTERS - len(manifest_key.write(ManifestKey("s/t/", None, SEEN)))
    longest = "s/t/" + "x" * room
    assert len(manifest_key.write(ManifestKey(longest, None, SEEN))) == MAX_CHARACTERS
    assert manifest_key.read(manifest_key.write(ManifestKey(longest, None, SEEN))).seen == SEEN
    longer = f"{longest}x"
    assert manifest_key.write(ManifestKey(longer, None, SEEN)) == longer


def test_a_plain_key_may_be_as_long_as_s3_takes_it() -> None:
    key = "s/t/" + "é" * 510
    assert len(key.encode()) == 1024
    text = manifest_key.write(ManifestKey(key, None, SEEN))
    assert manifest_key.read(text) == ManifestKey(key)


@pytest.mark.parametrize(
    "named",
    [
        ManifestKey("x" * 1024, "v1"),
        ManifestKey(LOOK_ALIKE[:6] + "é" * 400 + LOOK_ALIKE[6:]),
    ],
)
def test_what_would_be_read_back_otherwise_is_refused(named: ManifestKey) -> None:
    with pytest.raises(ValueError, match="does not fit a manifest"):
        manifest_key.write(named)


def test_what_is_no_text_is_refused_both_ways() -> None:
    with pytest.raises(ValueError, match="surrogates not allowed"):
        manifest_key.write(ManifestKey("s/t/\ud800"))
    with pytest.raises(ValueError, match="can't decode"):
        manifest_key.read("%FF")


@pytest.mark.parametrize("seen", [SEEN._replace(etag=""), SEEN._replace(size=-1)])
def test_what_nobody_can_have_seen_is_left_out(seen: Seen) -> None:
    assert manifest_key.write(ManifestKey("s/t/f", None, seen)) == "s/t/f"
