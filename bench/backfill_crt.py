"""A store by awscrt's S3Client, to be compared with dmslake's own: only the copies are by it.

The client signs, keeps the connections and calls back, all in threads of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from awscrt.auth import AwsCredentials, AwsCredentialsProvider
from awscrt.http import HttpHeaders, HttpRequest
from awscrt.s3 import (
    S3Client,
    S3RequestTlsMode,
    S3RequestType,
    S3ResponseError,
    S3RetryConfig,
    create_default_s3_signing_config,
)

from dmslake.backfill.mailbox import Mailbox
from dmslake.backfill.store import Answer, Copy, Terms
from dmslake.backfill.wire.answers import judged
from dmslake.backfill.wire.signing import Credentials
from dmslake.backfill.wire.store import WireStore

_GBPS_PER_CONNECTION = 0.4  # the client's own reckoning, turned round
_MEMORY = 2 * 1024**3


class CrtStore(WireStore):
    """S3 by awscrt, with as many requests at once as `connections`."""

    def __init__(self, terms: Terms, credentials: Credentials, *, connections: int) -> None:
        super().__init__(terms, credentials, connections=1)
        self._mailbox = Mailbox()
        frozen = credentials.get_frozen_credentials()
        found = AwsCredentials(frozen.access_key, frozen.secret_key, frozen.token or None)
        provider = AwsCredentialsProvider.new_delegate(lambda: found)
        self._client: Any = S3Client(
            region=terms.lake.region,
            tls_mode=S3RequestTlsMode.DISABLED,
            signing_config=create_default_s3_signing_config(
                region=terms.lake.region, credential_provider=provider
            ),
            throughput_target_gbps=_GBPS_PER_CONNECTION * connections,
            memory_limit=_MEMORY,
            # 0 would mean the default of five.
            retry_config=S3RetryConfig(max_retries=1, backoff_scale_factor_ms=100),
        )

    def copy(self, one: Copy, done: Callable[[Answer], None]) -> None:
        asked = self._copies.request(one)
        named = [*asked.headers, ("content-length", "0")]
        body: list[bytes] = []

        def ended(
            error: Exception | None = None, error_body: bytes | None = None, **_: object
        ) -> None:
            self._mailbox.put(done, _answer(error, error_body or b"", b"".join(body)))

        self._client.make_request(
            type=S3RequestType.DEFAULT,
            operation_name="CopyObject",
            request=HttpRequest("PUT", asked.path, HttpHeaders(named)),
            on_body=lambda chunk, **_: body.append(bytes(chunk)),
            on_done=ended,
        )

    def attend(self, seconds: float) -> None:
        self._mailbox.empty(seconds)


def _answer(error: Exception | None, error_body: bytes, body: bytes) -> Answer:
    if error is None:
        return judged(200, body)
    if isinstance(error, S3ResponseError):
        return judged(error.status_code, error_body)
    return Answer(0, str(getattr(error, "name", type(error).__name__)), str(error))
