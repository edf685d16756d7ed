"""How long `dmslake --help` takes beside `python -c "import click"` (bar: 3 times as long)."""

from __future__ import annotations

import subprocess
import sys
import time
from statistics import median

RUNS = 15
BAR = 3.0


def seconds(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


def main() -> None:
    ours = [sys.executable, "-m", "dmslake", "--help"]
    peer = [sys.executable, "-c", "import click"]
    for command in (ours, peer):
        seconds(command)
    pairs = [(seconds(ours), seconds(peer)) for _ in range(RUNS)]
    ratio = median(a / b for a, b in pairs)
    print(f"dmslake --help   {median(a for a, _ in pairs) * 1000:6.0f} ms")
    print(f"import click     {median(b for _, b in pairs) * 1000:6.0f} ms")
    print(f"ratio            {ratio:6.2f}  (bar {BAR})")


if __name__ == "__main__":
    main()
