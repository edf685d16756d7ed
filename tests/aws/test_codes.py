"""Every error code that the code names is one that its services really have."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import pytest

import dmslake.kinds
import dmslake.monitor
from dmslake.aws import errors
from dmslake.aws.clients import Account, Clients

SERVICES = (
    "cloudwatch", "dms", "ec2", "iam", "lambda", "logs", "s3", "secretsmanager", "sns", "sqs",
    "sts",
)  # fmt: skip
NAMING = ("unless_absent", "refusal_of", "tolerating", "Refusal")

# Real, but not in botocore's models, which for S3, SQS, IAM and common errors name only a few.
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
UNMODELLED = {
    "403", "404", "301", "400",  # HEAD answers have no body: the status is the code
    "ExpiredToken", "InvalidAccessKeyId", "InvalidToken", "RequestTimeTooSkewed",
    "BucketNotEmpty", "OperationAborted", "SignatureDoesNotMatch", "SlowDown",
    "InvalidArgument", "NoSuchBucketPolicy", "NoSuchLifecycleConfiguration", "NoSuchTagSet",
    "NoSuchPublicAccessBlockConfiguration",
    "ServerSideEncryptionConfigurationNotFoundError",
    # https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
    "InvalidClientTokenId", "OptInRequired", "RequestExpired", "Throttling",
    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
    "AuthFailure", "RequestLimitExceeded", "UnauthorizedOperation",
    # botocore gives SQS's codes as they were in its query protocol.
    "AWS.SimpleQueueService.NonExistentQueue", "AWS.SimpleQueueService.QueueDeletedRecently",
}  # fmt: skip


@cache
def modelled() -> frozenset[str]:
    session = botocore.session.Session()
    found: set[str] = set()
    for service in SERVICES:
        shapes: Any = session.get_service_model(service).error_shapes
        for shape in shapes:
            found |= {shape.name, shape.error_code}
    return frozenset(found)


def sources() -> Iterator[Path]:
    for package in (dmslake.kinds, dmslake.monitor):
        yield from sorted(Path(package.__path__[0]).glob("*.py"))


def named_in(path: Path) -> set[str]:
    """Return the codes that a module hands to the functions that take codes."""
    tree = ast.parse(path.read_text())
    constants = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    found: set[str] = set()
    for call in calls:
        if isinstance(call.func, ast.Name) and call.func.id in NAMING:
            codes = call.args[:1] if call.func.id == "Refusal" else call.args
            for code in codes:
                found |= set(_texts(code, constants))
    return found


def _texts(node: ast.expr, constants: dict[str, ast.expr]) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.Name(id=name) if name in constants:
            yield from _texts(constants[name], constants)
        case ast.Starred(value=inner):
            yield from _texts(inner, constants)
        case ast.Tuple(elts=parts):
            for part in parts:
                yield from _texts(part, constants)
        case ast.Dict(keys=keys):
            for key in keys:
                assert key is not None
                yield from _texts(key, constants)


@pytest.mark.parametrize(
    "path", list(sources()), ids=lambda path: f"{path.parent.name}/{path.name}"
)
def test_kinds_and_monitor_name_codes_that_exist(path: Path) -> None:
    assert named_in(path) - modelled() - UNMODELLED == set()


def test_the_search_finds_codes() -> None:
    found = set().union(*(named_in(path) for path in sources()))
    assert {"ResourceNotFoundFault", "NoSuchEntity", "404", "InvalidResourceStateFault"} <= found


def test_the_map_names_codes_that_exist() -> None:
    assert set(errors._MEANINGS) - modelled() - UNMODELLED == set()


def test_no_code_is_called_unmodelled_that_is_in_a_model_or_that_nobody_names() -> None:
    used = set(errors._MEANINGS).union(*(named_in(path) for path in sources()))
    assert UNMODELLED & modelled() == set()
    assert UNMODELLED - used == set()


def test_the_services_are_those_that_clients_offer() -> None:
    offered = {name for name, value in vars(Clients).items() if isinstance(value, property)}
    named = {name.rstrip("_").replace("secrets", "secretsmanager") for name in offered}
    assert named >= set(SERVICES) - {"sts"}


def test_arns_are_made_of_the_account() -> None:
    account = Account(id="123456789012", region="cn-north-1", partition="aws-cn")
    assert account.arn("sqs", "q") == "arn:aws-cn:sqs:cn-north-1:123456789012:q"
    assert account.arn("iam", "role/r", regional=False) == "arn:aws-cn:iam::123456789012:role/r"
