"""Errors of AWS name the resource they happened to."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from dmslake.engine.resource import Address
from dmslake.errors import AccessError
from dmslake.operations.guard import guard


def test_an_error_names_the_resource() -> None:
    response: Any = {"Error": {"Code": "AccessDenied", "Message": "no"}}
    with pytest.raises(AccessError) as raised, guard(Address("bucket", "acme-lake")):
        raise ClientError(response, "CreateBucket")
    assert raised.value.what == "bucket.acme-lake: CreateBucket failed"
