"""A backfill of 100,000 objects that is killed 20 times at random moments.

Bars: nothing missing, nothing wrong, at most 1.02 copies per object. The S3 is the tests' stand-in;
every run is a process of its own that ends by SIGKILL.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.backfill.faults.commands import Shop
from tests.backfill.faults.kept import World
from tests.backfill.faults.killing import Killing
from tests.backfill.faults.server import serving
from tests.backfill.faults.shop import keys

OBJECTS = 100_000
KILLS = 20
SEED = 20261124
BAR = 1.02


def main() -> None:
    chance = random.Random(SEED)  # noqa: S311 - nothing secret
    # Requests since the process began: some die while they list, most while they copy.
    moments = [chance.randrange(1, 2 * OBJECTS // KILLS) for _ in range(KILLS - 4)]
    moments += [chance.randrange(1, 150) for _ in range(4)]
    chance.shuffle(moments)
    world = World()
    world.stage(keys(OBJECTS))
    started = time.monotonic()
    with serving(world) as stand, tempfile.TemporaryDirectory() as folder:
        killing = Killing(world, Shop(stand.url, Path(folder)))
        done = killing(moments)
    missing, extra = killing.differences()
    ratio = world.copies / OBJECTS
    print(
        f"objects {OBJECTS:,}, killed {killing.kills} times, in {time.monotonic() - started:.0f} s"
    )
    print(f"missing or wrong {missing:,}, too many {extra:,}, last exit code {done.code}")
    print(f"copies {world.copies:,}: {ratio:.4f} per object (bar: <= {BAR})")
    print(f"requests {world.requests:,}, of the last run: {done.document['data']['objects']}")
    met = not missing and not extra and not done.code and ratio <= BAR and killing.kills == KILLS
    sys.exit(0 if met else 1)


if __name__ == "__main__":
    main()
