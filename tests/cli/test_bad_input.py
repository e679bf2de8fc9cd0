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


def _bad_row(folder: Path) -> Path:
    path = folder / "rows.csv"
    path.write_text("time,x\n2026-01-01T00:00:00Z,1.5\nyesterday,2.5\n")
    return path


@pytest.mark.parametrize(
    ("make", "handler", "expected"),
    [
        (_csv, "Points", ["data.csv", "time", "when"]),
        (_truncated, "Points", ["cut.srpl", "byte"]),
        (_truncated_batch, "Batches", ["cut.brpl", "byte"]),
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


def test_supervision_of_a_socket_is_refused():
    """Its connections would not be supervised, and nobody should believe that they are."""
    from argparse import Namespace

    from kapnb.cli._supervise import run_supervised
    from kapnb.errors import TargetError

    with pytest.raises(TargetError, match="--supervise serves stdio"):
        run_supervised(Namespace(socket="/run/udf.sock"))
