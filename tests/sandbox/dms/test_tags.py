from __future__ import annotations

import pytest

from tests.sandbox.dms.harness import SOURCE, TARGET, Harness, refusal

GROUP = "arn:aws:dms:eu-west-1:123456789012:subgrp:group"


def labels(dms: Harness, arn: str) -> dict[str, str]:
    listed = dms.client.list_tags_for_resource(ResourceArn=arn)["TagList"]
    return {one["Key"]: one["Value"] for one in listed}


def test_every_resource_takes_tags_and_gives_them_back(dms: Harness) -> None:
    dms.create_group()
    instance, source, target = dms.create_parts()
    task = dms.create_task((instance, source, target))

    for arn in (GROUP, instance, source, target, task):
        dms.client.add_tags_to_resource(
            ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b"}]
        )
        dms.client.add_tags_to_resource(ResourceArn=arn, Tags=[{"Key": "a", "Value": "2"}])
        assert labels(dms, arn) == {"a": "2", "b": ""}
        dms.client.remove_tags_from_resource(ResourceArn=arn, TagKeys=["b", "absent"])
        assert labels(dms, arn) == {"a": "2"}


def test_tags_are_taken_at_creation(dms: Harness) -> None:
    arn = dms.create_endpoint("e", {**SOURCE, "Tags": [{"Key": "team", "Value": "data é"}]})

    assert labels(dms, arn) == {"team": "data é"}


def test_several_resources_are_listed_in_one_call(dms: Harness) -> None:
    one = dms.create_endpoint("one", {**SOURCE, "Tags": [{"Key": "n", "Value": "1"}]})
    two = dms.create_endpoint("two", {**TARGET, "Tags": [{"Key": "n", "Value": "2"}]})

    listed = dms.client.list_tags_for_resource(ResourceArnList=[one, two])["TagList"]

    assert listed == [
        {"Key": "n", "Value": "1", "ResourceArn": one},
        {"Key": "n", "Value": "2", "ResourceArn": two},
    ]


def test_a_listing_names_its_resources_in_one_way(dms: Harness) -> None:
    assert refusal(dms.client.list_tags_for_resource)[0] == "InvalidParameterValueException"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("", "x"),
        ("k" * 129, "x"),
        ("k", "v" * 257),
        ("aws:x", "x"),
        ("DMS:x", "x"),
        ("a@b", "x"),
        ("a", "x,y"),
    ],
)
def test_tags_that_the_service_refuses(dms: Harness, key: str, value: str) -> None:
    arn = dms.create_endpoint("e", SOURCE)

    code, _ = refusal(
        dms.client.add_tags_to_resource, ResourceArn=arn, Tags=[{"Key": key, "Value": value}]
    )

    assert code == "InvalidParameterValueException"
    assert labels(dms, arn) == {}


def test_an_absent_resource(dms: Harness) -> None:
    absent = GROUP.replace("group", "absent")

    for call, more in (
        (dms.client.list_tags_for_resource, {}),
        (dms.client.add_tags_to_resource, {"Tags": []}),
        (dms.client.remove_tags_from_resource, {"TagKeys": []}),
    ):
        assert refusal(call, ResourceArn=absent, **more)[0] == "ResourceNotFoundFault"
