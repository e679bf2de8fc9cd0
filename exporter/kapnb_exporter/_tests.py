"""Tests for the repository in which a script lives: the notebook's simulations, replayed.

They need pytest and the runtime, and neither the notebook nor the exporter.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from kapnb_exporter._execute import Recording
from kapnb_exporter.formats import File, Product

__all__ = ["test_files"]

_TEST = '''\
"""{name}.py answers as in {notebook}, from which it was exported. Run it with pytest."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kapnb import Transcript

HERE = Path(__file__).parent
SCRIPT = HERE / "{name}.py"
CASES = HERE / "test_{name}"
SIMULATIONS = sorted(CASES.glob("*.transcript"))


def run(*arguments, stdin=b"", env=(), seed="0"):
    """Start the script as Kapacitor does; return what came of it."""
    environment = {{**os.environ, "PYTHONHASHSEED": seed}}
    for name, value in dict(env).items():
        there = CASES / "files" / value
        environment[name] = str(there) if value and there.exists() else value
    return subprocess.run(
        [sys.executable, str(SCRIPT), *arguments],
        input=stdin,
        capture_output=True,
        env=environment,
        check=False,
    )


@pytest.mark.parametrize("seed", ["0", "1"])
@pytest.mark.parametrize("path", SIMULATIONS, ids=lambda path: path.stem)
def test_a_simulation_is_answered_as_in_the_notebook(path, seed):
    """All answers are equal, whatever the order of sets is."""
    transcript = Transcript.load(path)
    env = json.loads(path.with_suffix(".env.json").read_text(encoding="utf-8"))
    done = run(stdin=transcript.requests, env=env, seed=seed)
    difference = transcript.difference(done.stdout)
    assert difference is None, f"{{difference}}\\n{{done.stderr.decode(errors='replace')}}"


def test_the_script_checks_itself():
    """It carries a few answers of its own."""
    done = run("--check")
    assert done.returncode == 0, done.stderr.decode(errors="replace")
'''


def test_files(
    product: Product, recordings: Sequence[Recording], notebook_folder: Path
) -> Iterator[File]:
    """Yield the test module, the transcripts, and the files that their environment names."""
    text = _TEST.format(name=product.name, notebook=product.notebook)
    yield File(f"test_{product.name}.py", text.encode())
    folder = f"test_{product.name}"
    named: set[str] = set()
    for number, recording in enumerate(recordings, 1):
        stem = f"{folder}/simulation_{number}"
        yield File(f"{stem}.transcript", f"{recording.transcript}\n".encode())
        yield File(f"{stem}.env.json", (json.dumps(recording.env) + "\n").encode())
        named.update(recording.env.values())
    for value in sorted(named):
        path = notebook_folder / value
        if value and path.is_file() and notebook_folder in path.resolve().parents:
            yield File(f"{folder}/files/{value}", path.read_bytes())
