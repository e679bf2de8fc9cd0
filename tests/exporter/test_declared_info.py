"""An exported script answers info before its imports, with what its Handler would say."""

from __future__ import annotations

import ast
import sys

import pytest

from harness import option
from kapnb.agent import EXIT_OK
from kapnb.model import (
    BATCH,
    STREAM,
    InfoRequest,
    InfoResponse,
    InitRequest,
    InitResponse,
    ValueType,
)
from kapnb_exporter import export
from notebooks import write_notebook
from processes import Children

ALL_KINDS = """\
# %%
import colorsys
from kapnb import STREAM, BATCH, Batch, Duration, Handler, Option, Point, simulate, udf
DATA = [Point({"x": float(n)}, time=n, name="m") for n in range(3)]
# %%
@udf
class AllKinds(Handler):
    wants, provides = STREAM, BATCH
    quick = Option()
    name = Option(str, default="a")
    limits = Option(float, float, default=None)
    size = Option(int, default=10)
    every = Option(Duration, default=Duration.parse("1m"))
    strict = Option(bool, default=False)
    watch = Option(str, many=True)

    def point(self, point):
        yield Batch([point.with_fields(hue=colorsys.rgb_to_hsv(0.5, 0.5, 0.5)[2])])
# %%
simulate(AllKinds, DATA)
"""

OWN_INFO = """\
# %%
from kapnb import STREAM, Handler, InfoResponse, Point, simulate, udf
DATA = [Point({"x": float(n)}, time=n, name="m") for n in range(3)]
# %%
class Base(Handler):
    def info(self):
        return InfoResponse(STREAM, STREAM)
# %%
@udf
class Own(Base):
    pass
# %%
simulate(Own, DATA)
"""

#: What stands on the path in place of a module that the script imports.
SLOW = "from helpers import hold\nhold()\ndef rgb_to_hsv(*rgb):\n    return (0, 0, 0.5)\n"

INFO = InfoResponse(
    STREAM,
    BATCH,
    {
        "every": (ValueType.DURATION,),
        "limits": (ValueType.DOUBLE, ValueType.DOUBLE),
        "name": (ValueType.STRING,),
        "quick": (),
        "size": (ValueType.INT,),
        "strict": (ValueType.BOOL,),
        "watch": (ValueType.STRING,),
    },
)


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    """A script with every kind of option, exported once."""
    folder = tmp_path_factory.mktemp("all_kinds")
    return export(write_notebook(folder / "all_kinds.ipynb", ALL_KINDS), folder / "out").script


@pytest.fixture
def child(script, tmp_path):
    """The script as a process whose import is held at the gate."""
    (tmp_path / "colorsys.py").write_text(SLOW)
    children = Children(tmp_path)
    yield children.command([sys.executable, str(script)])
    children.clean_up()


def test_info_is_answered_while_the_imports_run(child):
    """A daemon that starts does not wait for pandas."""
    child.send(InfoRequest())

    assert child.receive(1) == [INFO]
    assert child.finish() == ([], EXIT_OK, "")


def test_a_task_starts_with_the_handler_that_was_declared(child):
    """Every kind of option is declared as the Handler would say."""
    child.send(InfoRequest(), InitRequest((option("quick"), option("watch", "a"))))
    assert child.receive(1) == [INFO]
    child.await_pulses(1)
    child.open_gate()

    assert child.receive(1) == [InitResponse()]
    assert child.finish() == ([], EXIT_OK, "")


def test_the_declaration_stands_before_the_imports(script):
    """As literals: it must not need what it comes before."""
    claim, *_ = [node for node in ast.parse(script.read_text()).body if isinstance(node, ast.If)]
    call = claim.body[-1].value

    declared = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}

    assert (declared["wants"], declared["provides"]) == ("STREAM", "BATCH")
    assert declared["options"] == {
        name: [kind.name for kind in kinds] for name, kinds in INFO.options.items()
    }


def test_a_handler_that_computes_its_info_declares_none(tmp_path):
    """What it said in the notebook need not be what it will say; nor if a base of it does."""
    done = export(write_notebook(tmp_path / "own.ipynb", OWN_INFO), tmp_path / "out")

    assert "    prepare()\n" in done.script.read_text()
