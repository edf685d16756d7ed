"""Layouts that are accepted, and templates that may be."""

from hypothesis import strategies as st

from dmslake.lake.layout import DEFAULT_LAYOUT

SAFE = [
    DEFAULT_LAYOUT,
    "{path}-{stamp}",
    "{stamp}/{path}",
    "{kind}-{stamp}{path}",
    "{table}/{schema}/dt={year}-{month}-{day}/{stamp}_{stem}{ext}",
    "{schema}/{table}/{kind}/{stem}{ext}/{stamp}",
    "{schema}/{table}/{stem}_{year}.{stamp}-{kind}{ext}",
    "{schema}/{table}/{file}/{stem}-{stamp}/part{ext}",
    "db={schema}/t={table}/{minute}{hour}/{stem}é{stamp}{ext}",
    "{schema}/{schema}/{table}/{{x}}%s/{stem}-{stamp}{ext}",
    "{path}/{stamp}/{schema}",
]
"""Layouts of every accepted form."""

_REQUIRED = ["{schema}", "{table}", "{stem}", "{ext}", "{stamp}"]


@st.composite
def templates(draw: st.DrawFn) -> str:
    """Draw templates that often are accepted, in any order and with any separators."""
    tokens = draw(
        st.one_of(
            st.just(_REQUIRED),
            st.permutations(_REQUIRED),
            st.permutations(["{path}", "{stamp}"]),
            st.just(["{schema}", "{table}", "{stem}", "{stamp}", "{kind}", "{ext}"]),
        )
    )
    gaps = st.sampled_from(["/", "/", "-", "", ".", "a", "/-"])
    return "".join(token + draw(gaps) for token in tokens[:-1]) + tokens[-1]
