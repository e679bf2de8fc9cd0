"""Memory of an agent over millions of points: what it holds, and whether that grows."""

from __future__ import annotations

import argparse
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from load import init, narrow

HANDLERS = Path(__file__).parent / "handlers"
GROUPS = 100


def rss_kib(pid: int) -> int:
    """Return the resident memory of a process, in KiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise SystemExit("no VmRSS in /proc")


def watch(name: str, blocks: Iterator[bytes], marks: list[int], per_block: int) -> list[int]:
    """Run a Handler on blocks of points; return its memory when so many had come back."""
    process = subprocess.Popen(
        [sys.executable, str(HANDLERS / "native.py"), name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    threading.Thread(target=feed, args=(process.stdin, blocks), daemon=True).start()
    seen: list[int] = []
    points, rest = 0, b""
    while data := process.stdout.read(1 << 20):
        count, rest = count_frames(rest + data)
        points += count
        while len(seen) < len(marks) and points >= marks[len(seen)]:
            seen.append(rss_kib(process.pid))
    process.wait()
    return seen


def feed(pipe: object, blocks: Iterator[bytes]) -> None:
    """Write everything, then close."""
    with pipe:
        pipe.write(init())
        for block in blocks:
            view = memoryview(block)
            while view:
                view = view[pipe.write(view) :]


def count_frames(data: bytes) -> tuple[int, bytes]:
    """Return how many whole frames `data` begins with, and what is left."""
    count = position = 0
    while position + 2 < len(data):
        size, start = data[position], position + 1
        if size > 0x7F:
            size, start = size - 0x80 + (data[start] << 7), start + 1
        if start + size > len(data):
            break
        count, position = count + 1, start + size
    return count, data[position:]


def steady(millions: int) -> None:
    """Print the growth between one million points and `millions`, with a hundred groups."""
    block = b"".join(narrow(number, f"host{number % GROUPS}") for number in range(1000))
    marks = [1_000_000 * number for number in range(1, millions + 1)]
    seen = watch("average", (block for _ in range(1000 * millions + 10)), marks, 1000)
    growth = (seen[-1] - seen[0]) / 1024
    print(f"moving average, {GROUPS} groups: {seen[0] / 1024:.1f} MiB after 1 million points,")
    print(f"  {growth:+.2f} MiB after {millions} million (goal: below 1 MB)")


def churning(thousands: int) -> None:
    """Print the growth with ever new groups, and expiry on."""

    def blocks() -> Iterator[bytes]:
        for start in range(0, thousands * 1000, 1000):
            yield b"".join(narrow(start + n, f"host{start + n}") for n in range(1000))

    marks = [100_000, thousands * 1000]
    seen = watch("expiring", blocks(), marks, 1000)
    growth = (seen[-1] - seen[0]) / 1024
    print(f"expiring average, {thousands:,} thousand groups: {seen[0] / 1024:.1f} MiB after 100,")
    print(f"  {growth:+.2f} MiB after all of them")


def main() -> None:
    """Run both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--millions", type=int, default=5)
    parser.add_argument("--groups", type=int, default=1000, help="in thousands")
    arguments = parser.parse_args()
    steady(arguments.millions)
    churning(arguments.groups)


if __name__ == "__main__":
    main()
