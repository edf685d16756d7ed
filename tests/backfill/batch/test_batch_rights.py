"""The rights that the documents give an operator are enough for a backfill by jobs, and needed."""

from __future__ import annotations

import json
import re
import uuid
from pathlib import Path
from typing import Any

import pytest

from dmslake.backfill.ledger import State
from dmslake.blueprint.batch import batch_role
from dmslake.errors import AccessError
from dmslake.sandbox.record import Keys
from tests.backfill.batch.loaders import Loader, deployed
from tests.pipeline.surroundings import SandboxClients
from tests.sandbox.calls import Calls
from tests.spec.texts import ROOT

DOCUMENT = ROOT / "docs" / "s3-batch.md"


def policy(loader: Loader) -> dict[str, Any]:
    """Return the documents' policy, for this pipeline."""
    (text,) = re.findall(r"(?ms)^```json\n(.*?)^```$", DOCUMENT.read_text("utf-8"))
    name, account = loader.spec.name, loader.calls.sandbox.account
    for written, real in (("123456789012", account), ("shop-", f"{name}-")):
        text = text.replace(written, real)
    found: dict[str, Any] = json.loads(text.replace("eu-west-1", loader.calls.sandbox.region))
    return found


class Operated(SandboxClients):
    """Clients of a user with this policy."""

    def __init__(self, calls: Calls, document: dict[str, Any]) -> None:
        super().__init__(calls)
        name = f"operator-{uuid.uuid4().hex[:8]}"
        calls.iam.create_user(UserName=name)
        calls.iam.put_user_policy(
            UserName=name, PolicyName="dmslake", PolicyDocument=json.dumps(document)
        )
        made = calls.iam.create_access_key(UserName=name)["AccessKey"]
        keys = Keys(access_key_id=made["AccessKeyId"], secret_access_key=made["SecretAccessKey"])
        self._session = calls.session(keys)
        for service in ("iam", "lambda", "s3", "s3control"):
            self._made[service] = calls.client(service, keys)


@pytest.fixture
def loader(calls: Calls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Loader:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("AWS_CA_BUNDLE", str(calls.sandbox.authority))
    found = deployed(calls)
    found.stage(f"s/t/LOAD{number:08X}.csv" for number in range(5))
    return found


def operated(loader: Loader, document: dict[str, Any]) -> Loader:
    return Loader(loader.calls, loader.spec, Operated(loader.calls, document))


def test_the_documents_policy_is_enough(loader: Loader) -> None:
    summary = operated(loader, policy(loader)).backfill()
    assert {state: tally.objects for state, tally in summary.tallies.items()} == {State.COPIED: 5}
    role = batch_role(loader.spec, loader.names, "*")
    assert role.read(loader.clients) is None


@pytest.mark.parametrize(
    "action", ["s3:CreateJob", "s3:DescribeJob", "iam:PassRole", "lambda:PublishVersion"]
)
def test_one_right_less_is_too_few(loader: Loader, action: str) -> None:
    document = policy(loader)
    for statement in document["Statement"]:
        actions = statement["Action"]
        listed = [actions] if isinstance(actions, str) else actions
        statement["Action"] = [one for one in listed if one != action]
    with pytest.raises(AccessError):
        operated(loader, document).backfill()
