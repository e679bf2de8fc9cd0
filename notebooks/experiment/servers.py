"""InfluxDB 1.x and Kapacitor for the experiment: started for it alone, and stopped at its end.

They listen on loopback only, and keep all that they have in the folder that is given.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

from kapnb import KapnbError
from kapnb.model import to_line
from kapnb.sources.synthetic import experiment, live

#: Seconds for a server to answer, and between two looks.
_START_S, _LOOK_S = 60.0, 0.2
#: More data than any recording needs: one ends only with a point that is newer.
_DATA_S = 600

INFLUXDB = """\
reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
  dir = "{folder}/meta"
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
[http]
  bind-address = "127.0.0.1:{http}"
[monitor]
  store-enabled = false
"""
KAPACITOR = """\
hostname = "localhost"
data_dir = "{folder}"

[http]
  bind-address = "127.0.0.1:{http}"

[replay]
  dir = "{folder}/replay"

[storage]
  boltdb = "{folder}/kapacitor.db"

[task]
  dir = "{folder}/tasks"
  snapshot-interval = "60s"

[load]
  enabled = false
  dir = "{folder}/load"

[logging]
  file = "{log}"
  level = "INFO"

[[influxdb]]
  enabled = true
  default = true
  name = "localhost"
  urls = ["http://127.0.0.1:{influxdb}"]
  subscription-protocol = "http"
  subscriptions-sync-interval = "1s"

[reporting]
  enabled = false

[stats]
  enabled = false

[udf.functions.scaled]
  prog = "{prog}"
  args = [{args}]
  timeout = "10s"
"""


def against_servers(
    folder: Path,
    seconds: int,
    command: Sequence[str],
    script: Path,
    say: Callable[[str, str], None],
) -> Path:
    """Record and replay with Kapacitor; return its log.

    Parameters
    ----------
    folder : Path
        Where all is kept.
    seconds : int
        How long to record.
    command : sequence of str
        How Kapacitor starts the UDF.
    script : Path
        The TICKscript.
    say : callable
        Called with a step and what happens in it.
    """
    log = folder / "kapacitor.log"
    influxdb, rpc, kapacitor = _free_ports(3)
    with contextlib.ExitStack() as servers:
        servers.enter_context(_influxdb(folder / "influxdb", influxdb, rpc))
        address = f"http://127.0.0.1:{influxdb}"
        _post(f"{address}/query", {"q": 'CREATE DATABASE "historian"'})
        servers.enter_context(
            _kapacitor(folder / "kapacitor", kapacitor, influxdb, command, log)
        )
        say("servers", f"InfluxDB at {address}, Kapacitor at http://127.0.0.1:{kapacitor}")
        servers.enter_context(_generator(address))
        say("data", "two series arrive, every second, until the end")

        def client(*words: str) -> str:
            url = f"http://127.0.0.1:{kapacitor}"
            return _run(["kapacitor", "-url", url, *words], seconds + _START_S)

        client("define", "scaled", "-tick", str(script))
        say("define", f"{script.name} is task scaled")
        span = f"{seconds}s"
        words = "-task", "scaled", "-duration", span, "-recording-id", "experiment"
        client("record", "stream", *words)
        say("record", f"{span} as recording experiment")
        client("replay", "-task", "scaled", "-recording", "experiment", "-rec-time")
        say("replay", "done")
    return log


@contextlib.contextmanager
def _influxdb(folder: Path, port: int, rpc: int) -> Iterator[None]:
    folder.mkdir()
    config = folder / "influxdb.conf"
    config.write_text(INFLUXDB.format(folder=folder, http=port, rpc=rpc), encoding="utf-8")
    with _server(["influxd", "-config", str(config)], folder, f"http://127.0.0.1:{port}/ping"):
        yield


@contextlib.contextmanager
def _kapacitor(
    folder: Path, port: int, influxdb: int, command: Sequence[str], log: Path
) -> Iterator[None]:
    folder.mkdir()
    prog, *args = command
    text = KAPACITOR.format(
        folder=folder,
        http=port,
        influxdb=influxdb,
        log=log,
        prog=prog,
        args=", ".join(f'"{word}"' for word in args),
    )
    config = folder / "kapacitor.conf"
    config.write_text(text, encoding="utf-8")
    ping = f"http://127.0.0.1:{port}/kapacitor/v1/ping"
    with _server(["kapacitord", "-config", str(config)], folder, ping):
        yield


@contextlib.contextmanager
def _server(command: Sequence[str], folder: Path, ping: str) -> Iterator[None]:
    """Start a server, wait until it answers, stop it at the end."""
    said = folder / "said.txt"
    with said.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)  # noqa: S603
        try:
            _await_answer(process, ping, said)
            yield
        finally:
            process.terminate()
            try:
                process.wait(_START_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _await_answer(process: subprocess.Popen[bytes], ping: str, said: Path) -> None:
    deadline = time.monotonic() + _START_S
    while True:
        with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            _get(ping)
            return
        if process.poll() is not None or time.monotonic() > deadline:
            end = said.read_text(encoding="utf-8", errors="replace")[-2000:]
            raise KapnbError(f"{process.args!r} does not answer:\n{end}")
        time.sleep(_LOOK_S)


@contextlib.contextmanager
def _generator(address: str) -> Iterator[None]:
    """Write the data of the experiment as time goes by, in a thread."""
    ended = threading.Event()
    failures: list[Exception] = []
    write = f"{address}/write?db=historian&rp=autogen&precision=n"

    def run() -> None:
        data = experiment(seconds=_DATA_S, start=time.time_ns())
        try:
            for point in live(data, sleep=lambda seconds: ended.wait(seconds) and None):
                if ended.is_set():
                    return
                _post_body(write, f"{to_line(point)}\n".encode())
        except Exception as error:  # it is told at the end
            failures.append(error)

    thread = threading.Thread(target=run, name="experiment-data")
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
    if failures:
        raise KapnbError(f"the data could not be written: {failures[0]}")


def _run(command: Sequence[str], within_s: float) -> str:
    done = subprocess.run(  # noqa: S603
        command, capture_output=True, text=True, timeout=within_s, check=False
    )
    if done.returncode:
        raise KapnbError(f"{' '.join(command)} failed: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as held:
        sockets: list[socket.socket] = []
        for _ in range(count):
            sockets.append(held.enter_context(socket.socket()))
            sockets[-1].bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def _get(url: str) -> None:
    with urllib.request.urlopen(url, timeout=5):  # noqa: S310  # our own, on loopback
        pass


def _post(url: str, values: dict[str, str]) -> None:
    _post_body(url, urllib.parse.urlencode(values).encode())


def _post_body(url: str, body: bytes | IO[bytes]) -> None:
    with urllib.request.urlopen(url, data=body, timeout=5):  # noqa: S310  # our own, on loopback
        pass
