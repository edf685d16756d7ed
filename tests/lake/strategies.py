"""What hypothesis draws keys and times from: everything S3 allows, the awkward more often."""

from datetime import UTC, datetime

from hypothesis import strategies as st

AWKWARD = [
    "a b", "a+b", "100%", "%2F", "year=2026", "été", "📦", "line\nbreak", "tab\t", "-", "--", "a-b",
    "20261123T144702Z", "-20261123T144702Z", "x-20261123T144702Z.csv", "2026", "LOAD00000001.csv",
    "SEGMENT1_LOAD00000001.csv", "20261123-144702123.csv.gz", "a.csv.gz", "a.gz", ".csv", "csv",
    ".hidden", "a.", "...", "..a", "CDC_TXN", "CDC_TXN-20261123144702123.csv", "test", "{schema}",
    "%s", "\\", "\u0000", "a.é", "load", "cdc", "hour=14", "20261399T999999Z",
    "a-20261399T999999Z.gz", "f.csv?versionId=abc", "?versionId=", 'say "so"', "it's", "&<>",
    '{"k":"x"}', '{"k":"x","t":1,"e":"a","s":2}', "a%2Bb+c", "%25", "%", "+", " ", "C:\\x",
    "\U0010ffff", "e\u0301", "\ufeff", "\u2028",
]  # fmt: skip

segments = st.one_of(
    st.sampled_from(AWKWARD),
    st.lists(st.sampled_from(AWKWARD), min_size=2, max_size=3).map("".join),
    st.text(
        st.characters(exclude_categories=["Cs"], exclude_characters="/"), min_size=1, max_size=8
    ),
).filter(lambda text: text not in {".", ".."})

paths = st.lists(segments, min_size=3, max_size=6).map("/".join)

times = st.integers(min_value=1142294400, max_value=4102358400).map(
    lambda seconds: datetime.fromtimestamp(seconds, UTC)
)
