"""The short way to start an old script: taken only where it is certainly right."""

import subprocess
import sys

import pytest

from kapnb.cli._official import run_at_once

OLD = "from kapacitor.udf.agent import Agent\n"
#: What costs as much as all else before the script, and is not needed for it.
LATE = ["argparse", "pathlib", "logging", "traceback", "inspect", "dataclasses"]
if sys.version_info < (3, 14):  # since then Python itself loads it to read annotations
    LATE.append("ast")


@pytest.mark.parametrize(
    ("source", "more"),
    [
        ("from kapnb import Handler\n", []),
        ("kapacitor = 1  # kapacitor.udf\n", []),
        (OLD, ["--socket", "udf.sock"]),
        (OLD, ["--supervise"]),
        (OLD, ["--", "--own-option"]),
        (OLD + "def broken(:\n", []),
        (OLD + "\0", []),
    ],
    ids=["native", "variable", "socket", "supervised", "options", "syntax", "nul"],
)
def test_whatever_needs_more_is_left_to_the_command_line(tmp_path, source, more):
    """And nothing of it has been run."""
    script = tmp_path / "udf.py"
    script.write_text(source)

    assert run_at_once(["run", str(script), *more]) is None


@pytest.mark.parametrize(
    "words",
    [[], ["run"], ["simulate", "old.py"], ["run", "no_such_file.py"], ["run", "module:Class"]],
    ids=" ".join,
)
def test_other_commands_are_left_to_the_command_line(words):
    """So are their errors."""
    assert run_at_once(words) is None


@pytest.mark.parametrize(
    "imports",
    [
        "from kapacitor.udf.agent import Agent",
        "import kapacitor.udf.agent as agent",
        "def inside():\n    from kapacitor.udf import udf_pb2\ninside()",
    ],
)
def test_a_script_is_started_without_what_only_options_need(kapnb, tmp_path, imports):
    """Kapacitor's daemon waits for each UDF, one after the other."""
    script = tmp_path / "old.py"
    script.write_text(
        f"import sys\nlate = set({LATE}) & set(sys.modules)\n{imports}\n"
        "print(sorted(late), __name__, sys.argv[1:], __file__)\n"
        "def annotated(value: int): pass\n"
        "assert annotated.__annotations__ == {'value': int}\n"
    )

    done = kapnb("run", "old.py", "an", "argument", text=True, stdin=subprocess.DEVNULL)

    assert done.returncode == 0, done.stderr
    assert done.stderr == f"[] __main__ ['an', 'argument'] {script}\n"
    assert done.stdout == ""
