"""The Lambda function of AWS's reference architecture, written anew from its description.

"Data Ingestion using DMS and Lambda": every new object of the staging bucket is copied into the
lake, below a partition made of the hour in which it was last modified. What it does not do is what
dmslake was written for: it takes the key as the event has it, keeps only the key's last part, and
copies with one request, one record after the other, until one fails.
"""

from __future__ import annotations

from typing import Any


class ReferenceLoader:
    """The function; `s3` is boto3's client."""

    def __init__(self, s3: Any, lake_bucket: str, lake_prefix: str) -> None:
        self._s3 = s3
        self._lake_bucket = lake_bucket
        self._lake_prefix = lake_prefix

    def load(self, event: dict[str, Any]) -> None:
        """Copy the object of every record; raises what S3 refuses first."""
        for record in event["Records"]:
            bucket, key = record["s3"]["bucket"]["name"], record["s3"]["object"]["key"]
            modified = self._s3.head_object(Bucket=bucket, Key=key)["LastModified"]
            partition = f"{modified:year=%Y/month=%m/day=%d/hour=%H}"
            self._s3.copy_object(
                Bucket=self._lake_bucket,
                Key=f"{self._lake_prefix}/{partition}/{key.rsplit('/', 1)[-1]}",
                CopySource={"Bucket": bucket, "Key": key},
            )
