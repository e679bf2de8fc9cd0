"""What brought the official agent, or Kapacitor itself, down (captures g_), on our Handler.

`docs/failures.md` is the table of it; a row that is not what a process does fails here.
"""

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from captures import answers, responses
from harness import cpu, failures
from kapnb.model import ErrorResponse, InitRequest, InitResponse, Point, SnapshotRequest
from kapnb.protocol import ProtobufCodec

SCRIPT = Path(__file__).with_name("failing.py")
TABLE = Path(__file__).parents[2] / "docs" / "failures.md"
REQUESTS = (InitRequest(), *(cpu(time=time) for time in range(4)), SnapshotRequest())
CODEC = ProtobufCodec()


def run(name):
    """Return what the agent said, and how it ended."""
    done = subprocess.run(
        [sys.executable, SCRIPT, name],
        input=b"".join(CODEC.encode_request(message, in_batch=False) for message in REQUESTS),
        capture_output=True,
        timeout=120,
    )
    return answers(responses(done.stdout)), done.returncode, done.stderr.decode()


def shown(said, status):
    """Return what Kapacitor shows of it."""
    last = said[-1] if said else None
    if isinstance(last, ErrorResponse):
        # A busy machine may notice it a second later.
        return "Error: u2: " + re.sub(r"not returned for \d+ s", "not returned for 1 s", last.error)
    if isinstance(last, InitResponse) and not last.success:
        return f"Error: u2: failed to initialize processes {last.error}"
    if status == -signal.SIGKILL:
        return "Error: u2: write error: write |1: broken pipe"
    assert status == 0
    return "runs on"


@pytest.mark.parametrize("name", sorted(failures()))
def test_a_failure_is_what_the_table_says(name):
    """Kapacitor survives each, and its error names the cause."""
    said, status, _ = run(name)

    assert f"| `{name}` |" in TABLE.read_text()
    (row,) = (line for line in TABLE.read_text().splitlines() if line.startswith(f"| `{name}` |"))
    assert row.split(" | ")[-1].removesuffix(" |") == shown(said, status).replace("|", "\\|")


def test_nothing_is_lost_where_nothing_is_wrong():
    """Prints go to stderr; fields that are not finite are left out, with a word about it."""
    (_, *points, _), _, stderr = run("print_stdout")
    assert [point.time for point in points] == [0, 1, 2, 3]
    assert stderr.count("got point") == stderr.count("and some bytes") == 4

    (_, *points, _), _, stderr = run("nan_inf")
    assert len(points) == 12
    assert all(isinstance(point, Point) and "x" not in point.fields for point in points)
    assert stderr.count("field 'x' was nan and is left out") == 1


def test_what_was_finished_before_a_hang_is_not_lost():
    """And the agent leaves by itself, with a status of its own."""
    said, status, stderr = run("hang_point")

    assert [type(answer) for answer in said] == [InitResponse, ErrorResponse]
    assert status == 4
    assert "HangPoint has not returned for " in stderr
