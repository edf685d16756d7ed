"""Where copies are made from and to, and how they are kept there. Data only."""

from typing import NamedTuple

MULTIPART_THRESHOLD = 256 * 1024**2
"""Size in bytes above which an object is copied in parts, by default.

DMS writes files of up to 1 GB (`MaxFileSize`). One request for such a one takes longer than the
SDK should wait for an answer; a handful of parts at once take seconds.
"""

PART_SIZE = 64 * 1024**2
"""Smallest part in bytes, by default; S3 takes 5 MiB to 5 GiB."""


class Places(NamedTuple):
    """The two buckets, and the account that must own them both.

    `lake_kms_key` is the ARN of the KMS key that copies are encrypted with (empty: what the bucket
    does by itself), `storage_class` S3's word for where they are kept (empty: STANDARD).
    `may_overwrite` tells that the layout lets objects share a lake key, so that what lies there
    may be another's copy. Objects above `multipart_threshold` bytes are copied in parts of at
    least `part_size` bytes.
    """

    staging_bucket: str
    lake_bucket: str
    account: str
    lake_kms_key: str = ""
    storage_class: str = ""
    may_overwrite: bool = False
    multipart_threshold: int = MULTIPART_THRESHOLD
    part_size: int = PART_SIZE

    @property
    def kept(self) -> dict[str, object]:
        """The members of CopyObject and CreateMultipartUpload that say how a copy is kept.

        https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
        """
        stored: dict[str, object] = {"StorageClass": self.storage_class}
        encrypted: dict[str, object] = {
            "ServerSideEncryption": "aws:kms",
            "SSEKMSKeyId": self.lake_kms_key,
            "BucketKeyEnabled": True,
        }
        return (stored if self.storage_class else {}) | (encrypted if self.lake_kms_key else {})
