"""Where MiniStack differs from AWS in what a pipeline depends on: put right, in this process only.

Each correction replaces one function and says why. `install` has to run before the first request;
it refuses a MiniStack that it was not made for. Nothing outside this folder changes MiniStack.
"""

from __future__ import annotations

import functools
import logging
import re
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from dmslake.sandbox.cloud import (
    absence,
    authorizing,
    buckets,
    encryption,
    event_sources,
    keeper,
    network,
    observing,
    permissions,
    tagging,
    upstream,
)
from dmslake.sandbox.cloud.batch.service import BatchOperations
from dmslake.sandbox.cloud.event_sources import missing_right, refusal
from dmslake.sandbox.cloud.propagation import Propagation
from dmslake.sandbox.cloud.upstream import part, replace

_S3, _LAMBDA, _IAM = "services.s3", "services.lambda_svc", "core.iam_evaluator"
_MULTIPART = threading.local()
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Corrected:
    """What the corrections need to know of this cloud.

    `hidden` names the variables that no function may inherit. `submit` accepts an asynchronous
    invocation, `changed` is told which service has changed, `jobs` is what MiniStack lacks of S3
    Control. `service_arn` is the principal that
    stands for the services in `service_names`. `role_seconds` is how long they and Lambda do not
    see a role that was just made.
    """

    account: str
    concurrency: int
    hidden: frozenset[str]
    submit: Callable[[str, Any], None]
    changed: Callable[[str], None]
    jobs: BatchOperations
    service_arn: str
    service_names: frozenset[str]
    role_seconds: float = 0.0


def install(corrected: Corrected) -> None:
    """Correct MiniStack.

    Raises:
        SandboxError: it is another version, or a function that is replaced is not there.
    """
    upstream.check_version()
    roles = Propagation(corrected.role_seconds)
    roles.install()
    _install_identity(corrected, roles)
    _install_s3()
    _install_lambda(corrected, roles)
    _install_saving(corrected.changed)
    network.install()
    authorizing.install()
    tagging.install()
    absence.install()
    corrected.jobs.install(roles.sees)
    # MiniStack runs the scripts of LocalStack's well-known folders, with its own rights.
    replace("app", "_collect_scripts", lambda _: lambda *_folders: [])


def _install_identity(corrected: Corrected, roles: Propagation) -> None:
    # Any account number, without its secret, was root: with it no policy could be tested, and any
    # program on this machine could read everything. Here nobody is root.
    for module in (_IAM, "services.sts"):
        replace(module, "is_root_access_key", lambda _: lambda _key: False)
    # IAM's `*` and `?` match any character. Line breaks in keys were left out, so a role with
    # `bucket/*` could not read them; and a pattern without `*` matched with one more at the end.
    replace(_IAM, "_fnmatch_compile", lambda _: _wildcard)
    replace(_IAM, "evaluate_trust_policy", lambda trusts: _trusting(trusts, corrected, roles))


def _install_s3() -> None:
    # LIST told milliseconds and HEAD seconds; on S3 both tell the same whole second.
    replace(_S3, "now_iso", lambda _: _whole_second)
    # An object of a multipart upload is as old as the upload's beginning, not its end.
    replace(_S3, "_complete_multipart_upload", _completing_at_its_beginning)
    # ExpectedBucketOwner was ignored, and it guards against writing to a stranger's bucket.
    replace(_S3, "handle_request", _checking_owners)
    buckets.install()
    encryption.install()
    # A function's resource policy was never asked, so a missing AddPermission went unnoticed.
    replace(_S3, "_validate_notification_configs", _validating_functions)
    replace(_S3, "_deliver_event_to_lambda", _delivering_with_permission)


def _install_lambda(corrected: Corrected, roles: Propagation) -> None:
    # Events were lost at a restart, and a throttled one used up its retries within seconds.
    replace(_LAMBDA, "invoke_async_with_retry", lambda _: _submitting(corrected.submit))
    # More batches of a queue at once than functions may run are only throttled and come back,
    # until their message counts as one that nobody can work on.
    replace(_LAMBDA, "_ESM_SQS_DEFAULT_CONCURRENCY", lambda own: min(own, corrected.concurrency))
    # The role of a function was not asked about: whether the caller may pass it, whether it trusts
    # Lambda, and whether it may do what Lambda does in its name.
    replace(_LAMBDA, "_create_function", lambda create: _creating_with_role(create, roles))
    replace(_LAMBDA, "_update_config", lambda update: _updating_with_role(update, roles))
    event_sources.install()
    replace(_LAMBDA, "_put_event_invoke_config", _sending_with_role)
    replace(_LAMBDA, "_emit_lambda_logs", observing.logging_with_role)
    # Only synchronous invocations were counted, and throttled ones twice, as if they had run.
    replace(_LAMBDA, "_emit_lambda_metrics", lambda _: lambda *_counted, **_named: None)
    replace(_LAMBDA, "_execute_function_dispatch", observing.counting)
    replace(_LAMBDA, "_acquire_execution_slot", observing.counting_throttled)
    # Functions inherited MiniStack's own settings, a LOG_LEVEL among them.
    replace("core.lambda_runtime", "subprocess", lambda own: _Subprocess(own, corrected.hidden))


def _install_saving(changed: Callable[[str], None]) -> None:
    # State was written at an orderly end only; a killed cloud came back as it had begun.
    modules = {name: one["module"] for name, one in part("app", "SERVICE_REGISTRY").items()}
    replace("app", "SERVICE_HANDLERS", lambda own: keeper.telling_handlers(own, modules, changed))
    told = functools.partial(keeper.telling, changed)
    replace(_LAMBDA, "_emit_lambda_logs", told("cloudwatch_logs", "cloudwatch"))
    replace(_S3, "_deliver_event_to_sqs", told("sqs"))
    replace(_S3, "_deliver_event_to_sns", told("sns", "sqs"))
    # The sessions of roles were forgotten: a server that acts as one, like DMS, was locked out.
    sessions = part("services.sts", "_sessions")
    replace("services.sts", "get_state", lambda _: lambda: {"sessions": dict(sessions)})
    replace(
        "services.sts",
        "load_persisted_state",
        lambda _: lambda kept: sessions.update(kept.get("sessions", {})),
    )


@functools.lru_cache(maxsize=4096)
def _wildcard(pattern: str, ignore_case: bool) -> re.Pattern[str]:  # noqa: FBT001 - MiniStack's call
    text = "".join({"*": ".*", "?": "."}.get(letter) or re.escape(letter) for letter in pattern)
    return re.compile(rf"{text}\Z", re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def _trusting(
    trusts: Callable[..., bool], corrected: Corrected, roles: Propagation
) -> Callable[..., bool]:
    def evaluate_trust_policy(trust: Any, caller_arn: str, context: Any = None) -> bool:
        if caller_arn != corrected.service_arn or context is None:
            return trusts(trust, caller_arn, context)
        if not roles.sees(context.resource_arn):
            return False
        source = {
            "aws:SourceAccount": corrected.account,
            "aws:SourceArn": f"arn:aws:dms:{context.region}:{corrected.account}:*",
        }
        return any(
            permissions.policy_allows(trust, name, context.action, context.resource_arn, source)
            for name in corrected.service_names
        )

    return evaluate_trust_policy


def _whole_second() -> str:
    told: str | None = getattr(_MULTIPART, "initiated", None)
    return told or datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _completing_at_its_beginning(complete: Callable[..., Any]) -> Callable[..., Any]:
    def _complete_multipart_upload(
        bucket: str,
        key: str,
        body: bytes,
        query: Any,
        headers: Any = None,
    ) -> Any:
        number = part(_S3, "_qp")(query, "uploadId")
        upload = part(_S3, "_multipart_uploads").get(number) or {}
        _MULTIPART.initiated = upload.get("created")
        try:
            return complete(bucket, key, body, query, headers)
        finally:
            _MULTIPART.initiated = None

    return _complete_multipart_upload


def _checking_owners(handle: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def handle_request(
        method: str,
        path: str,
        headers: Any,
        body: bytes,
        query: Any,
        *rest: Any,
        **named: Any,
    ) -> Any:
        bucket, _ = part(_S3, "_parse_bucket_key")(path, headers)
        source = unquote(headers.get("x-amz-copy-source", "")).lstrip("/").partition("/")[0]
        if _is_anothers(bucket, headers.get("x-amz-expected-bucket-owner")) or _is_anothers(
            source, headers.get("x-amz-source-expected-bucket-owner")
        ):
            refused = part(_S3, "_error")("AccessDenied", "Access Denied", 403, f"/{bucket}")
            return (*refused[:2], b"") if method == "HEAD" else refused
        return await handle(method, path, headers, body, query, *rest, **named)

    return handle_request


def _is_anothers(bucket: str, expected: str | None) -> bool:
    owner = part(_S3, "_bucket_owner_account")(bucket) if expected else None
    return owner is not None and owner != expected


def _validating_functions(validate: Callable[..., Any]) -> Callable[..., Any]:
    def _validate_notification_configs(
        configs: Sequence[Any],
        bucket_region: str,
        bucket_name: str = "",
        skip_destination_validation: bool = False,  # noqa: FBT001, FBT002 - MiniStack's call
    ) -> Any:
        refused = validate(configs, bucket_region, bucket_name, skip_destination_validation)
        if refused or skip_destination_validation:
            return refused
        functions = [one["arn"] for one in configs if one["type"] == "lambda"]
        closed = [arn for arn in functions if not _s3_may_invoke(arn, bucket_name)]
        if not closed:
            return None
        told = {"ArgumentName1": closed[0], "ArgumentValue1": "Not authorized to invoke function"}
        message = "Unable to validate the following destination configurations"
        return part(_S3, "_error")("InvalidArgument", message, 400, extra=told)

    return _validate_notification_configs


def _delivering_with_permission(deliver: Callable[..., None]) -> Callable[..., None]:
    def _deliver_event_to_lambda(arn: str, event: Any, bucket_region: str) -> None:
        bucket = event["Records"][0]["s3"]["bucket"]["name"]
        if _s3_may_invoke(arn, bucket):
            deliver(arn, event, bucket_region)
        else:
            _log.warning("the policy of %s does not let bucket %s invoke it", arn, bucket)

    return _deliver_event_to_lambda


def _s3_may_invoke(function_arn: str, bucket: str) -> bool:
    record, _, _ = part(_LAMBDA, "_get_base_func_record_for_ref")(function_arn)
    source = {
        "aws:SourceArn": f"arn:aws:s3:::{bucket}",
        "aws:SourceAccount": part(_S3, "_bucket_owner_account")(bucket) or "",
    }
    return bool(record) and permissions.policy_allows(
        record["policy"], permissions.S3, "lambda:InvokeFunction", function_arn, source
    )


def _submitting(submit: Callable[[str, Any], None]) -> Callable[[Any, Any], None]:
    def invoke_async_with_retry(function: Any, event: Any) -> None:
        submit((function.get("config") or function)["FunctionArn"], event)

    return invoke_async_with_retry


def _creating_with_role(create: Callable[[Any], Any], roles: Propagation) -> Callable[[Any], Any]:
    def _create_function(data: Any) -> Any:
        return _role_problem(data.get("Role"), roles) or create(data)

    return _create_function


def _updating_with_role(
    update: Callable[[str, Any], Any], roles: Propagation
) -> Callable[[str, Any], Any]:
    def _update_config(name: str, data: Any) -> Any:
        problem = _role_problem(data["Role"], roles) if data.get("Role") else None
        return problem or update(name, data)

    return _update_config


def _role_problem(role_arn: str | None, roles: Propagation) -> Any:
    if not role_arn or not re.fullmatch(r"arn:aws[a-z-]*:iam::\d{12}:role/.+", role_arn):
        return None  # MiniStack refuses it in its own words.
    region = part("core.responses", "get_region")()
    key = part(_LAMBDA, "_request_access_key").get()
    if not permissions.caller_may_pass(key, role_arn, permissions.LAMBDA, region):
        message = f"User is not authorized to perform: iam:PassRole on resource: {role_arn}"
        return refusal("AccessDeniedException", message, 403)
    source = {"aws:SourceAccount": role_arn.split(":")[4]}
    if not (roles.sees(role_arn) and permissions.may_assume(permissions.LAMBDA, role_arn, source)):
        message = "The role defined for the function cannot be assumed by Lambda."
        return refusal("InvalidParameterValueException", message, 400)
    return None


def _sending_with_role(put: Callable[..., Any]) -> Callable[..., Any]:
    def _put_event_invoke_config(name: str, qualifier: str | None, data: Any) -> Any:
        destinations = data.get("DestinationConfig") or {}
        target = str((destinations.get("OnFailure") or {}).get("Destination") or "")
        if target.split(":")[2:3] != ["sqs"]:
            return put(name, qualifier, data)
        return missing_right(name, ("SendMessage",), target) or put(name, qualifier, data)

    return _put_event_invoke_config


class _Subprocess:
    """The module `subprocess`, for starting functions: it leaves some variables out."""

    def __init__(self, module: Any, hidden: frozenset[str]) -> None:
        self._module = module
        self._hidden = hidden

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)

    def Popen(self, *rest: Any, env: Mapping[str, str], **named: Any) -> Any:  # noqa: N802  # theirs
        kept = {name: value for name, value in env.items() if name not in self._hidden}
        return self._module.Popen(*rest, env=kept, **named)
