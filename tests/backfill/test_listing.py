from html import escape
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmslake.backfill.listing import Listed, ListingError, Page, read_page

KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)


def written(
    objects: list[Listed], folders: list[str], more: str | None, *, indent: str = ""
) -> str:
    parts = [
        f"<Contents>{indent}<Key>{quote_plus(one.key, safe='/')}</Key>{indent}"
        f"<LastModified>2026-11-23T14:47:02.000Z</LastModified>{indent}"
        f"<ETag>&quot;{one.etag}&quot;</ETag>{indent}<Size>{one.size}</Size>{indent}"
        f"<StorageClass>{one.storage_class}</StorageClass>{indent}</Contents>"
        for one in objects
    ]
    parts += [f"<CommonPrefixes><Prefix>{quote_plus(f)}</Prefix></CommonPrefixes>" for f in folders]
    if more:
        parts.append(f"<NextContinuationToken>{escape(more)}</NextContinuationToken>")
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<EncodingType>url</EncodingType>{''.join(parts)}</ListBucketResult>"
    )


@given(
    st.lists(KEYS, max_size=5),
    st.lists(KEYS, max_size=3),
    st.sampled_from([None, "1ueG&<>==", "abc"]),
    st.sampled_from(["", "\n  "]),
)
def test_a_page_is_read_as_it_was_written(
    keys: list[str], folders: list[str], more: str | None, indent: str
) -> None:
    objects = [Listed(key, 1_795_445_222, "9e10", 7, "STANDARD_IA") for key in keys]
    read = read_page(written(objects, folders, more, indent=indent).encode())
    assert read == Page(objects, folders, more)


def test_another_order_of_members_is_read_as_well() -> None:
    body = (
        b"<ListBucketResult><EncodingType>url</EncodingType><Contents><Size>3</Size>"
        b"<ETag>&quot;a&quot;</ETag><Key>a+b%2Fc</Key>"
        b"<LastModified>2026-11-23T14:47:02Z</LastModified></Contents></ListBucketResult>"
    )
    assert read_page(body).objects == [Listed("a b/c", 1_795_445_222, "a", 3, "STANDARD")]


@pytest.mark.parametrize("end", [0, 40, 200, 230, -1])
def test_a_page_that_broke_off_is_refused(end: int) -> None:
    body = written([Listed("a", 0, "e", 1, "STANDARD")], [], None).encode()
    with pytest.raises(ListingError):
        read_page(body[:end])
