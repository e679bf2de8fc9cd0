"""From the start of the process to its first info answer.

Kapacitor starts every configured UDF once at its own start, one after the other, and again
for every task. The column in parentheses is the ratio to the fastest of the group.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

BARE = "import os; os.read(0, 3); os.write(1, bytes.fromhex('020a00'))"
PROTOBUF = f"from google.protobuf import descriptor_pool, message_factory; {BARE}"


def first_answer(command: list[str]) -> None:
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdin.write(bytes.fromhex("020a00"))
        process.stdin.flush()
        assert process.stdout.read(1)
        process.stdin.close()
        process.wait()


@pytest.mark.benchmark(group="start to first info answer", min_rounds=15)
@pytest.mark.parametrize("what", ["bare Python", "Python + protobuf", "exported script"])
def test_start(benchmark, scripts, what):
    commands = {
        "bare Python": [sys.executable, "-c", BARE],
        "Python + protobuf": [sys.executable, "-c", PROTOBUF],
        "exported script": [sys.executable, str(scripts["MovingAverage"])],
    }
    benchmark(first_answer, commands[what])
