"""The experiment of notebook 05 by one command: without servers, and with them.

Kapacitor itself is in no package index: two small programs stand for it, which read the
configuration, wait for the data in a real InfluxDB, and start the UDF as it says.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "notebooks" / "experiment"
EXAMPLE = (FOLDER / "example_output" / "udf.log").read_text(encoding="utf-8")


def run(folder, *arguments, path=None):
    """Run the command; return its status and what it said."""
    done = subprocess.run(
        [sys.executable, FOLDER / "run.py", folder / "out", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": path or os.environ["PATH"]},
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_without_servers_the_log_is_that_of_the_example(tmp_path):
    """Every step is told, and the folder holds what came of it."""
    status, said = run(tmp_path, "--simulate", "--speed", "1000")

    steps = list(dict.fromkeys(line.split()[0] for line in said.splitlines() if line[0] != " "))
    assert status == 0, said
    assert steps == ["servers", "udf", "define", "data", "record", "replay", "log"]
    assert (tmp_path / "out" / "udf.log").read_text(encoding="utf-8") == EXAMPLE
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "experiment.srpl",
        "udf.log",
    ]


def test_a_second_time_takes_the_place_of_the_first(tmp_path):
    """As the original deletes its recording before."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "experiment.srpl").write_text("of the last time")

    status, said = run(tmp_path, "--simulate", "--speed", "1000", "--seconds", "2")

    assert status == 0, said
    assert "6 points in experiment.srpl" in said


KAPACITORD = """\
#!{python}
import http.server, sys, tomllib, pathlib, shutil
config = pathlib.Path(sys.argv[sys.argv.index("-config") + 1])
conf = tomllib.loads(config.read_text())
shutil.copy(config, {shared!r} + "/kapacitor.conf")

class Ping(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(204 if self.path == "/kapacitor/v1/ping" else 404)
        self.end_headers()

host, port = conf["http"]["bind-address"].split(":")
http.server.HTTPServer((host, int(port)), Ping).serve_forever()
"""

KAPACITOR = """\
#!{python}
import json, pathlib, subprocess, sys, time, tomllib, urllib.parse, urllib.request
from kapnb import simulate
from kapnb.sources import LineProtocol, write_recording
from kapnb_exporter.target import load

shared = pathlib.Path({shared!r})
conf = tomllib.loads((shared / "kapacitor.conf").read_text())
words = sys.argv[1:]
with (shared / "commands").open("a") as log:
    print(*words[2:], file=log)
assert words[:2] == ["-url", "http://" + conf["http"]["bind-address"]], words

def rows():
    text = urllib.parse.urlencode(dict(
        db="historian", epoch="ns", q="SELECT * FROM measurement_100, measurement_105"))
    with urllib.request.urlopen(conf["influxdb"][0]["urls"][0] + "/query?" + text) as answer:
        series = json.load(answer)["results"][0].get("series", [])
    return [(one["name"], row) for one in series for row in one["values"]]

if words[2] == "define":
    (shared / "script").write_text(pathlib.Path(words[words.index("-tick") + 1]).read_text())
elif words[2] == "record":
    while len(found := rows()) < 4:  # a recording ends with the data that come after it
        time.sleep(0.1)
    lines = ["%s,ID=%s value=%si %s" % (name, row[1], row[2], row[0]) for name, row in found]
    (shared / "data.lp").write_text("\\n".join(lines) + "\\n")
elif words[2] == "replay":
    udf = conf["udf"]["functions"]["scaled"]
    handler = load(pathlib.Path(udf["args"][-1]))
    played = simulate(handler, shared / "data.lp", tick=(shared / "script").read_text(),
                      database="historian")
    done = subprocess.run([udf["prog"], *udf["args"]], input=played.udf().transcript.requests,
                          capture_output=True, check=True)
    with open(conf["logging"]["file"], "a") as log:
        for line in done.stderr.decode().splitlines():
            print('lvl=info msg="UDF log" service=udf text=' + json.dumps(line), file=log)
"""


@pytest.fixture
def programs(tmp_path):
    """Return a PATH with stand-ins for Kapacitor, and the folder in which they leave traces."""
    folder, shared = tmp_path / "bin", tmp_path / "shared"
    folder.mkdir()
    shared.mkdir()
    for name, text in {"kapacitord": KAPACITORD, "kapacitor": KAPACITOR}.items():
        program = folder / name
        program.write_text(text.format(python=sys.executable, shared=str(shared)))
        program.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}", shared


@pytest.mark.influxdb
@pytest.mark.usefixtures("influxdb_port")
def test_with_servers_it_takes_the_way_of_the_original(tmp_path, programs):
    """Live data in InfluxDB; define, record, replay by Kapacitor; its log is looked through."""
    path, shared = programs

    status, said = run(tmp_path, "--seconds", "2", path=path)

    assert status == 0, said
    assert (shared / "commands").read_text().splitlines() == [
        f"define scaled -tick {FOLDER / 'scaled.tick'}",
        "record stream -task scaled -duration 2s -recording-id experiment",
        "replay -task scaled -recording experiment -rec-time",
    ]
    log = (tmp_path / "out" / "kapacitor.log").read_text()
    assert 'text="INFO scaled: STREAM-A: option every is 2s"' in log
    assert 'text="DEBUG scaled: STREAM-A: measurement_105 has 10"' in log
    assert "lines with STREAM-A" in said


@pytest.mark.influxdb
@pytest.mark.usefixtures("influxdb_port")
def test_a_server_that_does_not_start_is_told_with_its_words(tmp_path, programs):
    """And those that did are stopped."""
    path, _ = programs
    daemon = Path(path.partition(":")[0], "kapacitord")
    daemon.write_text("#!/bin/sh\necho 'no license to run' >&2\nexit 3\n")

    status, said = run(tmp_path, path=path)

    assert status == 1
    assert "no license to run" in said
    assert "Traceback" not in said
