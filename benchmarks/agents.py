"""Agents side by side: points per second, CPU a point, round trip, start.

All in one run, interleaved, so that what else the machine does falls on all of them; quote the
ratios, not the figures. Official agents are measured if they are there:

KAPACITOR_AGENT
    Folder to put on PYTHONPATH, the one that holds ``kapacitor/udf/agent.py``.
KAPACITOR_GO_AGENT
    Folder with stdio agents built on the official Go package: executables named ``mirror``,
    ``average`` and ``batch``, each the handler of that name in `handlers/official.py`.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from load import WORKLOADS, init, narrow

HANDLERS = Path(__file__).parent / "handlers"
INFO = bytes.fromhex("020a00")
#: Length of a successful answer to init, in bytes.
INIT_ANSWER = 5
ROUND_TRIPS = 2000

Command = tuple[list[str], dict[str, str]]


def agents() -> dict[str, Callable[[str], Command]]:
    """Return name → ``command(handler)`` of every agent that is there; the first is the measure."""
    found: dict[str, Callable[[str], Command]] = {}
    official, go = os.environ.get("KAPACITOR_AGENT"), os.environ.get("KAPACITOR_GO_AGENT")
    python = sys.executable
    if official:
        found["official Python -u"] = lambda name: (
            [python, "-u", str(HANDLERS / "official.py"), name],
            {"PYTHONPATH": official},
        )
    if go:
        found["official Go"] = lambda name: ([str(Path(go) / name)], {})
    found["kapnb"] = lambda name: ([python, str(HANDLERS / "native.py"), name], {})
    found["kapnb, official API"] = lambda name: (
        [python, "-m", "kapnb", "run", str(HANDLERS / "official.py"), name],
        {},
    )
    return found


def environment(extra: dict[str, str]) -> dict[str, str]:
    """Return the environment of an agent; Kapacitor sets no PYTHONUNBUFFERED."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    return {**kept, **extra}


def children_cpu() -> float:
    """Return the seconds of CPU that ended children have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def pump(command: Command, chunks: Iterator[bytes]) -> tuple[float, float]:
    """Run an agent on `chunks`; return its CPU and the time that passed, in seconds."""
    arguments, extra = command
    cpu, began = children_cpu(), time.perf_counter()
    process = subprocess.Popen(
        arguments,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment(extra),
        bufsize=0,
    )
    assert process.stdin is not None
    assert process.stdout is not None

    def drain() -> None:
        while process.stdout.read(1 << 20):
            pass

    reader = threading.Thread(target=drain)
    reader.start()
    with process.stdin as pipe:
        for chunk in chunks:
            view = memoryview(chunk)
            while view:
                view = view[pipe.write(view) :]
    reader.join()
    if process.wait():
        raise SystemExit(f"{arguments} ended with status {process.returncode}")
    process.stdout.close()
    return children_cpu() - cpu, time.perf_counter() - began


def throughput(rounds: int, count: int) -> None:
    """Print points per second and CPU a point, without the start, for each workload."""
    print(f"\n{count:,} points over pipes; medians of {rounds} interleaved rounds")
    for workload, (name, chunks) in WORKLOADS.items():
        figures: dict[str, list[tuple[float, float]]] = {}
        for _ in range(rounds):
            for agent, command in agents().items():
                idle = pump(command(name), iter([init()]))
                full = pump(command(name), chunks(count))
                figures.setdefault(agent, []).append((full[0] - idle[0], full[1] - idle[1]))
        print(f"\n  {workload}")
        first = next(iter(figures.values()))
        for agent, runs in figures.items():
            cpu = statistics.median(run[0] for run in runs) / count * 1e6
            rate = count / statistics.median(run[1] for run in runs)
            ratio = statistics.median(a[0] / b[0] for a, b in zip(first, runs, strict=True))
            print(f"    {agent:<22} {rate:>10,.0f} points/s {cpu:>8.2f} µs CPU  {ratio:.2f} x")


def socket_throughput(rounds: int, count: int) -> None:
    """Print the same for kapnb's native Handlers at a Unix socket."""
    import socket

    print("\n  kapnb at a Unix socket")
    for workload, (name, chunks) in WORKLOADS.items():
        runs = []
        for _ in range(rounds):
            with tempfile.TemporaryDirectory() as folder:
                path = str(Path(folder) / "agent.sock")
                cpu = children_cpu()
                process = subprocess.Popen(
                    [sys.executable, str(HANDLERS / "native.py"), name, "--socket", path],
                    env=environment({}),
                )
                peer = connected(socket.socket(socket.AF_UNIX), path, process)
                began = time.perf_counter()
                reader = threading.Thread(target=drain_socket, args=(peer,))
                reader.start()
                for chunk in chunks(count):
                    peer.sendall(chunk)
                peer.shutdown(socket.SHUT_WR)
                reader.join()
                passed = time.perf_counter() - began
                peer.close()
                process.terminate()
                process.wait()
                runs.append((children_cpu() - cpu, passed))
        cpu = statistics.median(run[0] for run in runs) / count * 1e6
        rate = count / statistics.median(run[1] for run in runs)
        print(f"    {workload:<22} {rate:>10,.0f} points/s {cpu:>8.2f} µs CPU, start included")


def connected(peer: object, path: str, process: subprocess.Popen[bytes]) -> object:
    """Return `peer` when the agent listens at `path`."""
    while process.poll() is None:
        try:
            peer.connect(path)
        except OSError:
            time.sleep(0.01)
        else:
            return peer
    raise SystemExit(f"the socket agent ended with status {process.returncode}")


def drain_socket(peer: object) -> None:
    """Read what the agent says to its end."""
    while peer.recv(1 << 20):
        pass


def round_trips() -> None:
    """Print how long a lone point takes to come back."""
    print(f"\nround trip of a lone point, {ROUND_TRIPS} each")
    request = narrow(1, "host1")
    first = 0.0
    for agent, command in agents().items():
        arguments, extra = command("mirror")
        taken = lone_points(arguments, extra, request)
        p50, p99 = taken[len(taken) // 2], taken[len(taken) * 99 // 100]
        first = first or p50
        print(f"    {agent:<22} p50 {p50 * 1e6:>7.0f} µs  p99 {p99 * 1e6:>7.0f} µs")


def lone_points(arguments: list[str], extra: dict[str, str], request: bytes) -> list[float]:
    """Return the sorted times of single points there and back, in seconds."""
    process = subprocess.Popen(
        arguments,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment(extra),
        bufsize=0,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(init())
    process.stdout.read(INIT_ANSWER)
    taken = []
    for _ in range(ROUND_TRIPS):
        began = time.perf_counter()
        process.stdin.write(request)
        missing = len(request)  # the mirror's answer is as long
        while missing > 0:
            missing -= len(process.stdout.read(missing))
        taken.append(time.perf_counter() - began)
    process.stdin.close()
    process.wait()
    process.stdout.close()
    return sorted(taken)


def starts(rounds: int) -> None:
    """Print the time from the start of the process to its first info answer."""
    print(f"\nstart to the first info answer, medians of {3 * rounds}")
    bare = "import os; os.read(0, 3); os.write(1, bytes.fromhex('020a00'))"
    protobuf = f"from google.protobuf import descriptor_pool, message_factory; {bare}"
    commands = {agent: command("mirror") for agent, command in agents().items()}
    commands["Python + protobuf"] = ([sys.executable, "-c", protobuf], {})
    commands["bare Python"] = ([sys.executable, "-c", bare], {})
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(3 * rounds):
        for name, command in commands.items():
            taken[name].append(first_answer(*command))
    first = statistics.median(next(iter(taken.values())))
    for name, times in taken.items():
        middle = statistics.median(times)
        print(f"    {name:<22} {middle * 1000:>7.1f} ms  {middle / first:.2f} of the first")


def first_answer(arguments: list[str], extra: dict[str, str]) -> float:
    """Return the seconds from the start of a process to its first byte."""
    began = time.perf_counter()
    with subprocess.Popen(
        arguments,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment(extra),
        bufsize=0,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(INFO)
        process.stdout.read(1)
        return time.perf_counter() - began


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--only", choices=["throughput", "socket", "round-trip", "start"])
    arguments = parser.parse_args()
    steps = {
        "throughput": lambda: throughput(arguments.rounds, arguments.points),
        "socket": lambda: socket_throughput(arguments.rounds, arguments.points),
        "round-trip": round_trips,
        "start": lambda: starts(arguments.rounds),
    }
    for name, step in steps.items():
        if arguments.only in (None, name):
            step()


if __name__ == "__main__":
    main()
