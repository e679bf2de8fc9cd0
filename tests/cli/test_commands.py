"""The commands on good input."""

from __future__ import annotations

import csv
import json

import pytest

from captures import DATA, answers, captured, requests, responses
from kapnb import __version__
from kapnb.simulation import Transcript
from notebooks import write_notebook

HOST = DATA / "recordings" / "host_cpu.srpl"
BATCHES = DATA / "recordings" / "host_cpu_batch.brpl"

NOTEBOOK = """\
# %%
%load_ext kapnb
# %%
from kapnb import Handler, udf
# %%
FACTOR = 2.0
# %%
@udf
class Scaled(Handler):
    def point(self, point):
        yield point.with_fields(scaled=FACTOR * point.fields["usage_user"])
# %%
raise RuntimeError("a target is not executed as a notebook")
"""


def simulate(kapnb, *arguments: object) -> str:
    done = kapnb("simulate", *arguments)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def test_outputs_are_json_lines(kapnb, handler, tmp_path):
    """One object a point, with name, time, group, dimensions, by_name, tags and fields."""
    simulate(
        kapnb, handler, "--data", HOST, "--option", "field=usage_user", "--option", "size=20",
        "--group-by", "cpu", "--out", "out.jsonl",
    )  # fmt: skip

    records = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert len(records) == 2484
    assert records[3] == {
        "name": "cpu",
        "time": 1795306144843793630,
        "group": "cpu=cpu-total",
        "dimensions": ["cpu"],
        "by_name": False,
        "tags": {"cpu": "cpu-total", "host": "edge01"},
        "fields": {
            "mean": 0.49505,
            "usage_idle": 98.0198,
            "usage_iowait": 0.0,
            "usage_system": 0.9901,
            "usage_user": 0.9901,
        },
    }


def test_without_out_the_lines_go_to_stdout(kapnb, handler):
    """So that they can be piped; the summary goes to stderr."""
    out = simulate(kapnb, handler, "--data", HOST, "--option", "field=usage_user")

    assert len(out.splitlines()) == 2484


def test_batches_are_bracketed(kapnb, tmp_path):
    """A batch is a begin object, its points, an end object."""
    script = tmp_path / "batches.py"
    script.write_text(
        "from kapnb import BATCH, Handler\n\n\n"
        "class Mirror(Handler):\n    wants = provides = BATCH\n"
    )

    lines = simulate(kapnb, script, "--data", BATCHES).splitlines()

    records = [json.loads(line) for line in lines]
    kinds = [record.get("kind", "point") for record in records]
    assert (kinds.count("begin"), kinds.count("end"), kinds.count("point")) == (42, 42, 2514)
    begin, end = records[0], records[kinds.index("end")]
    assert begin["size"] == kinds.index("end") - 1
    assert end["tmax"] == 1795306173000000000
    assert (begin["group"], begin["tags"]) == ("cpu=cpu-total", {"cpu": "cpu-total"})


def test_outputs_are_csv(kapnb, handler, tmp_path):
    """A column a tag and a field."""
    simulate(
        kapnb, handler, "--data", HOST, "--option", "field=usage_user", "--out", "out.csv"
    )  # fmt: skip

    rows = list(csv.DictReader((tmp_path / "out.csv").read_text().splitlines()))
    assert len(rows) == 2484
    assert rows[0]["time"] == "1795306144343741477"
    assert float(rows[0]["mean"]) == 0.0


def test_the_transcript_can_be_read_back(kapnb, handler, tmp_path):
    """It holds init, every point both ways, and a snapshot."""
    simulate(
        kapnb, handler, "--data", HOST, "--option", "field=usage_user",
        "--transcript", "run.txt", "--out", "out.csv",
    )  # fmt: skip

    transcript = Transcript.load(tmp_path / "run.txt")
    assert len(transcript) == 2 * (1 + 2484 + 1)


@pytest.mark.parametrize("data", ["data.csv", "data.lp"])
def test_csv_and_line_protocol_are_read(kapnb, handler, tmp_path, data):
    """The same points from either."""
    (tmp_path / "data.csv").write_text(
        "time,host,x\n2026-01-01T00:00:00Z,a,1.5\n2026-01-01T00:00:01Z,b,2.5\n"
    )
    (tmp_path / "data.lp").write_text(
        "data,host=a x=1.5 1767225600000000000\ndata,host=b x=2.5 1767225601000000000\n"
    )

    out = simulate(kapnb, handler, "--data", data, "--option", "field=x", "--group-by", "host")

    records = [json.loads(line) for line in out.splitlines()]
    assert [record["group"] for record in records] == ["host=a", "host=b"]
    assert [record["fields"] for record in records] == [
        {"mean": 1.5, "x": 1.5},
        {"mean": 2.5, "x": 2.5},
    ]
    assert {record["name"] for record in records} == {"data"}


def test_run_answers_a_captured_session(kapnb, handler):
    """A script is an agent on stdio without a line about it."""
    done = kapnb("run", handler, input=captured("i1_host_moving_avg", "in"))

    # Its `as` option is not declared here, so init is refused, in words, and the process ends.
    assert done.returncode == 0
    (init,) = responses(done.stdout)
    assert init.error == "unknown option 'as' (options: field, size)"


def test_run_takes_a_module_and_a_class(kapnb, tmp_path):
    """``module:Class`` is looked up from the current folder."""
    (tmp_path / "mine.py").write_text(
        "from kapnb import Handler\nprint('loading')\n\n\nclass Mirror(Handler):\n    pass\n"
    )
    sent = captured("r1_replay_stream_mirror", "in")

    done = kapnb("run", "mine:Mirror", input=sent)

    assert done.returncode == 0
    expected = captured("r1_replay_stream_mirror", "out")
    assert answers(responses(done.stdout)) == answers(responses(expected))
    assert b"loading" in done.stderr


def test_run_takes_a_notebook_and_does_not_execute_it(kapnb, tmp_path):
    """The Handler and what it needs are taken out of their cells."""
    notebook = write_notebook(tmp_path / "scaled.ipynb", NOTEBOOK)
    sent = captured("i1_host_moving_avg", "in")

    done = kapnb("simulate", notebook, "--data", HOST)

    assert done.returncode == 0, done.stderr.decode()
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(r["fields"]["scaled"] == 2 * r["fields"]["usage_user"] for r in records)
    assert len(requests(sent)) > 0


def test_version_and_doctor(kapnb):
    """What a bug report needs."""
    assert kapnb("--version").stdout.decode() == f"kapnb {__version__}\n"
    report = kapnb("doctor")
    assert report.returncode == 0
    assert [line.split()[0] for line in report.stdout.decode().splitlines()][:3] == [
        "kapnb",
        "Python",
        "protobuf",
    ]
