"""Points through an exported script over pipes; `cat` is the floor."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from conftest import init_requests, point_requests

POINTS = 100_000


def pump(command: list[str], path: str) -> None:
    with Path(path).open("rb") as source:
        subprocess.run(command, stdin=source, stdout=subprocess.DEVNULL, check=True)


@pytest.mark.benchmark(group=f"{POINTS} points over pipes", min_rounds=3)
@pytest.mark.parametrize("what", ["cat", "Mirror", "MovingAverage"])
def test_points(benchmark, scripts, tmp_path, what):
    options = {"field": "usage_user"} if what == "MovingAverage" else {}
    data = tmp_path / "requests.bin"
    data.write_bytes(init_requests(**options) + point_requests(POINTS))
    command = ["cat"] if what == "cat" else [sys.executable, str(scripts[what])]
    benchmark(pump, command, str(data))
