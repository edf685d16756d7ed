"""The documents say what is so."""

from __future__ import annotations

import io
import json
import re
import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from dmslake import errors
from dmslake.blueprint.pipeline import pipeline
from dmslake.cli.main import COMMANDS, dmslake
from dmslake.cli.plan import CHANGES_PENDING
from dmslake.errors import DmslakeError
from dmslake.kinds.registry import KINDS
from dmslake.lake.config import LogLevel
from dmslake.lake.objects import SkipReason
from dmslake.lake.outcome import Outcome, Status
from dmslake.lake.report import Journal
from dmslake.operations import preflight
from dmslake.operations.permissions import REDRIVE
from dmslake.spec import load_spec, parse_spec
from tests.contract.samples import ACCOUNT
from tests.spec.texts import ENVIRON, ROOT

README = ROOT / "README.md"
DOCUMENTS = [path for path in (README, *sorted((ROOT / "docs").glob("*.md"))) if path.exists()]
IDS = [path.name for path in DOCUMENTS]

_WIDTH = 98  # the widest that help gets

needs_readme = pytest.mark.skipif(not README.exists(), reason="there is no README yet")


def blocks(path: Path, language: str) -> list[str]:
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", path.read_text("utf-8"))


@pytest.mark.parametrize("path", DOCUMENTS, ids=IDS)
def test_help_in_the_documents_is_the_real_help(path: Path) -> None:
    for block in blocks(path, "console"):
        command, _, shown = block.partition("\n")
        if command.startswith("$ dmslake") and command.endswith("--help"):
            arguments = shlex.split(command.removeprefix("$ dmslake"))
            found = CliRunner().invoke(
                dmslake, arguments, prog_name="dmslake", terminal_width=_WIDTH
            )
            assert shown.rstrip() == found.output.rstrip(), f"{path.name}: {command}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=IDS)
def test_every_spec_in_the_documents_is_right_and_can_be_planned(path: Path) -> None:
    for block in blocks(path, "ya?ml"):
        if "version:" in block:
            spec = parse_spec(block, file=path.name, environ=ENVIRON, base_dir=ROOT)
            assert pipeline(spec, ACCOUNT).wanted


@pytest.mark.parametrize("path", DOCUMENTS, ids=IDS)
def test_links_to_files_lead_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", path.read_text("utf-8"))
    local = [link for link in links if "://" not in link]
    assert [link for link in local if not (path.parent / link).exists()] == []


def test_the_example_can_be_planned() -> None:
    spec = load_spec(ROOT / "config.example.yaml", environ=ENVIRON)
    assert pipeline(spec, ACCOUNT).wanted


@needs_readme
def test_the_readme_names_every_command() -> None:
    text = README.read_text("utf-8")
    assert [name for name in COMMANDS if f"`dmslake {name}`" not in text] == []


@needs_readme
def test_the_readme_names_every_exit_code() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    codes = {kind.exit_code for kind in kinds if issubclass(kind, DmslakeError)}
    table = {int(code) for code in re.findall(r"(?m)^\| (\d+) \|", README.read_text("utf-8"))}
    assert table == codes | {0, CHANGES_PENDING}


# What `status` calls beside the kinds; tests/monitor and tests/operations make these calls.
_MONITOR = {
    "cloudwatch:GetMetricStatistics", "dms:DescribeTableStatistics",
    "dms:DescribeReplicationTableStatistics", "lambda:GetFunctionConfiguration",
    "logs:DescribeLogStreams", "logs:FilterLogEvents", "sqs:GetQueueUrl", "sqs:ReceiveMessage",
}  # fmt: skip
_PASS = "iam:PassRole"
PERMISSIONS = ROOT / "docs/permissions.md"


def needed(*verbs: str) -> list[str]:
    found = {*_MONITOR, *preflight.PERMISSIONS}
    for kind in KINDS:
        for verb in verbs:
            found |= set(getattr(kind.permissions, verb))
    return sorted(found - {_PASS})


@pytest.mark.parametrize(
    ("number", "verbs"),
    [(0, ("read",)), (1, ("read", "create", "update", "delete"))],
    ids=["to look", "to provision"],
)
def test_the_operators_policy_is_what_the_kinds_need(number: int, verbs: tuple[str, ...]) -> None:
    policy = json.loads(blocks(PERMISSIONS, "json")[number])
    right = json.dumps(needed(*verbs), indent=2)
    assert policy["Statement"][0]["Action"] == needed(*verbs), f"write instead:\n{right}"


def test_what_a_redrive_needs_stands_there_too() -> None:
    _, _, replaying = blocks(PERMISSIONS, "json")
    (statement,) = json.loads(replaying)["Statement"]
    assert statement["Action"] == sorted(REDRIVE)


def test_roles_are_handed_over_to_the_two_services_only() -> None:
    _, provisioning, _ = blocks(PERMISSIONS, "json")
    (statement,) = json.loads(provisioning)["Statement"][1:]
    assert statement["Action"] == _PASS
    assert statement["Condition"] == {
        "StringEquals": {"iam:PassedToService": ["dms.amazonaws.com", "lambda.amazonaws.com"]}
    }


DEPLOY, LOADER = ROOT / "docs/deploy.md", ROOT / "docs/loader.md"
BACKFILL = ROOT / "docs/backfill.md"


@pytest.mark.parametrize("path", [DEPLOY, LOADER, BACKFILL], ids=["deploy", "loader", "backfill"])
def test_every_test_that_the_documents_name_is_there(path: Path) -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", path.read_text("utf-8"))
    assert len(named) > 20
    gone = [
        f"{file}::{test}"
        for file, test in named
        if not (ROOT / file).exists() or f"def {test}" not in (ROOT / file).read_text("utf-8")
    ]
    assert gone == []


def test_every_kind_of_bad_input_has_an_outcome_and_a_test() -> None:
    text = LOADER.read_text("utf-8").split("## Bad input")[1].split("\n## ")[0]
    table = [line for line in text.splitlines() if line.startswith("| ")]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table]
    assert [row for row in rows[1:] if not (row[1] and row[-1].startswith("`tests/"))] == []
    assert {f"`{reason}`" for reason in SkipReason} <= {row[2] for row in rows}


def test_every_bad_input_of_a_backfill_has_an_exit_code_and_a_test() -> None:
    text = BACKFILL.read_text("utf-8").split("## Bad input")[1]
    table = [line for line in text.splitlines() if line.startswith("| ")]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table][1:]
    assert {row[2] for row in rows} == {"0", "1", "4"}
    assert [row for row in rows if not (row[1] and row[-1].startswith("`tests/"))] == []


def journal_lines() -> list[dict[str, Any]]:
    stream = io.StringIO()
    journal = Journal(stream, level=LogLevel.INFO, pipeline="shop", request_id="8f5c")
    key = "raw/public/orders/year=2026/month=11/day=23/hour=14/LOAD00000001-20261123T144702Z.csv"
    outcome = Outcome(
        status=Status.COPIED,
        source="s3://shop-staging/dms/public/orders/LOAD00000001.csv",
        target=f"s3://shop-lake/{key}",
        size=1048576,
        ms=41.7,
        lag_s=3.1,
    )
    at = datetime(2026, 11, 23, 14, 47, 5, 120_000, tzinfo=UTC)
    journal.object_done(outcome, at)
    journal.metrics([outcome], at)
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_the_log_line_in_the_documents_is_what_the_loader_writes() -> None:
    (shown,) = blocks(LOADER, "json")
    assert json.loads(shown) == journal_lines()[0]


def test_every_metric_and_every_kind_of_line_is_explained() -> None:
    text = LOADER.read_text("utf-8")
    metrics = journal_lines()[1]["_aws"]["CloudWatchMetrics"][0]
    assert f"namespace is `{metrics['Namespace']}`" in text
    assert [one for one in metrics["Metrics"] if f"| `{one['Name']}` |" not in text] == []
    lines = {f"object_{status.value}" for status in Status}
    written = (ROOT / "dmslake/lake/handler.py").read_text("utf-8")
    lines |= set(re.findall(r'LogLevel\.\w+, "(\w+)"', written))
    assert len(lines) > len(Status)
    assert [line for line in sorted(lines) if f"| `{line}` |" not in text] == []
