"""From an account's clients to a store: which buckets, in which regions, by which engine."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError
from botocore.utils import get_environ_proxies

from dmslake.aws.clients import Clients
from dmslake.backfill.boto3_store import Boto3Store
from dmslake.backfill.store import Place, Store, Terms
from dmslake.backfill.wire.requests import Door
from dmslake.backfill.wire.store import WireStore
from dmslake.errors import AccessError, NotFoundError
from dmslake.lake.config import LoaderConfig

_GONE = frozenset({"404", "NoSuchBucket"})
_THREADS = 32
_DENIED = frozenset({"403", "AccessDenied"})


def terms_of(config: LoaderConfig, clients: Clients) -> Terms:
    """Return what all copies have in common. Asks both buckets for their region.

    Raises NotFoundError when a bucket is not there, AccessError when it is not ours or may not be
    looked at, botocore's ClientError for the rest.
    """
    return Terms(
        staging=_place(config.staging_bucket, config.account, clients),
        lake=_place(config.lake_bucket, config.account, clients),
        account=config.account,
        kms_key=config.lake_kms_key,
        storage_class=config.storage_class,
    )


def _place(bucket: str, account: str, clients: Clients) -> Place:
    answer = _look_at(bucket, account, clients)
    endpoint = clients.s3.meta.endpoint_url
    suffix = clients.account.dns_suffix
    # Any other one, of a VPC's own or one for FIPS, was chosen by the user, and is kept.
    usual = {f"s3.{clients.account.region}.{suffix}", f"s3.{suffix}"}
    ours = urlsplit(endpoint).hostname in usual
    return Place(
        name=bucket,
        region=answer.get("BucketRegion") or clients.account.region,
        endpoint=None if ours else endpoint,
        dns_suffix=suffix,
        authorities=clients.authorities,
    )


def _look_at(bucket: str, account: str, clients: Clients) -> Any:
    """Ask for the bucket. The answer to HEAD has no body, so S3's own words are not to be had."""
    try:
        return clients.s3.head_bucket(Bucket=bucket, ExpectedBucketOwner=account)
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code"))
        if code in _GONE:
            raise NotFoundError(
                f"the bucket {bucket} does not exist",
                fix="correct its name in the spec, or make it: dmslake up",
                service_code=code,
                operation="HeadBucket",
            ) from error
        if code in _DENIED:
            raise AccessError(
                f"the bucket {bucket} may not be used",
                why=f"it belongs to another account than {account}, or s3:ListBucket is denied",
                fix="correct its name in the spec, or use credentials that may list it",
                service_code=code,
                operation="HeadBucket",
            ) from error
        raise


def connect_store(terms: Terms, clients: Clients, connections: int) -> tuple[Store, str]:
    """Return the quickest store that reaches the buckets from here, and its name."""
    if any(map(_by_proxy, (terms.staging, terms.lake))):
        threads = min(connections, _THREADS)
        return Boto3Store(terms, clients.copier(threads), connections=threads), "boto3"
    return WireStore(terms, clients.credentials, connections=connections), "direct"


def _by_proxy(place: Place) -> bool:
    return bool(get_environ_proxies(Door(place).url))
