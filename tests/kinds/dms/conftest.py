"""A fake DMS for every test, whose requests must fit the service's model."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.kinds.dms.fake_dms import FakeDms


@pytest.fixture
def fake() -> Iterator[FakeDms]:
    dms = FakeDms()
    dms.owned_by()
    yield dms
    assert not dms.heard.mistakes
