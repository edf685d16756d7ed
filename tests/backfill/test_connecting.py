"""Where a run's requests go: to AWS, to the endpoint that the user chose, or by a proxy."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from dmslake.backfill.boto3_store import Boto3Store
from dmslake.backfill.connecting import connect_store, terms_of
from dmslake.backfill.wire.store import WireStore
from tests.backfill.faults.shop import CONFIG, account


def clients_at(endpoint: str, bucket_region: str = "eu-west-1") -> Any:
    """Return clients whose S3 has this endpoint, and every bucket."""
    return SimpleNamespace(
        s3=SimpleNamespace(
            meta=SimpleNamespace(endpoint_url=endpoint),
            head_bucket=lambda **_: {"BucketRegion": bucket_region},
        ),
        account=SimpleNamespace(region="eu-west-1", dns_suffix="amazonaws.com"),
        authorities=None,
    )


@pytest.mark.parametrize(
    "endpoint", ["https://s3.eu-west-1.amazonaws.com", "https://s3.amazonaws.com"]
)
def test_aws_is_asked_in_the_region_of_the_bucket(endpoint: str) -> None:
    lake = terms_of(CONFIG, clients_at(endpoint, "us-west-2")).lake
    assert (lake.region, lake.endpoint) == ("us-west-2", None)


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://127.0.0.1:9000",
        "https://s3-fips.us-east-1.amazonaws.com",
        "https://bucket.vpce-0a1b-2c3d.s3.eu-west-1.vpce.amazonaws.com",
    ],
)
def test_an_endpoint_that_the_user_chose_is_kept(endpoint: str) -> None:
    assert terms_of(CONFIG, clients_at(endpoint)).lake.endpoint == endpoint


def test_boto3_does_it_where_a_proxy_lies_in_between(monkeypatch: pytest.MonkeyPatch) -> None:
    terms = terms_of(CONFIG, clients_at("http://s3.example.com"))
    clients = account("http://s3.example.com")
    store, name = connect_store(terms, clients, 4)
    assert (type(store), name) == (WireStore, "direct")
    store.close()
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example.com:3128")
    store, name = connect_store(terms, clients, 4)
    assert (type(store), name) == (Boto3Store, "boto3")
    store.close()
    monkeypatch.setenv("NO_PROXY", ".example.com")
    store, name = connect_store(terms, clients, 4)
    assert name == "direct"
    store.close()
