# ruff: noqa: INP001 - Python finds it by its name at the top of a path of its own
"""Found by Python itself in the programs that tests start with `Ledger.environment()`."""

import os
import sys
from pathlib import Path

if "TRUTH_LEDGER" in os.environ:
    sys.path.append(str(Path(__file__).parents[3]))
    from tests.truth.ledger import listen_in_this_process

    listen_in_this_process()
if "KILL_AT" in os.environ:
    from tests.faults.kill import listen

    listen()
