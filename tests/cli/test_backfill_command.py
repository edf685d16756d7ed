"""`backfill` refuses what does not go together, before anything is asked of AWS."""

from __future__ import annotations

import pytest

from tests.cli.running import Cli

BATCH = ("--engine", "s3-batch")
INVENTORY = ("--manifest", "inventory:arn:aws:s3:::acme-inventory/daily/manifest.json")
GENERATED = ("--manifest", "generated")


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ((*BATCH, "--rate", "5"), "--rate does not go with --engine s3-batch"),
        ((*BATCH, "--dry-run"), "--dry-run does not go with --engine s3-batch"),
        (GENERATED, "--manifest needs --engine s3-batch"),
        ((*BATCH, *GENERATED, "--table", "public.a"), "--table does not go with this --manifest"),
        ((*BATCH, *GENERATED, "--kind", "load"), "--kind does not go with this --manifest"),
        ((*BATCH, *INVENTORY, "--overwrite"), "--overwrite does not go with this --manifest"),
        ((*BATCH, *INVENTORY, "--since", "2026-11-23"), "--since does not go with this --manifest"),
        ((*BATCH, *INVENTORY, "--key-prefix", "s/"), "--key-prefix does not go with this"),
    ],
)
def test_what_does_not_go_together(cloud: Cli, options: tuple[str, ...], what: str) -> None:
    found = cloud("backfill", *options)
    assert found.code == 2
    assert found.err.splitlines()[0].startswith(f"error: {what}")
    assert "  fix: " in found.err


@pytest.mark.parametrize(
    "manifest",
    ["", "inventory", "inventory:", "inventory:s3://acme/manifest.json", "everything",
     "inventory:arn:aws:s3:::acme/manifest.csv"],
)  # fmt: skip
def test_a_manifest_is_one_of_three(cloud: Cli, manifest: str) -> None:
    found = cloud("backfill", *BATCH, "--manifest", manifest)
    assert found.code == 2
    assert "is not ledger, generated or inventory:ARN" in found.err
