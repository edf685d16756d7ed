"""`redrive` in an account that has nothing to replay, or nothing to replay it with."""

from __future__ import annotations

import boto3
import pytest

from tests.cli.running import Cli


@pytest.mark.parametrize("option", [(), ("--dry-run",), ("--max", "3")])
def test_without_a_loader_it_says_what_to_do(cloud: Cli, option: tuple[str, ...]) -> None:
    found = cloud("redrive", *option)
    assert (found.code, found.out) == (1, "")
    assert found.err.splitlines() == [
        "error: pipeline shop has no loader",
        "  why: there is no function shop-loader in account 123456789012, eu-west-1",
        "  fix: make it: dmslake up; what is in the dead-letter queue stays there",
    ]


def test_errors_are_json_too(cloud: Cli) -> None:
    document = cloud("redrive", "--json").document
    assert (document["command"], document["ok"]) == ("redrive", False)
    assert document["error"]["code"] == "not_found"


@pytest.mark.parametrize("most", ["0", "-1", "some"])
def test_how_many_is_a_number_from_one(cloud: Cli, most: str) -> None:
    found = cloud("redrive", "--max", most)
    assert found.code == 2
    assert "--max" in found.err
    assert boto3.client("sqs", region_name="eu-west-1").list_queues().get("QueueUrls", []) == []
