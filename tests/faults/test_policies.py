"""What the roles of a pipeline may do: every call that is needed works, one step outside is denied.

In the sandbox, which enforces policies and asks who may assume a role.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

import pytest
from botocore.exceptions import ClientError

from dmslake.blueprint.names import Names
from dmslake.spec import Spec
from tests.faults.actors import DENIED, Actor, actor_of, roles_of, service
from tests.faults.sandboxed import SandboxClients
from tests.faults.world import ACCOUNT, TEXT, spec
from tests.sandbox.calls import Calls

KEY = "arn:aws:kms:eu-west-1:123456789012:key/5e3c1b1a-0d7f-4a55-9b5e-111111111111"
SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop-AbCdEf"
_PROGRAM = "p" + uuid.uuid4().hex[:8]


Call = Callable[[Actor], object]


def s3(operation: str, bucket: str, key: str = "", **more: Any) -> Call:
    """Return a call on an object, or on the bucket; `bucket` is ``staging`` or ``lake``."""

    def call(actor: Actor) -> object:
        where = {"Bucket": getattr(actor, bucket), **({"Key": key} if key else {}), **more}
        return getattr(actor("s3"), operation)(**where)

    return call


def write_log(actor: Actor) -> object:
    return actor("logs").create_log_stream(logGroupName="/aws/lambda/other", logStreamName="a")


def queue(operation: str, name: str, **more: Any) -> Call:
    def call(actor: Actor) -> object:
        url = actor.calls.sqs.get_queue_url(QueueName=getattr(actor.names, name, name))
        return getattr(actor("sqs"), operation)(QueueUrl=url["QueueUrl"], **more)

    return call


def read_secret(name: str) -> Call:
    def call(actor: Actor) -> object:
        return actor("secretsmanager").get_secret_value(SecretId=f"{_PROGRAM}-{name}")

    return call


TAGS = {"Tagging": {"TagSet": [{"Key": "a", "Value": "b"}]}}
SOME = {"Body": b"1"}
MESSAGE = {"MessageBody": "m"}
ALLOWED: dict[str, dict[str, Call]] = {
    "dms-staging": {
        "write below the prefix": s3("put_object", "staging", "dms/shop/t/LOAD1.csv", **SOME),
        "tag what it wrote": s3("put_object_tagging", "staging", "dms/a", **TAGS),
        "remove what it wrote": s3("delete_object", "staging", "dms/gone"),
        "list": s3("list_objects_v2", "staging"),
        "ask where the bucket is": s3("get_bucket_location", "staging"),
    },
    "loader": {
        "read what is staged": s3("get_object", "staging", "dms/a"),
        "read its tags": s3("get_object_tagging", "staging", "dms/a"),
        "see what is gone": s3("list_objects_v2", "staging"),
        "write into the lake": s3("put_object", "lake", "raw/shop/t/a.csv", **SOME),
        "tag in the lake": s3("put_object_tagging", "lake", "raw/a", **TAGS),
        "copy": s3(
            "copy_object", "lake", "raw/b", CopySource={"Bucket": _PROGRAM + "-a", "Key": "dms/a"}
        ),
        "begin a large upload": s3("create_multipart_upload", "lake", "raw/c"),
        "look for its copy": s3("head_object", "lake", "raw/a"),
        "give up on an event": queue("send_message", "dead_letters", **MESSAGE),
    },
    "dms-source": {"read its secret": read_secret("own")},
    "loader with a queue": {
        "take from its queue": queue("receive_message", "queue"),
        "look at its queue": queue("get_queue_attributes", "queue", AttributeNames=["All"]),
    },
}
REFUSED: dict[str, dict[str, Call]] = {
    "dms-staging": {
        "write beside the prefix": s3("put_object", "staging", "dms2/a", **SOME),
        "write above the prefix": s3("put_object", "staging", "a", **SOME),
        "write its own checkpoints": s3("put_object", "staging", ".dmslake/x.lock", **SOME),
        "read": s3("get_object", "staging", "dms/a"),
        "write into the lake": s3("put_object", "lake", "raw/a", **SOME),
        "write into the lake at its own prefix": s3("put_object", "lake", "dms/a", **SOME),
        "list the lake": s3("list_objects_v2", "lake"),
        "delete in the lake": s3("delete_object", "lake", "raw/a"),
        "delete a version": s3("delete_object", "staging", "dms/a", VersionId="null"),
        "change the bucket": s3("put_bucket_policy", "staging", Policy="{}"),
        "remove the bucket": s3("delete_bucket", "staging"),
        "read a secret": read_secret("other"),
        "send messages": queue("send_message", "dead_letters", **MESSAGE),
    },
    "loader": {
        "write what is staged": s3("put_object", "staging", "dms/a", **SOME),
        "remove what is staged": s3("delete_object", "staging", "dms/a"),
        "read beside the prefix": s3("get_object", "staging", "dms2/a"),
        "read the claims": s3("get_object", "staging", ".dmslake/x.lock"),
        "read the lake beside its prefix": s3("get_object", "lake", "raw2/a"),
        "list the lake": s3("list_objects_v2", "lake"),
        "delete in the lake": s3("delete_object", "lake", "raw/a"),
        "write beside the lake's prefix": s3("put_object", "lake", "raw2/a", **SOME),
        "open what it wrote": s3("put_object_acl", "lake", "raw/a", ACL="public-read"),
        "change the bucket": s3("put_bucket_policy", "lake", Policy="{}"),
        "write the log of another": write_log,
        "send elsewhere": queue("send_message", _PROGRAM + "-elsewhere", **MESSAGE),
        "take back what it gave up": queue("receive_message", "dead_letters"),
        "read a secret": read_secret("own"),
        "list the roles": lambda actor: actor("iam").list_roles(),
    },
    "dms-source": {
        "read another secret": read_secret("other"),
        "write what is staged": s3("put_object", "staging", "dms/a", **SOME),
    },
    "loader with a queue": {
        "put into its queue": queue("send_message", "queue", **MESSAGE),
        "empty its queue": queue("purge_queue", "queue"),
        "take from another queue": queue("receive_message", _PROGRAM + "-elsewhere"),
    },
}


def made_spec(account_secret: str) -> Spec:
    text = TEXT.replace("name: shop", f"name: {_PROGRAM}").replace("shop-staging", f"{_PROGRAM}-a")
    text = text.replace("shop-lake", f"{_PROGRAM}-b")
    text = text.replace("  host: db.example.com\n", "").replace("  username: dms\n", "")
    return spec(("  password: ${PASSWORD}", f"  secret: {account_secret}"), text=text)


# For the session: another process may take tests of this module and give some back, and what has
# a name of the module's is made once.
@pytest.fixture(scope="session")
def actors(calls: Calls) -> dict[str, Actor]:
    """Return somebody for each role; the roles are made by the kind, under a pipeline's names."""
    secrets = calls.client("secretsmanager")
    own = secrets.create_secret(Name=f"{_PROGRAM}-own", SecretString="{}")["ARN"]
    secrets.create_secret(Name=f"{_PROGRAM}-other", SecretString="{}")
    for bucket in (f"{_PROGRAM}-a", f"{_PROGRAM}-b"):
        where: Any = {"LocationConstraint": calls.sandbox.region}
        calls.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=where)
    for bucket, key in (("a", "dms/a"), ("a", "dms/gone"), ("a", "dms2/a"), ("b", "raw/a"),
                        ("a", ".dmslake/x.lock")):  # fmt: skip
        calls.s3.put_object(Bucket=f"{_PROGRAM}-{bucket}", Key=key, Body=b"1")
    found = made_spec(own)
    with_queue = found.model_copy(
        update={
            "name": f"{_PROGRAM}-q",
            "loader": found.loader.model_copy(update={"trigger": "sqs"}),
        }
    )
    return {
        "dms-staging": actor_of(calls, found, "dms-staging"),
        "dms-source": actor_of(calls, found, "dms-source"),
        "loader": actor_of(calls, found, "loader"),
        "loader with a queue": actor_of(calls, with_queue, "loader"),
    }


def cases(table: Mapping[str, Mapping[str, Call]]) -> list[tuple[str, str]]:
    return [(role, what) for role, calls in table.items() for what in calls]


@pytest.mark.parametrize(("role", "what"), cases(ALLOWED))
def test_what_a_role_is_for_works(actors: dict[str, Actor], role: str, what: str) -> None:
    ALLOWED[role][what](actors[role])


@pytest.mark.parametrize(("role", "what"), cases(REFUSED))
@pytest.mark.wrong_requests("a bucket policy without statements, to see that it is not looked at")
def test_one_step_outside_is_denied(actors: dict[str, Actor], role: str, what: str) -> None:
    with pytest.raises(ClientError) as refused:
        REFUSED[role][what](actors[role])
    assert refused.value.response["Error"]["Code"] in DENIED


def test_the_loader_writes_its_own_log_and_no_other() -> None:
    """Not by a call: the emulator asks for the group alone, where AWS asks for what is in it."""
    loader = next(r for r in roles_of(spec()) if r.name.startswith("shop-loader"))
    pattern = str(loader.policy["WriteLog"]["Resource"])
    logs = "arn:aws:logs:eu-west-1:123456789012:log-group"
    for stream in ("*", "log-stream:2026/01/01/[$LATEST]abc"):
        assert fnmatchcase(f"{logs}:/aws/lambda/shop-loader:{stream}", pattern)
        assert not fnmatchcase(f"{logs}:/aws/lambda/shop-loader-2:{stream}", pattern)


@pytest.mark.parametrize("name", ["dms-staging", "dms-source", "loader"])
def test_only_the_service_that_it_is_for_acts_as_a_role(calls: Calls, name: str) -> None:
    found = made_spec(SECRET)
    (role,) = [r for r in roles_of(found) if r.name.startswith(f"{_PROGRAM}-{name}")]
    role = replace(role, name=f"{role.name}-t", owner="t")
    role.create(SandboxClients(calls))
    arn = f"arn:aws:iam::{calls.sandbox.account}:role/{role.name}"
    with pytest.raises(ClientError) as refused:
        calls.sts.assume_role(RoleArn=arn, RoleSessionName="session")
    assert refused.value.response["Error"]["Code"] == "AccessDenied"
    if name == "loader":
        with pytest.raises(ClientError):
            service(calls).assume_role(RoleArn=arn, RoleSessionName="session")


def test_a_key_is_used_through_s3_and_in_no_other_way(calls: Calls) -> None:
    key = calls.client("kms").create_key()["KeyMetadata"]["Arn"]
    text = TEXT.replace("name: shop", f"name: {_PROGRAM}k").replace("shop-staging", f"{_PROGRAM}-k")
    encrypted = spec((", prefix: dms", f", prefix: dms, kms_key: {key}"), text=text)
    where: Any = {"LocationConstraint": calls.sandbox.region}
    calls.s3.create_bucket(Bucket=f"{_PROGRAM}-k", CreateBucketConfiguration=where)
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    rules: Any = [{"ApplyServerSideEncryptionByDefault": default}]
    calls.s3.put_bucket_encryption(
        Bucket=f"{_PROGRAM}-k", ServerSideEncryptionConfiguration={"Rules": rules}
    )
    actor = actor_of(calls, encrypted, "dms-staging")
    s3("put_object", "staging", "dms/a", **SOME)(actor)
    directly: tuple[Call, ...] = (
        lambda actor: actor("kms").generate_data_key(KeyId=key, KeySpec="AES_256"),
        lambda actor: actor("kms").decrypt(KeyId=key, CiphertextBlob=b"x"),
        lambda actor: actor("kms").schedule_key_deletion(KeyId=key),
    )
    for call in directly:
        with pytest.raises(ClientError) as refused:
            call(actor)
        assert refused.value.response["Error"]["Code"] in DENIED


SPECS = {
    "plain": spec(),
    "without prefixes": spec((", prefix: dms", ""), (", prefix: raw", "")),
    "keys": spec((", prefix: dms", f", kms_key: {KEY}"), (", prefix: raw", f", kms_key: {KEY}")),
    "sqs": spec(("lake:", "loader: {trigger: sqs}\nlake:")),
    "catalog": spec((", prefix: dms", ", settings: {glue_catalog_generation: true}")),
    "secret": made_spec(SECRET),
}
# Where AWS knows no names beforehand: objects, the streams of a log, the catalog that DMS fills.
# The last is what DMS presents when it assumes a role.
STARS = (
    "arn:aws:s3:::{bucket}/*", "arn:aws:s3:::{bucket}/{prefix}/*",
    "arn:aws:logs:eu-west-1:123456789012:log-group:{group}:*",
    "arn:aws:glue:eu-west-1:123456789012:database/*", "arn:aws:glue:eu-west-1:123456789012:table/*",
    "arn:aws:athena:eu-west-1:123456789012:workgroup/glue_catalog_generation_for_task_*",
    "arn:aws:dms:eu-west-1:123456789012:*",
)  # fmt: skip


def texts(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from texts(inner)
    else:
        yield str(value)


@pytest.mark.parametrize("name", SPECS)
def test_no_policy_has_a_wildcard_that_aws_does_not_require(name: str) -> None:
    wanted = SPECS[name]
    group = Names(wanted.name, ACCOUNT).function_log_group
    places = [(place.bucket, place.prefix) for place in (wanted.staging, wanted.lake)]
    known = {
        star.format(bucket=bucket, prefix=prefix, group=group)
        for star in STARS
        for bucket, prefix in places
    }
    for role in roles_of(wanted):
        for statement in (*role.policy.values(), *role.trust.values()):
            assert not {"NotAction", "NotResource", "NotPrincipal"} & set(statement)
            assert not [a for a in texts(statement["Action"]) if "*" in a], role.name
            starred = [text for text in texts(statement) if "*" in text]
            assert set(starred) <= known, role.name
            assert not [text for text in texts(statement) if "?" in text]


@pytest.mark.parametrize("name", SPECS)
def test_every_policy_fits(name: str) -> None:
    for role in roles_of(SPECS[name]):
        assert len(json.dumps(role.policy)) < 10_240 / 2
        assert len(json.dumps(role.trust)) < 2_048 / 2
