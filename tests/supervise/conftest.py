"""`kapnb run --supervise` as a process."""

from __future__ import annotations

from pathlib import Path

import pytest

from fronts import TIMEOUT_S, Kapacitor, is_alive


@pytest.fixture
def start(tmp_path: Path):
    """Give a function that starts a front process; no process may be left at the end."""
    started: list[Kapacitor] = []

    def start(source: str, *arguments: str, **environment: str) -> Kapacitor:
        folder = tmp_path / str(len(started))
        folder.mkdir()
        started.append(Kapacitor(folder, source, arguments, environment))
        return started[-1]

    yield start
    left = []
    for kapacitor in started:
        process = kapacitor.process
        ended = process.poll() is not None
        left += [pid for pid in kapacitor.handler_pids() if ended and is_alive(pid)]
        process.kill()
        process.wait(TIMEOUT_S)
        process.stdin.close()
        process.stdout.close()
    assert left == []
