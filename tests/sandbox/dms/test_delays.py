from __future__ import annotations

import pytest

from dmslake.errors import UsageError
from dmslake.sandbox.dms.delays import Delays, parse_delays


@pytest.mark.parametrize(
    "text",
    [
        "instance_create=300,task_start=0",
        " instance_create = 300 , task_start=0.0 ,",
        '{"instance_create": 300, "task_start": "0"}',
    ],
)
def test_delays_are_read_from_either_form(text: str) -> None:
    assert parse_delays(text) == Delays(instance_create=300.0, task_start=0.0)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("coffee=1", "coffee"),
        ("task_start=-1", "task_start"),
        ("task_start=soon", "task_start"),
        ("task_start=inf", "task_start"),
        ("task_start=nan", "task_start"),
        ("task_start", "task_start"),
        ('{"task_start": null}', "task_start"),
        ("{", "JSON"),
    ],
)
def test_delays_that_are_none(text: str, part: str) -> None:
    with pytest.raises(UsageError, match=part):
        parse_delays(text)
