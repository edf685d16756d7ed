"""The loader with its role alone: every way of an object works, and by no right too many.

Each right is taken away once, to see what it is there for. Not tried here are those that Lambda
itself uses (the log, the queues), and those on annotations, which the sandbox's S3 does not have.
"""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, cast

import pytest
from botocore.exceptions import ConnectionClosedError

from dmslake.blueprint.loader_config import loader_config
from dmslake.blueprint.names import Names
from dmslake.kinds.role import Role
from dmslake.lake.handler import Loader
from dmslake.spec import Spec
from tests.faults.actors import actor_of, roles_of
from tests.faults.world import ACCOUNT, TEXT, spec
from tests.lake.events import eventbridge, failed, message, record, tasks
from tests.sandbox.calls import Calls

MEGABYTE = 1024**2
PARTS = {"multipart_threshold": 6 * MEGABYTE, "part_size": 5 * MEGABYTE}
SMALL, LARGE = b"1,a\n", b"0" * (7 * MEGABYTE)
UNTRIED = {
    "s3:GetObjectAnnotation", "s3:PutObjectAnnotation", "logs:CreateLogStream", "logs:PutLogEvents",
    "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:SendMessage",
}  # fmt: skip

Right = tuple[str, str]
Hook = Callable[..., object]


@dataclass
class Place:
    """A pipeline's two buckets, encrypted, and its loader as it acts in its role."""

    calls: Calls
    spec: Spec
    made: dict[Right | None, Any] = field(default_factory=dict)

    @property
    def staging(self) -> str:
        return self.spec.staging.bucket

    @property
    def lake(self) -> str:
        return self.spec.lake.bucket

    def stage(self, body: bytes = SMALL, tags: str = "") -> tuple[str, str]:
        """Stage an object of its own table; return its key and version."""
        key = f"dms/shop/t {uuid.uuid4().hex[:8]}/LOAD00000001.csv"
        tagged = {"Tagging": tags} if tags else {}
        made = self.calls.s3.put_object(Bucket=self.staging, Key=key, Body=body, **tagged)  # type: ignore[arg-type]
        return key, made["VersionId"]

    def s3(self, without: Right | None) -> Any:
        """Return S3 for somebody in the loader's role, which may lack one right."""
        if without not in self.made:
            actor = actor_of(self.calls, self.spec, "loader", partial(_lessened, without))
            self.made[without] = actor("s3")
        return self.made[without]

    def load(self, event: object, s3: Any) -> tuple[Any, list[dict[str, Any]]]:
        """Have an event handled; return the answer and the lines of its objects."""
        config = loader_config(self.spec, Names(self.spec.name, ACCOUNT))._replace(**PARTS)  # type: ignore[arg-type]
        stream = io.StringIO()
        loader = Loader(config, s3, sleep=lambda _: None)
        answer = loader.load(event, request_id="r-1", stream=stream)
        lines = [json.loads(line) for line in stream.getvalue().splitlines()]
        return answer, [line for line in lines if str(line.get("event")).startswith("object_")]

    def move(self, body: Mapping[str, Any], s3: Any) -> dict[str, Any]:
        """Have the one object of a message moved; return its line."""
        _, (line,) = self.load({"Records": [message("m-1", body)]}, s3)
        return line

    def tags(self, line: Mapping[str, Any]) -> Any:
        key = line["target"].removeprefix(f"s3://{self.lake}/")
        return self.calls.s3.get_object_tagging(Bucket=self.lake, Key=key)["TagSet"]


def _lessened(without: Right | None, role: Role) -> Role:
    if without is None:
        return role
    statement, action = without
    kept: dict[str, Any] = dict(cast("Mapping[str, Any]", role.policy[statement]))
    named = kept["Action"]
    kept["Action"] = [
        one for one in ([named] if isinstance(named, str) else named) if one != action
    ]
    others = {name: one for name, one in role.policy.items() if name != statement}
    policy = {**others, statement: kept} if kept["Action"] else others
    return replace(role, name=f"{role.name}-{uuid.uuid4().hex[:4]}", policy=policy)


def _actions(statement: Mapping[str, Any]) -> list[str]:
    named = statement["Action"]
    return [named] if isinstance(named, str) else named


@pytest.fixture(scope="module")
def place(calls: Calls) -> Place:
    """Make the buckets, versioned and each under a key of its own."""
    name = "r" + uuid.uuid4().hex[:8]
    keys = [calls.client("kms").create_key()["KeyMetadata"]["Arn"] for _ in range(2)]
    where: Any = {"LocationConstraint": calls.sandbox.region}
    for bucket, key in zip((f"{name}-a", f"{name}-b"), keys, strict=True):
        calls.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=where)
        default: Any = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
        rules: Any = [{"ApplyServerSideEncryptionByDefault": default}]
        calls.s3.put_bucket_encryption(
            Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": rules}
        )
    calls.s3.put_bucket_versioning(
        Bucket=f"{name}-a", VersioningConfiguration={"Status": "Enabled"}
    )
    text = TEXT.replace("name: shop", f"name: {name}").replace("shop-staging", f"{name}-a")
    text = text.replace("shop-lake", f"{name}-b")
    return Place(
        calls,
        spec(
            (", prefix: dms", f", prefix: dms, kms_key: {keys[0]}"),
            (", prefix: raw", f", prefix: raw, kms_key: {keys[1]}"),
            text=text,
        ),
    )


def plain(place: Place, s3: Any) -> str:
    key, _ = place.stage()
    return str(place.move(notified(place, key), s3)["outcome"])


def tagged(place: Place, s3: Any) -> str:
    key, _ = place.stage(tags="a=b")
    return _with_tags(place, place.move(notified(place, key), s3))


def version(place: Place, s3: Any) -> str:
    return str(place.move(notified(place, *place.stage()), s3)["outcome"])


def tagged_version(place: Place, s3: Any) -> str:
    return _with_tags(place, place.move(notified(place, *place.stage(tags="a=b")), s3))


def in_parts(place: Place, s3: Any) -> str:
    key, _ = place.stage(LARGE, tags="a=b")
    return _with_tags(place, place.move(notified(place, key), s3))


def version_in_parts(place: Place, s3: Any) -> str:
    return _with_tags(place, place.move(notified(place, *place.stage(LARGE, tags="a=b")), s3))


def gone(place: Place, s3: Any) -> str:
    return str(place.move(notified(place, f"dms/shop/{uuid.uuid4().hex}/LOAD1.csv"), s3)["outcome"])


def replaced_between_parts(place: Place, s3: Any) -> str:
    """The upload that was begun is thrown away, and another one made."""
    key, _ = place.stage(LARGE)

    def replace_it(**_: Any) -> None:
        events.unregister("before-call.s3.UploadPartCopy", replace_it)
        place.calls.s3.put_object(Bucket=place.staging, Key=key, Body=SMALL)

    events = s3.meta.events
    events.register("before-call.s3.UploadPartCopy", replace_it)
    line = place.move(notified(place, key), s3)
    left = place.calls.s3.list_multipart_uploads(Bucket=place.lake).get("Uploads", [])
    for upload in left:
        place.calls.s3.abort_multipart_upload(
            Bucket=place.lake, Key=upload["Key"], UploadId=upload["UploadId"]
        )
    return f"{line['outcome']}, and {len(left)} uploads are left"


def answer_lost(place: Place, s3: Any) -> str:
    """The copy is made, and nobody hears of it: a look at the target tells."""
    key, _ = place.stage()
    made = []

    def lose(**_: Any) -> None:
        made.append(key)
        if len(made) == 1:
            raise ConnectionClosedError(endpoint_url="https://s3.example.com")

    s3.meta.events.register("after-call.s3.CopyObject", lose)
    line = place.move(notified(place, key), s3)
    s3.meta.events.unregister("after-call.s3.CopyObject", lose)
    return f"{line['outcome']} in {len(made)}"


def notified(place: Place, key: str, version_id: str | None = None) -> dict[str, Any]:
    return {"Records": [record(key, bucket=place.staging, version_id=version_id)]}


def _with_tags(place: Place, line: Mapping[str, Any]) -> str:
    told = line["outcome"]
    return f"{told} with its tags" if told == "copied" and place.tags(line) else str(told)


WAYS: dict[str, tuple[Callable[[Place, Any], str], str]] = {
    "plain": (plain, "copied"),
    "tagged": (tagged, "copied with its tags"),
    "version": (version, "copied"),
    "tagged version": (tagged_version, "copied with its tags"),
    "in parts": (in_parts, "copied with its tags"),
    "version in parts": (version_in_parts, "copied with its tags"),
    "gone": (gone, "vanished"),
    "replaced between parts": (replaced_between_parts, "copied, and 0 uploads are left"),
    "answer lost": (answer_lost, "copied in 1"),
}
STAGED, WRITE = "ReadStagedObjects", "WriteLake"
NEEDED: dict[Right, tuple[str, str]] = {
    (STAGED, "s3:GetObject"): ("plain", "failed"),
    (STAGED, "s3:GetObjectTagging"): ("tagged", "failed"),
    (STAGED, "s3:GetObjectVersion"): ("version", "failed"),
    (STAGED, "s3:GetObjectVersionTagging"): ("tagged version", "failed"),
    ("SeeWhatIsGone", "s3:ListBucket"): ("gone", "failed"),
    (WRITE, "s3:PutObject"): ("plain", "failed"),
    (WRITE, "s3:PutObjectTagging"): ("tagged", "failed"),
    (WRITE, "s3:AbortMultipartUpload"): (
        "replaced between parts", "copied, and 1 uploads are left",
    ),
    (WRITE, "s3:GetObject"): ("answer lost", "copied in 2"),
    ("DecryptStagedObjects", "kms:Decrypt"): ("plain", "failed"),
    ("EncryptLake", "kms:GenerateDataKey"): ("plain", "failed"),
    ("EncryptLake", "kms:Decrypt"): ("in parts", "failed"),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_the_loader_works_with_its_role(place: Place, way: str) -> None:
    go, expected = WAYS[way]
    assert go(place, place.s3(None)) == expected


@pytest.mark.parametrize("right", NEEDED, ids=" ".join)
def test_every_right_is_there_for_something(place: Place, right: Right) -> None:
    way, expected = NEEDED[right]
    go, _ = WAYS[way]
    assert go(place, place.s3(right)) == expected


def test_no_right_is_left_untried(place: Place) -> None:
    (role,) = [one for one in roles_of(place.spec) if one.name.startswith(f"{place.spec.name}-loa")]
    rights = {
        (statement, action) for statement, said in role.policy.items() for action in _actions(said)
    }
    assert {right for right in rights if right[1] not in UNTRIED} == set(NEEDED)


def test_events_of_every_shape_are_handled_with_the_role(place: Place) -> None:
    keys = [place.stage()[0] for _ in range(5)]
    events: list[Any] = [
        notified(place, keys[0]),
        eventbridge(keys[1], bucket=place.staging),
        tasks(keys[2].replace(" ", "%20"), bucket=place.staging),
        failed(notified(place, keys[3])),
        {"Records": [message("m-1", failed(notified(place, keys[4])))]},
    ]
    handled = [place.load(event, place.s3(None))[1] for event in events]
    assert [(line["source"], line["outcome"]) for lines in handled for line in lines] == [
        (f"s3://{place.staging}/{key}", "copied") for key in keys
    ]
