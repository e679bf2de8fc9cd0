"""The command as a process, and a Handler to give it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HANDLER = """\
from collections import deque

from kapnb import Handler, Option


class MovingAverage(Handler):
    field = Option(str)
    size = Option(int, default=10)

    def group_state(self):
        return deque(maxlen=self.size)

    def point(self, point, state):
        state.append(point.fields[self.field])
        yield point.with_fields(mean=sum(state) / len(state))
"""


@pytest.fixture
def handler(tmp_path: Path) -> Path:
    """A script with one Handler."""
    script = tmp_path / "moving.py"
    script.write_text(HANDLER)
    return script


@pytest.fixture
def kapnb(tmp_path: Path):
    """Run ``kapnb ARGUMENTS`` in `tmp_path`."""

    def run(*arguments: object, **settings: object) -> subprocess.CompletedProcess:
        settings = {"capture_output": True, "cwd": tmp_path, "timeout": 300, **settings}
        command = [sys.executable, "-m", "kapnb", *map(str, arguments)]
        return subprocess.run(command, check=False, **settings)

    return run
