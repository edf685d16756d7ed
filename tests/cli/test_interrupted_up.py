"""Ctrl-C while `up` waits for AWS to catch up with itself: it ends at once, and goes on later."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from dmslake.sandbox import launcher
from dmslake.sandbox.dms.delays import NAMES
from dmslake.sandbox.spec import example_spec
from tests.cli.running import run
from tests.cli.test_interrupt import LISTENING, started

DELAYS = dict.fromkeys(NAMES, 0.05)
LONGER_THAN_ANYBODY_WAITS = 3600.0


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[tuple[str, ...]]:
    """The options for a sandbox in which no service sees a role that is made."""
    state = tmp_path / "state"
    source = launcher.start(state, delays={**DELAYS, "iam": LONGER_THAN_ANYBODY_WAITS}).source
    with closing(
        psycopg2.connect(
            host=source.host, port=source.port, dbname=source.database,
            user=source.username, password=source.password,
        )
    ) as connection:  # fmt: skip
        connection.autocommit = True
        connection.cursor().execute("CREATE TABLE orders (id int PRIMARY KEY)")
    Path("dmslake.yaml").write_text(example_spec())
    yield "--sandbox", "--state", str(state)
    launcher.destroy(state)


def test_a_wait_for_iam_ends_with_ctrl_c_and_up_continues_later(sandbox: tuple[str, ...]) -> None:
    with started("-c", LISTENING, "up", "--yes", *sandbox) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "creating function" in line:
                break
        process.send_signal(signal.SIGINT)
        # IAM is waited for up to three minutes.
        assert process.wait(timeout=30) == 130
        said = process.stderr.read()
    assert "function shop-loader: skipped: interrupted while it was waited for" in said
    assert "error: up was interrupted:" in said
    assert "steps are done\n  fix: dmslake up continues where this ended" in said

    launcher.start(Path(sandbox[-1]), delays={**DELAYS, "iam": 0.0})
    found = run("up", "--yes", *sandbox)
    assert found.code == 0, found.err
    assert "pipeline shop is up" in found.out
