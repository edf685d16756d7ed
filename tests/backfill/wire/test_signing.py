"""The signer writes what botocore's writes, for any request of a backfill."""

from __future__ import annotations

from types import SimpleNamespace
from urllib.parse import quote

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from dmslake.backfill.store import Copy, PageAsked, Place, Terms
from dmslake.backfill.wire.requests import Copies, Door, page_request
from dmslake.backfill.wire.signing import EMPTY, KeptCredentials, Request, Signer, written

TIME = "20261123T144702Z"
KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
PLACES = st.sampled_from([
    Place(name="lake", region="eu-west-1"),
    Place(name="my.lake", region="cn-north-1", dns_suffix="amazonaws.com.cn"),
    Place(name="lake", region="us-east-1", endpoint="http://127.0.0.1:9000/s3/"),
])  # fmt: skip


def terms(lake: Place) -> Terms:
    return Terms(
        staging=Place(name="staging", region="eu-west-1"),
        lake=lake,
        account="123456789012",
        kms_key="arn:aws:kms:eu-west-1:123456789012:key/1",
        storage_class="GLACIER_IR",
    )


def theirs(request: Request, door: Door, credentials: Credentials, region: str) -> str:
    """Sign as botocore does, at the same time."""
    signer = S3SigV4Auth(credentials, "s3", region)
    asked = AWSRequest(
        method=request.method,
        url=f"{door.url.rstrip('/')}{request.path}?{request.query}".rstrip("?"),
        headers=dict(request.headers),
    )
    asked.context.update({"timestamp": TIME, "signing": {"disableDoubleEncoding": True}})
    asked.headers["X-Amz-Content-SHA256"] = EMPTY
    asked.headers["X-Amz-Date"] = TIME
    if credentials.token:
        asked.headers["X-Amz-Security-Token"] = credentials.token
    return signer.signature(signer.string_to_sign(asked, signer.canonical_request(asked)), asked)


def ours(request: Request, credentials: Credentials, region: str) -> str:
    headers = dict(Signer(region, KeptCredentials(credentials)).signed(request, TIME))
    return headers["authorization"].rpartition("Signature=")[2]


@given(KEYS, KEYS, PLACES, st.booleans(), st.sampled_from([None, "a+token/=="]))
def test_copies_are_signed_as_botocore_signs_them(
    key: str, target: str, lake: Place, fresh: bool, token: str | None
) -> None:
    credentials = Credentials("AKIDEXAMPLE", "secret", token)
    door = Door(lake)
    request = Copies(terms(lake), door).request(Copy(key, "0a1b", target, fresh))
    assert ours(request, credentials, lake.region) == theirs(
        request, door, credentials, lake.region
    )


@given(KEYS, KEYS, KEYS, PLACES)
def test_pages_are_signed_as_botocore_signs_them(
    prefix: str, after: str, more: str, place: Place
) -> None:
    credentials = Credentials("AKIDEXAMPLE", "secret")
    door = Door(place)
    asked = PageAsked(place.name, prefix, after=after, token=more, delimiter="/")
    request = page_request(asked, door, "123456789012")
    assert ours(request, credentials, place.region) == theirs(
        request, door, credentials, place.region
    )


def test_a_request_is_written_with_what_was_signed_and_nothing_hidden() -> None:
    lake = Place(name="lake", region="eu-west-1")
    request = Copies(terms(lake), Door(lake)).request(Copy("dms/a b", "0a", "raw/c=d", fresh=True))
    lines = written(request, [("host", "h"), ("authorization", "x")]).decode().split("\r\n")
    assert lines[0] == "PUT /raw/c%3Dd HTTP/1.1"
    assert lines[1:] == ["host: h", "authorization: x", "content-length: 0", "", ""]


def test_an_etag_writes_no_headers() -> None:
    lake = Place(name="lake", region="eu-west-1")
    one = Copy("dms/a", '0a"\r\nx-amz-acl: public-read', "raw/a", fresh=True)
    request = Copies(terms(lake), Door(lake)).request(one)
    assert dict(request.headers)["x-amz-copy-source-if-match"] == '""'


@given(KEYS)
def test_keys_are_escaped_as_s3_wants_them(key: str) -> None:
    lake = Place(name="lake", region="eu-west-1")
    request = Copies(terms(lake), Door(lake)).request(Copy(key, "0a", key, fresh=False))
    assert request.path == "/" + quote(key, safe="/~")


def test_credentials_are_asked_for_once_until_they_are_refused() -> None:
    asked: list[int] = []

    def frozen() -> object:
        asked.append(1)
        return SimpleNamespace(access_key=f"KEY{len(asked)}", secret_key="s", token=None)

    kept = KeptCredentials(SimpleNamespace(get_frozen_credentials=frozen))
    assert [kept.get().access_key for _ in range(3)] == ["KEY1"] * 3
    kept.forget()
    assert kept.get().access_key == "KEY2"
