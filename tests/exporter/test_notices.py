"""What is no reason to refuse an export, and still worth a sentence."""

from __future__ import annotations

import json
import sys

import pytest
from IPython.core.interactiveshell import InteractiveShell

from kapnb.errors import ExportError
from kapnb_exporter import Request, close, export, find_handler, read_notebook
from kapnb_exporter._fingerprint import fingerprint
from kapnb_exporter._namespace import read_namespace
from kapnb_exporter._notices import notices, volatile_calls
from notebooks import write_notebook

HEAD = """\
# %%
import importlib, math, time
from datetime import datetime
import pandas as pd
from kapnb import Handler, Option, Point, simulate, udf
K = 3.0
# %%
@udf
class H(Handler):
    where = Option(str, default="")

    def point(self, point):
"""
TAIL = """\
# %%
simulate(H, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
"""


@pytest.fixture
def closed(tmp_path):
    """Give a function from the body of a method to closure and namespace."""

    def run(body):
        text = HEAD + "".join(f"        {line}\n" for line in body.split("\n"))
        notebook = read_notebook(write_notebook(tmp_path / "n.ipynb", text))
        return close(notebook, find_handler(notebook)), read_namespace(notebook)

    return run


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ('yield eval("K")', "`eval`"),
        ('exec("K = 4")', "`exec`"),
        ('yield globals()["K"]', "`globals`"),
        ('yield getattr(math, "pi")', "`getattr(math, …)`"),
        ('yield importlib.import_module("math")', "`importlib.import_module`"),
    ],
)
def test_names_that_are_made_up_are_told(closed, body, what):
    """With cell, line and code: following names cannot see behind them."""
    (told,) = notices(*closed(body), [])
    assert told.startswith(f"n.ipynb, cell 2, line 6: KN305: {what}: ")


def test_what_can_be_followed_is_not_told(closed):
    """An attribute of an object is none of a module; nor is a method of a name like that."""
    assert not list(notices(*closed('yield getattr(point, "time"), self.eval, math.pi'), ["math"]))


def test_heavy_imports_are_told(closed):
    """Once, whatever of them is imported; how long they take is for the proof to say."""
    (told,) = notices(*closed("yield point"), ["sklearn.svm", "numpy", "sklearn.base", "json"])
    assert told.startswith("KN304: importing numpy, sklearn takes its time at every start")


def test_the_clock_and_chance_are_named(closed):
    """By their paths, and where they are called."""
    body = "yield time.time(), datetime.now(), id(self)\nyield pd.Timestamp(0)"
    assert volatile_calls(*closed(body)) == (
        "datetime.datetime.now (cell 2, line 6)",
        "id (cell 2, line 6)",
        "time.time (cell 2, line 6)",
    )


def test_notes_and_warnings_come_with_the_export(tmp_path):
    """Of what is imported, of what is not seen, and of an option that only this machine has."""
    text = HEAD + '        yield point.with_fields(n=len(pd.Series([1])), k=getattr(math, "pi"))\n'
    text += (
        TAIL
        + 'simulate(H, [Point({"x": 1.0}, time=1, name="m")], options={"where": "/home/me/x"})\n'
    )
    notebook = write_notebook(tmp_path / "n.ipynb", text)
    exported = export(notebook, tmp_path / "out", Request())
    (path,) = exported.notes
    heavy, blind = exported.warnings
    assert path.startswith("a simulation gives the option `where` a path of this machine")
    assert heavy.startswith("KN304: importing pandas")
    assert blind.startswith("n.ipynb, cell 2, line 6: KN305: `getattr(math, …)`")
    assert "/home/me" not in exported.script.read_text()
    told = json.loads((tmp_path / "out" / "h.validation.json").read_text())
    assert told["notes"] == [path, heavy, blind]


def test_a_difference_by_the_clock_is_explained(tmp_path):
    """It is not the definition that differs."""
    text = HEAD + "        yield point.with_fields(now=time.time())\n" + TAIL
    with pytest.raises(ExportError, match=r"KN403") as caught:
        export(write_notebook(tmp_path / "n.ipynb", text), tmp_path / "out", Request())
    assert "It calls what gives something else each time: time.time (cell 2, line 6)" in str(
        caught.value
    )
    assert "not defined alike" not in str(caught.value)


CALLS_A_MODULE = """\
import math
from kapnb import Handler, udf
@udf
class H(Handler):
    def point(self, point):
        yield point.with_fields(y=math.floor(point.fields["x"]))
"""


def test_a_call_through_a_module_is_one_definition_in_a_cell_and_in_a_script(tmp_path):
    """Though its bytecode differs: a cell's statements are compiled one by one."""
    script = tmp_path / "h.py"
    script.write_text(CALLS_A_MODULE)
    shell = InteractiveShell()
    shell.run_cell(CALLS_A_MODULE)
    sys.path.insert(0, str(tmp_path))
    try:
        import h  # type: ignore[import-not-found]
    finally:
        sys.path.remove(str(tmp_path))
        sys.modules.pop("h", None)
    ours, theirs = shell.user_ns["H"], h.H
    assert fingerprint(ours) == fingerprint(theirs)
    shell.run_cell(CALLS_A_MODULE.replace("floor", "ceil"))
    assert fingerprint(shell.user_ns["H"]) != fingerprint(theirs)
