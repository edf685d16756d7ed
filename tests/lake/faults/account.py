"""Lambda's environments of the function, with its own S3 clients; only the pauses are left out."""

from __future__ import annotations

from typing import cast

import boto3
from botocore.config import Config
from botocore.retries import quota, standard

from dmslake.lake.config import LoaderConfig
from dmslake.lake.handler import THREADS, Loader
from dmslake.lake.mover import PARTS_AT_ONCE, S3Client
from tests.lake.faults.answers import ACCOUNT, STAGING

THRESHOLD, PART = 4096, 1024
CONFIG = LoaderConfig(
    pipeline="shop",
    staging_bucket=STAGING,
    staging_prefix="dms",
    lake_bucket="lake",
    lake_prefix="raw",
    account=ACCOUNT,
    multipart_threshold=THRESHOLD,
    part_size=PART,
)
_LONGEST_PAUSE_S = 0


def environment(url: str, *, read_timeout_s: float) -> Loader:
    """Make what one execution environment of the function keeps."""
    settings = Config(
        connect_timeout=3,
        read_timeout=read_timeout_s,
        retries={"mode": "standard", "total_max_attempts": 2},
        max_pool_connections=THREADS + PARTS_AT_ONCE,
        proxies={},
        s3={"addressing_style": "path"},
    )
    client = boto3.client(
        "s3",
        endpoint_url=url,
        region_name="eu-west-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        config=settings,
    )
    events = client.meta.events
    events.unregister("needs-retry.s3", unique_id="retry-config-s3")
    # A handler may answer, which the stubs do not know.
    events.register("needs-retry.s3", _retries().needs_retry)  # type: ignore[arg-type]
    return Loader(CONFIG, cast("S3Client", client), sleep=lambda _: None)


def _retries() -> standard.RetryHandler:
    """Return the SDK's own retries, without their pauses."""
    return standard.RetryHandler(
        retry_policy=standard.RetryPolicy(
            retry_checker=standard.StandardRetryConditions(max_attempts=2),
            retry_backoff=standard.ExponentialBackoff(max_backoff=_LONGEST_PAUSE_S),
        ),
        retry_event_adapter=standard.RetryEventAdapter(),
        # As botocore itself calls it; its stubs name the wrong class.
        retry_quota=standard.RetryQuotaChecker(quota.RetryQuota()),  # type: ignore[arg-type]
    )
