"""A MiniStack that nobody has tested stops the cloud at its start, with a sentence."""

from __future__ import annotations

from importlib import metadata

import pytest

from dmslake.errors import SandboxError
from dmslake.sandbox.cloud import upstream


def test_the_installed_version_is_the_one_that_was_tested() -> None:
    assert metadata.version("ministack") == upstream.VERSION
    upstream.check_version()


@pytest.mark.parametrize("found", ["1.5.34", "1.6.0", "1.5.3"])
def test_another_version_is_refused(found: str) -> None:
    with pytest.raises(SandboxError) as caught:
        upstream.check_version(found)
    assert found in caught.value.why
    assert caught.value.fix == f"run `pip install ministack=={upstream.VERSION}`"


def test_a_part_that_is_gone_is_named() -> None:
    with pytest.raises(SandboxError) as caught:
        upstream.part("core.arn", "no_such_thing")
    assert "no_such_thing in core.arn" in caught.value.why


def test_nothing_is_put_where_nothing_was() -> None:
    with pytest.raises(SandboxError):
        upstream.replace("core.arn", "no_such_thing", lambda _: None)
