"""The production foot: what importing the runtime may bring along."""

from __future__ import annotations

import subprocess
import sys

import pytest

from captures import answers, captured, responses
from kapnb.model import InfoResponse, InitResponse

BLOCK = """
import importlib.abc, sys
class Block(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in sys.stdlib_module_names and top not in ("google", "kapnb"):
            raise ImportError(f"{name} is not part of the base install")
sys.meta_path.insert(0, Block())
"""

CORE = (
    *("kapnb", "kapnb.errors", "kapnb.model", "kapnb.protocol", "kapnb.handler"),
    *(
        "kapnb.agent",
        "kapnb.compat",
        "kapnb.supervise",
        "kapnb.sources",
        "kapnb.script",
        "kapnb.simulation",
        "kapnb.faults",
        "kapnb.testing",
        "kapnb.doctor",
        "kapnb.cli",
        "kapnb.cli.run",
    ),
)


@pytest.mark.parametrize("room", CORE)
def test_the_core_needs_the_standard_library_and_protobuf_alone(room):
    """Everything else is blocked, and the room still imports."""
    code = f"{BLOCK}\nimport {room}"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)

    assert done.returncode == 0, done.stderr.decode()


def test_importing_the_runtime_does_no_work():
    """No protobuf message is built, no stream is touched, no logging is set up."""
    code = (
        "import logging, sys, kapnb, kapnb.agent\n"
        "assert 'google.protobuf' not in sys.modules\n"
        "assert not logging.getLogger().handlers\n"
        "assert sys.stdout is sys.__stdout__\n"
    )

    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_exported_script_answers_info_without_the_notebook_stack(tmp_path):
    """No pandas, numpy, IPython or matplotlib in sys.modules once info is answered."""
    from kapnb_exporter import export
    from notebooks import write_notebook

    text = """\
# %%
%load_ext kapnb
import pandas as pd
from kapnb import Handler, simulate, udf
# %%
@udf
class Mirror(Handler):
    def stop(self):
        import sys
        heavy = {"pandas", "numpy", "IPython", "matplotlib"} & set(sys.modules)
        print("heavy:", sorted(heavy))
# %%
simulate(Mirror, pd.DataFrame({"x": [1.5]}, index=pd.to_datetime(["2026-01-01"])))
"""
    done = export(write_notebook(tmp_path / "mirror.ipynb", text), tmp_path / "out")

    run = subprocess.run(
        [sys.executable, done.script],
        input=bytes.fromhex("020a00 021200"),  # info, and init, which no longer can be foreseen
        capture_output=True,
        check=True,
    )

    assert responses(run.stdout) == [InfoResponse(), InitResponse()]
    assert run.stderr.decode() == "heavy: []\n"


def test_the_public_names_are_those_declared():
    """`__all__` is sorted, and every name in it is there."""
    import kapnb

    assert sorted(kapnb.__all__) == sorted(set(kapnb.__all__))
    assert [name for name in kapnb.__all__ if not hasattr(kapnb, name)] == []


PYTHON_310 = "python3.10"


def test_the_runtime_runs_on_python_310(tmp_path):
    """Open Edge services have no newer one; skipped where no interpreter is at hand."""
    import shutil
    from pathlib import Path

    interpreter = shutil.which(PYTHON_310)
    works = interpreter and subprocess.run(
        [interpreter, "-c", "import sys"], capture_output=True, check=False
    )
    if not works or works.returncode:
        pytest.skip("no python3.10 on PATH; install one to test the runtime on it")
    import google.protobuf

    # The pure-Python half of protobuf serves any interpreter.
    libraries = Path(google.protobuf.__file__).parents[2]
    (tmp_path / "google").symlink_to(libraries / "google")
    (tmp_path / "kapnb").symlink_to(Path(__file__).parents[2] / "kapnb")
    script = tmp_path / "mirror.py"
    script.write_text(
        "from kapnb import Handler\nfrom kapnb.agent import run\n"
        "class Mirror(Handler):\n    pass\nrun(Mirror)\n"
    )
    environment = {
        "PYTHONPATH": str(tmp_path),
        "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python",
        "PATH": "/usr/bin:/bin",
    }

    done = subprocess.run(
        [interpreter, script],
        input=captured("a1_stream_mirror_groupby_host", "in"),
        capture_output=True,
        env=environment,
        check=False,
    )

    assert done.returncode == 0, done.stderr.decode()
    expected = captured("a1_stream_mirror_groupby_host", "out")
    assert answers(responses(done.stdout)) == answers(responses(expected))
