"""Commands in processes that are forked from one which has imported dmslake already.

For tests that start it more than a hundred times: most of what a command costs is its start. It is
a process of its own all the same, with an environment, an output and a death of its own.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.cli.running import Result
from tests.pipeline.pipelines import Pipeline

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.faults.preloaded"])


class ForkedPipeline(Pipeline):
    """A pipeline whose commands start quickly."""

    def __call__(self, *arguments: str) -> Result:
        """Run a command."""
        return run(self.arguments(*arguments), self.variables())


def run(arguments: list[str], environment: Mapping[str, str], *, seconds: float = 100) -> Result:
    """Run the command line in this environment and no other."""
    with tempfile.TemporaryDirectory(prefix="forked-") as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        process = _CONTEXT.Process(target=_main, args=(arguments, dict(environment), out, err))
        process.start()
        try:
            process.join(seconds)
            assert process.exitcode is not None, f"{arguments} takes more than {seconds} s"
            return Result(process.exitcode, out.read_text(), err.read_text())
        finally:
            process.kill()
            process.join()
            process.close()


def _main(arguments: list[str], environment: dict[str, str], out: Path, err: Path) -> None:
    """Be the command, in the new process."""
    from tests.faults.preloaded import hook, kill, ledger, main  # noqa: PLC0415 - not for this one

    os.environ.clear()
    os.environ.update(environment)
    for stream, file in ((1, out), (2, err)):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), stream)
    hook.listen(ledger.write)
    if kill.VARIABLE in environment:
        kill.listen()
    sys.argv = ["dmslake", *arguments]
    main.main()
