"""What is wrong ends in one message that names the place and the remedy; no file is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from captures import DATA
from notebooks import write_notebook

HEAD = """\
# %%
import pandas as pd
from kapnb import Handler, Point, simulate, udf
DATA = [Point({"x": 1.0}, time=1, name="m")]
"""

NOTEBOOKS = {
    "no marked Handler": (
        HEAD
        + """\
# %%
class Mirror(Handler):
    pass
""",
        ["KN101", "@udf"],
    ),
    "two marked Handlers": (
        HEAD
        + """\
# %%
@udf
class One(Handler):
    pass
# %%
@udf
class Two(Handler):
    pass
""",
        ["KN102", "One", "Two", "cell 2", "cell 3"],
    ),
    "an undefined name": (
        HEAD
        + """\
# %%
@udf
class Mirror(Handler):
    def point(self, point):
        yield point.with_fields(y=factr * 2)
# %%
factor = 2
""",
        ["KN201", "cell 2, line 4", "factr", "factor"],
    ),
    "a magic in the closure": (
        HEAD
        + """\
# %%
hosts = !hostname
# %%
@udf
class Mirror(Handler):
    def point(self, point):
        yield point.with_tags(host=hosts[0])
""",
        ["KN204", "cell 2, line 1", "hosts"],
    ),
    "a DataFrame from another cell": (
        HEAD
        + """\
# %%
frame = pd.DataFrame({"limit": [1.0]})
# %%
@udf
class Mirror(Handler):
    def point(self, point):
        yield point.with_fields(limit=frame["limit"][0])
""",
        ["KN207", "cell 2", "frame", "Option"],
    ),
    "no simulation": (
        HEAD
        + """\
# %%
@udf
class Mirror(Handler):
    pass
""",
        ["KN402", "simulate(Mirror"],
    ),
    "a simulation without output": (
        HEAD
        + """\
# %%
@udf
class Silent(Handler):
    def point(self, point):
        pass
simulate(Silent, DATA)
""",
        ["KN402", "no simulation of Silent has any output"],
    ),
    "a cell that fails": (
        HEAD
        + """\
# %%
@udf
class Mirror(Handler):
    pass
# %%
simulate(Mirror, DATA)
1 / 0
""",
        ["KN401", "cell 3, line 2", "ZeroDivisionError"],
    ),
    "answers that differ": (
        HEAD
        + """\
# %%
import random
@udf
class Dice(Handler):
    def point(self, point):
        yield point.with_fields(dice=random.random())
simulate(Dice, DATA)
""",
        ["KN403", "answer 2 ", "notebook", "script", "fields.dice", "←"],
    ),
}


@pytest.mark.parametrize("case", NOTEBOOKS)
def test_a_notebook_that_cannot_be_exported(kapnb, tmp_path, case):
    """The message names cell, line and remedy; exit 1; nothing lies in the output folder."""
    text, expected = NOTEBOOKS[case]
    notebook = write_notebook(tmp_path / "bad.ipynb", text)

    done = kapnb("export", notebook, "-o", "out")

    message = done.stderr.decode()
    assert done.returncode == 1
    assert "bad.ipynb" in message or case == "answers that differ"
    assert [part for part in expected if part not in message] == []
    assert "Traceback" not in message
    assert not (tmp_path / "out").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.ipynb"]


MIRRORS = """\
from kapnb import BATCH, STREAM, Handler


class Points(Handler):
    pass


class Batches(Handler):
    wants = provides = BATCH
"""


def _csv(folder: Path) -> Path:
    path = folder / "data.csv"
    path.write_text("when,x\n2026-01-01T00:00:00Z,1.5\n")
    return path


def _truncated(folder: Path) -> Path:
    path = folder / "cut.srpl"
    path.write_bytes((DATA / "recordings" / "host_cpu.srpl").read_bytes()[:9000])
    return path


def _truncated_batch(folder: Path) -> Path:
    path = folder / "cut.brpl"
    path.write_bytes((DATA / "recordings" / "host_cpu_batch.brpl").read_bytes()[:9000])
    return path


def _bad_line(folder: Path) -> Path:
    path = folder / "bad.srpl"
    path.write_text("db\nrp\ncpu v=1 1\ndb\nrp\ncpu v= 2\ndb\nrp\ncpu v=3 3\n")
    return path


def _bad_row(folder: Path) -> Path:
    path = folder / "rows.csv"
    path.write_text("time,x\n2026-01-01T00:00:00Z,1.5\nyesterday,2.5\n")
    return path


@pytest.mark.parametrize(
    ("make", "handler", "expected"),
    [
        (_csv, "Points", ["data.csv", "time", "when"]),
        (_bad_line, "Points", ["bad.srpl", "line 6, column 7", "missing field value"]),
        (_bad_row, "Points", ["rows.csv", "row 3", "yesterday"]),
    ],
)
def test_data_that_cannot_be_read(kapnb, tmp_path, make, handler, expected):
    """The message names the file and the byte or row; exit 1; no output file."""
    data = make(tmp_path)
    (tmp_path / "mirrors.py").write_text(MIRRORS)

    done = kapnb("simulate", f"mirrors:{handler}", "--data", data, "--out", "o.jsonl")

    message = done.stderr.decode()
    assert done.returncode == 1
    assert [part for part in expected if part not in message] == []
    assert "Traceback" not in message
    assert not (tmp_path / "o.jsonl").exists()


def test_a_query_is_data_too(kapnb, tmp_path):
    """Its address reaches the Source as it is; here nobody listens."""
    (tmp_path / "mirrors.py").write_text(MIRRORS)

    done = kapnb(
        "simulate", "mirrors:Points", "--data", "influxdb://127.0.0.1:1/db?q=x&edge=stream"
    )

    assert done.returncode == 1
    assert b"InfluxDB 127.0.0.1:1, database 'db': the server cannot be reached" in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("make", "handler", "expected"),
    [(_truncated, "Points", 1318), (_truncated_batch, "Batches", 1254)],
)
def test_what_is_sound_of_a_damaged_recording_is_used(kapnb, tmp_path, make, handler, expected):
    """The report names file and byte, and the exit status tells a script that something is amiss."""
    data = make(tmp_path)
    (tmp_path / "mirrors.py").write_text(MIRRORS)

    done = kapnb("simulate", f"mirrors:{handler}", "--data", data, "--out", "o.jsonl")

    assert done.returncode == 1
    (report,) = (line for line in done.stderr.decode().splitlines() if "warning" in line)
    assert report.startswith(f"warning: {data}")
    assert "byte 9000" in report
    records = (tmp_path / "o.jsonl").read_text().splitlines()
    assert sum('"fields"' in record for record in records) == expected


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("size=1.5", "option 'size' expects INT; '1.5' is none"),
        ("siz=3", 'no method or property "siz" on *pipeline.UDFNode (options: field, size)'),
    ],
)
def test_options_are_refused_in_kapacitors_words(kapnb, handler, option, expected):
    """The message is the one of ``kapacitor define``."""
    data = DATA / "recordings" / "host_cpu.srpl"

    done = kapnb("simulate", handler, "--data", data, "--option", "field=x", "--option", option)

    assert (done.returncode, done.stderr.decode()) == (1, f"kapnb: {expected}\n")


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("nowhere.py", "there is no such file"),
        ("json:loads", "not a subclass"),
        ("json:Nothing", "has no Nothing"),
        ("no_such_module:X", "No module named"),
    ],
)
def test_a_target_that_is_none(kapnb, target, expected):
    """The message says what is missing; exit 1."""
    done = kapnb("simulate", target, "--data", "x.lp")

    assert done.returncode == 1
    assert expected in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()


def test_debug_shows_the_traceback(kapnb):
    """Expected failures hide it unless asked."""
    done = kapnb("simulate", "nowhere.py", "--data", "x.lp", "--debug")

    assert "Traceback" in done.stderr.decode()


def test_wrong_usage_is_exit_2(kapnb):
    """As every Unix command has it."""
    assert kapnb("simulate").returncode == 2
    assert kapnb("simulate", "x.py", "--data", "x.lp", "--out", "x.txt").returncode == 2


def test_arguments_of_a_script_that_is_only_imported_are_refused(kapnb):
    """On a socket of ours the script is not run, so nobody would see them."""
    done = kapnb("run", "old.py", "--socket", "udf.sock", "--", "--fast")

    assert done.returncode == 1
    assert "it gets no arguments (--fast)" in done.stderr.decode()


def test_an_option_that_there_is_not_is_wrong_usage(kapnb):
    """Also where arguments of a script may follow."""
    done = kapnb("run", "old.py", "--supervised", "--", "--fast")

    assert done.returncode == 2
    assert "unrecognized arguments: --supervised" in done.stderr.decode()
