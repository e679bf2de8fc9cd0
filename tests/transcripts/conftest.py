"""Exported scripts, made once for all captures."""

from __future__ import annotations

from pathlib import Path

import pytest

from kapnb_exporter import export
from notebooks import write_notebook

MIRROR = """\
# %%
from kapnb import Handler, Point, simulate, udf
# %%
@udf
class Mirror(Handler):
    def point(self, point):
        print("a print must not reach the frames")
        yield point
# %%
simulate(Mirror, [Point({"x": 1.5}, time=1, name="m")])
"""

OPTIONS_MIRROR = """\
# %%
from kapnb import Duration, Handler, Option, Point, simulate, udf
# %%
@udf
class OptionsMirror(Handler):
    s = Option(str, default="")
    i = Option(int, default=0)
    f = Option(float, default=0.0)
    b = Option(bool, default=False)
    d = Option(Duration, default=0)
    flag = Option()
    multi = Option(str, int, float, bool, Duration, default=None)
    rep = Option(str, many=True)
# %%
simulate(OptionsMirror, [Point({"x": 1.5}, time=1, name="m")], options={"rep": ["a", "b"]})
"""

BATCH_MIRROR = """\
# %%
from kapnb import BATCH, Batch, Handler, Point, simulate, udf
# %%
@udf
class BatchMirror(Handler):
    wants, provides = BATCH, BATCH
# %%
simulate(BatchMirror, [Batch([Point({"x": 1.5}, time=1)], name="m", tags={}, tmax=2)])
"""

MOVING_AVERAGE = """\
# %%
from collections import deque
from kapnb import Handler, Option, Point, simulate, udf
# %%
@udf
class MovingAverage(Handler):
    field = Option(str)
    size = Option(int)
    as_ = Option(str, default="avg", name="as")

    def group_state(self):
        return deque(maxlen=self.size)

    def point(self, point, state):
        if self.field in point.fields:
            state.append(point.fields[self.field])
            yield point.with_fields({self.as_: sum(state) / len(state)})
# %%
simulate(MovingAverage, [Point({"x": 1.5}, time=1, name="m")], options={"field": "x", "size": 3})
"""


@pytest.fixture(scope="session")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The four Handlers, each exported from its notebook."""
    exported = {}
    for text in (MIRROR, OPTIONS_MIRROR, BATCH_MIRROR, MOVING_AVERAGE):
        folder = tmp_path_factory.mktemp("export")
        done = export(write_notebook(folder / "notebook.ipynb", text), folder / "out")
        exported[done.handler] = done.script
    return exported
