"""AWS's managed policies as moto knows them: more than a thousand, read anew for each account."""

import json
from functools import cache

import pytest
from moto.iam import models
from moto.iam.aws_managed_policies import aws_managed_policies_data


def only_those_for_dms(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave moto the policies for DMS: reading all of them takes more than a second each time."""
    monkeypatch.setattr(models, "aws_managed_policies_data", _for_dms())


@cache
def _for_dms() -> str:
    known = json.loads(aws_managed_policies_data)
    return json.dumps({name: found for name, found in known.items() if "DMS" in name})
