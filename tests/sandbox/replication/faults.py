"""An S3 client that fails when told to."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

STATUS = {"SlowDown": 503, "InternalError": 500, "AccessDenied": 403}


class FaultyS3:
    """Passes calls on, except while `code` is set: then calls named in `broken` get that error."""

    def __init__(self, s3: S3Client, *broken: str) -> None:
        self._s3 = s3
        self._broken = broken or ("put_object",)
        self.code = ""
        self.failures = 0

    def __getattr__(self, name: str) -> Callable[..., Any]:
        call: Callable[..., Any] = getattr(self._s3, name)
        if name not in self._broken:
            return call

        def guarded(**arguments: Any) -> Any:
            if self.code:
                self.failures += 1
                raise ClientError(
                    {
                        "Error": {"Code": self.code, "Message": "told to fail"},
                        "ResponseMetadata": {
                            "HTTPStatusCode": STATUS[self.code],
                            "RequestId": "",
                            "HostId": "",
                            "HTTPHeaders": {},
                            "RetryAttempts": 0,
                        },
                    },
                    name,
                )
            return call(**arguments)

        return guarded
