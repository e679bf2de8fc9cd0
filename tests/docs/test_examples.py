"""The Python on the pages runs: as it stands, in order, with what its page takes for granted.

A new page's examples compile, at least. One line in `GIVEN` lets them run.
"""

from __future__ import annotations

import ast
import gzip
import os
import sys
import textwrap
from pathlib import Path

import matplotlib as mpl
import pytest

from kapnb import BATCH, Handler, Option
from kapnb.model import Source
from kapnb.notebook import LiveRun
from pages import DOCS, ROOT, blocks

RECORDING = ROOT / "notebooks" / "data" / "host_cpu.srpl"
TICK = """\
dbrp "telegraf"."autogen"
var cpu = stream|from().measurement('cpu').groupBy('cpu')
cpu@band().field('usage_user')|influxDBOut().database('telegraf').measurement('band')
cpu|window().period(1m).every(1m)@outliers()|alert().crit(lambda: "usage_user" > 1.0)
"""


class MovingAverage(Handler):
    """A Handler, as pages take one for granted."""

    field = Option(str)

    def group_state(self):
        return {"sum": 0.0, "count": 0}

    def point(self, point, state):
        state["sum"] += point.fields[self.field]
        state["count"] += 1
        yield point.with_fields(mean=state["sum"] / state["count"])


class Mirror(Handler):
    """Gives points back."""

    def point(self, point):
        yield point


class Outliers(Handler):
    """Gives batches back."""

    wants, provides = BATCH, BATCH

    def batch(self, batch):
        return batch.points


#: By page: what its examples take for granted, as Python.
GIVEN = {
    "conformance.md": "",
    "deploy-open-edge.md": """
        import pandas
        from kapnb import simulate
        Turbine = Mirror
        data = pandas.DataFrame({"x": [1, 2]}, index=pandas.to_datetime([1, 2]))
    """,
    "export.md": """
        import pandas
        data = pandas.DataFrame({"pressure": [1.0, 2.0, 3.0]})
        def fit(data): return {"mean": data.pressure.mean()}
    """,
    "handler.md": "from kapnb import Duration, Option, OptionError",
    "live.md": "from kapnb import Simulation",
    "official-api.md": """
        from kapnb import simulate
        OldHandler = MovingAverage
    """,
    "simulation.md": """
        import kapnb, pandas
        from kapnb import simulate
        Slow = Mirror
        frame = pandas.DataFrame({"x": [1.0, 2.0]}, index=pandas.to_datetime([0, 1]))
    """,
    "socket.md": "from kapnb import Handler",
    "sources.md": "",
    "state.md": "",
    "stress.md": "",
    "testing.md": "Average = MovingAverage",
    "tickscript.md": """
        from kapnb.tick.nodes import Node
        Band = MovingAverage
    """,
    "timemachine.md": "",
    "whatif.md": """
        import pandas
        from kapnb import Option, simulate
        class Jump(Mirror):
            field, size = Option(str), Option(int, default=5)
            limit = Option(float, default=3.0)
            def group_state(self):
                return []
            def point(self, point, state):
                state.append(point.fields[self.field])
                mean = sum(state[-self.size:]) / len(state[-self.size:])
                yield point.with_fields(alarm=abs(state[-1] - mean) > self.limit)
        OldHandler = NewHandler = Jump
        data = pandas.DataFrame(
            {"load": [1.0] * 30 + [9.0] * 30, "host": "a", "label": [0] * 30 + [1] + [0] * 29},
            index=pandas.to_datetime(range(60)),
        )
    """,
}
#: Examples that are compiled only, by the number on their page, and why.
NOT_RUN = {
    ("conformance.md", 0): "judges an agent by forty cases: tests/conformance does",
    ("export.md", 1): "shows what is in a script, with a hash that is cut short",
    ("export.md", 2): "needs an archive: tests/exporter makes some",
    ("socket.md", 1): "serves until it is stopped",
    ("supervision.md", 0): "serves stdin until it ends",
    ("whatif.md", 1): "leaves arguments out",
}
EXAMPLES = [
    (page.name, number, block.text)
    for page in sorted(DOCS.glob("*.md"))
    for number, block in enumerate([block for block in blocks(page) if block.language == "python"])
]


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A folder with the files that pages name."""
    (tmp_path / "data").mkdir()
    # Three lines a point; a minute's worth will do.
    lines = gzip.decompress(RECORDING.read_bytes()).splitlines(keepends=True)[: 3 * 360]
    for name in ("host_cpu.srpl", "data/host_cpu.srpl", "data/cpu.srpl", "morning.srpl"):
        (tmp_path / name).write_bytes(gzip.compress(b"".join(lines)))
    (tmp_path / "load.tick").write_text(TICK, encoding="utf-8")
    (tmp_path / "udf.py").write_text(
        "from kapnb import Handler\nclass Mirror(Handler):\n"
        "    def point(self, point):\n        yield point\n",
        encoding="utf-8",
    )
    mpl.use("agg")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("page", GIVEN)
def test_the_examples_of_a_page_run(page, desk, monkeypatch, capsys):
    """One after the other, as a reader would type them."""
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    names = {one.__name__: one for one in (MovingAverage, Mirror, Outliers)}
    exec(textwrap.dedent(GIVEN[page]), names)

    ran = 0
    for its_page, number, code in EXAMPLES:
        if its_page == page and (page, number) not in NOT_RUN:
            exec(compile(code, f"{page}, example {number}", "exec"), names)
            ran += 1
            if isinstance(names.get("data"), Source):  # one that a page makes gives something
                assert len(list(names["data"])) > 100
            if isinstance(names.get("run"), LiveRun):  # the next page's begins when it is over
                assert names["run"].wait().outputs

    assert ran > 0


@pytest.mark.parametrize(
    ("page", "code"),
    [(page, code) for page, _, code in EXAMPLES],
    ids=[f"{page}-{number}" for page, number, _ in EXAMPLES],
)
def test_an_example_is_python(page, code):
    """Also of those that are not run; ``…`` stands for what is left out."""
    ast.parse(textwrap.dedent(code).replace("…", "..."), page)


def test_what_is_said_of_examples_is_of_examples_that_exist():
    """A page that loses its examples must lose its line here."""
    known = {(page, number) for page, number, _ in EXAMPLES}

    assert set(NOT_RUN) <= known
    assert set(GIVEN) <= {page for page, _ in known}
