"""The experiment with UDF options, whole: live data, define, record, replay, log.

`make experiment` runs it. Where kapacitord, kapacitor and influxd are on the path they are
started, on free ports and with all their data in the output folder; elsewhere kapnb plays their
part. Either way the UDF is a process that runs the Handler of the notebook, and what it logs is
what the experiment is about.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from kapnb import KapnbError, simulate
from kapnb.model import InfoRequest, InfoResponse, Point
from kapnb.simulation import check_tick
from kapnb.sources import write_recording
from kapnb.sources.synthetic import experiment, live
from kapnb.testing import Kapacitor
from kapnb_exporter.target import load

HERE = Path(__file__).parent
NOTEBOOK = HERE.parent / "05_options_from_the_script.ipynb"
SCRIPT = HERE / "scaled.tick"
#: How Kapacitor starts the UDF.
COMMAND = [sys.executable, "-m", "kapnb", "run", str(NOTEBOOK)]
#: What lines of the log are looked for.
MARK = "STREAM-A"
#: What is kept of it.
KEPT = ("experiment.srpl", "influxdb", "kapacitor", "kapacitor.log", "udf.log")
PROGRAMS = ("kapacitord", "kapacitor", "influxd")


def say(step: str, text: str) -> None:
    """Tell how far it is."""
    print(f"{step:<9} {text}", flush=True)


def clear(folder: Path) -> None:
    """Remove what the last time has left, and nothing else."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in KEPT:
        path = folder / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def ask_info() -> InfoResponse:
    """Start the UDF once only for its info, as kapacitord does at its start."""
    with Kapacitor(COMMAND, timeout_s=60) as kapacitor:
        kapacitor.send(InfoRequest())
        return kapacitor.receive(InfoResponse)


def tell_info(info: InfoResponse) -> None:
    """Say what options the UDF declares."""
    options = ", ".join(
        f"{name} {types[0].name}" for name, types in sorted(info.options.items())
    )
    say("udf", f"{info.wants.name} to {info.provides.name}, options: {options}")


def simulated(folder: Path, seconds: int, speed: float) -> Path:
    """Do it without servers; return the log."""
    tell_info(ask_info())
    handler = load(NOTEBOOK)
    check = check_tick(SCRIPT, {"scaled": handler})
    refused = check.define or check.enable
    if refused is not None:
        raise refused
    say("define", f"Kapacitor would take {SCRIPT.name}")
    recording = folder / "experiment.srpl"
    arriving = (_told(point) for point in live(experiment(seconds=seconds), speed=speed))
    count = write_recording(arriving, recording)
    say("record", f"{count} points in {recording.name}, after {seconds} s of data")
    run = simulate(handler, recording, tick=SCRIPT, progress=False)
    transcript = run.udf().transcript
    done = subprocess.run(  # noqa: S603  # the notebook's own Handler
        COMMAND, input=transcript.requests, capture_output=True, check=True
    )
    difference = transcript.difference(done.stdout)
    if difference is not None:
        raise KapnbError(f"the UDF's process answers otherwise than the simulation: {difference}")
    say("replay", f"{len(run.written)} points for InfluxDB, as the UDF's process answered")
    log = folder / "udf.log"
    log.write_bytes(done.stderr)
    return log


def _told(point: Point) -> Point:
    say("data", str(point))
    return point


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the experiment; return the exit status."""
    parser = argparse.ArgumentParser(description="The experiment with UDF options, whole.")
    parser.add_argument("folder", type=Path, help="where everything is kept")
    parser.add_argument("--simulate", action="store_true", help="without servers, in any case")
    parser.add_argument("--seconds", type=int, default=5, help="how long to record")
    parser.add_argument(
        "--speed", type=float, default=1.0, help="how fast data arrive without servers"
    )
    chosen = parser.parse_args(arguments)
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    folder = chosen.folder.resolve()
    clear(folder)
    try:
        log = run(chosen, folder, missing)
    except KapnbError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    found = [line for line in log.read_text(encoding="utf-8").splitlines() if MARK in line]
    say("log", f"{len(found)} lines with {MARK} in {log}")
    for line in found:
        print(f"  {line}")
    return 0 if found else 1


def run(chosen: argparse.Namespace, folder: Path, missing: Sequence[str]) -> Path:
    """Do it one way or the other; return the log."""
    if chosen.simulate or missing:
        why = "as asked" if chosen.simulate else f"there is no {', no '.join(missing)}"
        say("servers", f"none ({why}); kapnb plays their part")
        return simulated(folder, chosen.seconds, chosen.speed)
    from servers import against_servers

    return against_servers(folder, chosen.seconds, COMMAND, SCRIPT, say)


if __name__ == "__main__":
    sys.exit(main())
