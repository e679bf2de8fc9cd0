"""Rules of the closure that need no notebook of their own, and what holds for every export."""

import subprocess
import sys

import pytest

import kapnb
from kapnb.errors import ExportError, MissingExtra
from kapnb_exporter import _policy, check_script_name, close, find_handler, read_notebook

HANDLER = """\
# %%
from kapnb import Handler, udf
# %%
@udf
class Echo(Handler):
    def point(self, point, state):
        return limit(point)
# %%
"""


def test_line_ends_do_not_change_a_byte(export):
    """A notebook saved on another system gives the same script."""
    text = HANDLER + "def limit(x):\n    return x"
    assert export(text.replace("\n    ", "\r\n    ")) == export(text)


def test_unrelated_cells_do_not_change_the_hash(export):
    """Only the cells that contribute enter the digest."""
    needed = HANDLER + "def limit(x): return x\n"
    assert export(needed) == export(needed + "# %%\nprint('scratch')\n")


@pytest.mark.parametrize("count", [300])
def test_a_long_chain_of_values_is_followed(export, count):
    """Three hundred values that each need the one before give three hundred statements."""
    values = "".join(f"v{n + 1} = v{n} + 1\n" for n in range(count))
    script = export(HANDLER + "v0 = 0\n" + values + f"def limit(x): return v{count}\n")
    assert f"v{count} = v{count - 1} + 1" in script


@pytest.mark.parametrize(
    ("code", "rest"),
    [
        ("KN207", "import numpy as np\nlimit = np.load('limits.npy')\n"),
        ("KN207", "import pandas as pd\nlimit = [pd.Series(x) for x in range(3)]\n"),
        (
            "KN207",
            "def read():\n    import pandas\n    return pandas.read_csv('x')\nlimit = read()\n",
        ),
        ("KN207", "import polars as pl\ndef limit(x, table=pl.DataFrame()): return x\n"),
        ("KN206", "import seaborn as sns\ndef limit(x): return sns.color_palette()\n"),
        ("KN206", "from kapnb.sources import from_frame as limit\n"),
        ("KN208", "while True:\n    limit = abs\n    break\n"),
        ("KN208", "print(limit := abs)\n"),
        ("KN208", "if True:\n    for limit in (abs,): pass\n"),
        ("KN209", "limit = [1]\ndel limit[0]\n"),
        ("KN209", "limit = 1\nlimit += 1\n"),
        ("KN303", "from sys import stdout\ndef limit(x): return stdout.write(x)\n"),
        ("KN203", "def limit(x): return get_ipython()\n"),
        ("KN204", "def limit(x):\n    !ls\n"),
        (None, "import numpy as np\nlimit = np.vectorize(lambda x: x)\n"),
        (None, "try:\n    limit = int\nexcept ValueError:\n    raise\n"),
        (None, "from math import sqrt as limit, pi\n"),
        (None, "import sys\ndef limit(x): print(x, file=sys.stderr)\n"),
        (None, "import pandas as pd\ndef limit(x): return make(x)\nmake = pd.Series\n"),
    ],
)
def test_a_definition_travels_or_is_refused(export, code, rest):
    """Each line of the policy, on a helper that the Handler calls."""
    found = None
    try:
        export(HANDLER + rest)
    except ExportError as error:
        found = error.code
    assert found == code


@pytest.mark.parametrize(
    ("name", "hidden"),
    [("random.py", "random"), ("statistics.py", "statistics"), ("google.py", "google")],
)
def test_a_script_must_not_hide_a_module(write_notebook, name, hidden):
    """KN302: the folder of a script comes first in its imports."""
    notebook = read_notebook(write_notebook(HANDLER + "from statistics import mean as limit\n"))
    closure = close(notebook, find_handler(notebook))
    check_script_name(closure, "echo.py")
    with pytest.raises(ExportError, match=f"^{name}: KN302: .*`{hidden}`"):
        check_script_name(closure, name)


def test_an_error_carries_its_code_and_its_place(refusal):
    """Tools read the parts; people read the text."""
    error = refusal(HANDLER)
    assert (error.code, error.where) == ("KN201", "notebook.ipynb, cell 2, line 4")


def test_magics_without_ipython_name_the_extra(export, monkeypatch):
    """Plain cells need no IPython; a magic says what to install."""
    monkeypatch.setitem(sys.modules, "IPython.core.inputtransformer2", None)
    plain = HANDLER + "def limit(x): return x\n"
    assert "def limit" in export(plain)
    with pytest.raises(MissingExtra, match=r"pip install 'kapnb\[export\]'"):
        export(plain + "# %%\n%matplotlib inline\n")


def test_importing_the_exporter_loads_no_notebook_package():
    """The import stays light: IPython is loaded when a magic is met, nbformat never."""
    program = (
        "import sys, kapnb_exporter;"
        "print({m.partition('.')[0] for m in sys.modules} & {'IPython', 'nbclient', 'nbformat'})"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.strip() == b"set()"


def test_the_workbench_of_kapnb_stays_behind():
    """Whatever a notebook runs Handlers with: each name that is loaded when first asked for."""
    needed = {"kapnb._artifact", "kapnb._freeze", "kapnb.agent"}
    names = {name for name, room in kapnb._LAZY.items() if room not in needed}
    assert {"simulate", "sweep", "TimeMachine"} <= names
    assert all(_policy.is_notebook_only(f"kapnb.{name}") for name in names)
    assert not any(_policy.is_notebook_only(f"kapnb.{name}") for name in {"Point", "artifact"})
