"""Objects encrypted with a KMS key: who writes or reads one needs the key, too.

MiniStack notes the key of an object and asks nobody for it, so a role without the right to use the
key, or a key that is disabled or not there, went unnoticed.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dmslake.sandbox.cloud.upstream import part, replace

_S3 = "services.s3"
_KEY_ID = "x-amz-server-side-encryption-aws-kms-key-id"
_WRITE, _READ = "kms:GenerateDataKey", "kms:Decrypt"


def install() -> None:
    """Let S3 ask KMS."""
    replace(_S3, "_resolve_sse_write_headers", _writing)
    replace(_S3, "_check_sse_c_copy_source", _copying_from)
    replace(_S3, "_get_object", _reading)
    replace(_S3, "_upload_part", _uploading)
    replace(_S3, "_upload_part_copy", _uploading_copies)


def _writing(resolve: Callable[..., Any]) -> Callable[..., Any]:
    def _resolve_sse_write_headers(headers: Any, bucket: str) -> Any:
        kept, refused = resolve(headers, bucket)
        if not refused:
            refused = _refusal(headers, (kept or {}).get(_KEY_ID), _WRITE)
        return (None, refused) if refused else (kept, None)

    return _resolve_sse_write_headers


def _copying_from(check: Callable[..., Any]) -> Callable[..., Any]:
    def _check_sse_c_copy_source(headers: Any, source: Any) -> Any:
        return check(headers, source) or _refusal(headers, _key_of(source), _READ)

    return _check_sse_c_copy_source


def _reading(get: Callable[..., Any]) -> Callable[..., Any]:
    def _get_object(bucket: str, key: str, headers: Any, query: Any = None) -> Any:
        found = _record(bucket, key, part(_S3, "_qp")(query or {}, "versionId", ""))
        return _refusal(headers, _key_of(found), _READ, query) or get(bucket, key, headers, query)

    return _get_object


def _uploading(upload: Callable[..., Any]) -> Callable[..., Any]:
    def _upload_part(bucket: str, key: str, body: bytes, query: Any, headers: Any) -> Any:
        return _unusable(headers, query) or upload(bucket, key, body, query, headers)

    return _upload_part


def _uploading_copies(copy: Callable[..., Any]) -> Callable[..., Any]:
    def _upload_part_copy(bucket: str, key: str, query: Any, headers: Any) -> Any:
        return _unusable(headers, query) or copy(bucket, key, query, headers)

    return _upload_part_copy


def _unusable(headers: Any, query: Any) -> Any:
    """Return S3's answer when the caller may not use the key that an upload was begun with."""
    begun = part(_S3, "_multipart_uploads").get(part(_S3, "_qp")(query, "uploadId"))
    needed = _key_of(begun or {})
    return _refusal(headers, needed, _READ, query) or _refusal(headers, needed, _WRITE, query)


def _record(bucket: str, key: str, version: str) -> Mapping[str, Any]:
    if version:
        versions = part(_S3, "_object_versions").get((bucket, key), [])
        return next((one for one in versions if one["version_id"] == version), {})
    found: Mapping[str, Any] = part(_S3, "_buckets").get(bucket, {}).get("objects", {}).get(key, {})
    return found


def _key_of(record: Mapping[str, Any]) -> str | None:
    found: str | None = (record.get("preserved_headers") or {}).get(_KEY_ID)
    return found


def _refusal(headers: Any, key_id: str | None, action: str, query: Any = None) -> Any:
    """Return S3's answer when the caller may not use a key, or the key cannot be used."""
    if not key_id:
        return None
    error = part(_S3, "_error")
    found = part("services.kms", "_resolve_key")(key_id)
    if found is None:
        return error("KMS.NotFoundException", f"Key '{key_id}' does not exist", 400)
    region = part("core.responses", "get_region")()
    caller = part("core.router", "extract_access_key_id")(headers, query)
    service = {"kms:ViaService": f"s3.{region}.amazonaws.com"}
    allowed = part("core.iam_evaluator", "enforce")(
        caller, action, "kms", region, found["Arn"], service
    )
    if allowed is not None:
        message = f"User is not authorized to perform: {action} on resource: {found['Arn']}"
        return error("AccessDenied", message, 403)
    if found["KeyState"] == "Disabled":
        return error("KMS.DisabledException", f"{found['Arn']} is disabled.", 400)
    if found["KeyState"] != "Enabled":
        message = f"{found['Arn']} is pending deletion."
        return error("KMS.KMSInvalidStateException", message, 400)
    return None
