"""`kapnb doctor TARGET`: a line a check, remedies, and a status for scripts."""

from __future__ import annotations

import sys

from captures import DATA
from notebooks import write_notebook

HOST = DATA / "recordings"
QUICK = ("--points", 200, "--timeout", 60)

NOTEBOOK = """\
# %%
from kapnb import Handler, udf
# %%
@udf
class Mirror(Handler):
    pass
"""


def test_a_good_script_is_told_line_by_line(kapnb, handler):
    """Status 0; a script that only defines a Handler is run by `kapnb run`."""
    done = kapnb("doctor", handler, "--option", "field=usage", *QUICK)

    lines = done.stdout.decode().splitlines()
    assert (done.returncode, done.stderr) == (0, b"")
    assert lines[0].startswith("ok    command       ")
    assert lines[-1] == "nothing found that would fail in production; 1 warning"
    assert any(line.startswith("warn  packages") for line in lines)
    assert any(line.startswith(" " * 19 + " → pin them") for line in lines)


def test_a_fault_is_status_1(kapnb, tmp_path):
    """And FAIL stands before it."""
    (tmp_path / "bad.py").write_text("import os, sys\nos.write(1, b'hello')\n")

    done = kapnb("doctor", "bad.py", *QUICK)

    assert done.returncode == 1
    assert "\nFAIL  stdout        bytes that are no frame: 'hello'" in done.stdout.decode()
    assert done.stdout.decode().splitlines()[-1] == "1 of 6 checks failed, 2 warnings"


def test_a_command_may_follow_two_dashes(kapnb, handler):
    """As it would stand in Kapacitor's configuration."""
    done = kapnb(
        "doctor", "--option", "field=usage", *QUICK, "--", sys.executable, "-m", "kapnb", "run",
        handler,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout.decode()
    assert f"-m kapnb run {handler}" in done.stdout.decode().splitlines()[0]


def test_notebooks_and_modules_are_taken(kapnb, tmp_path):
    """As `kapnb run` takes them."""
    notebook = write_notebook(tmp_path / "mirror.ipynb", NOTEBOOK)
    (tmp_path / "mine.py").write_text("from kapnb import Handler as Mirror\n")

    for target in (notebook.name, "mine:Mirror"):
        done = kapnb("doctor", target, *QUICK)
        assert done.returncode == 0, done.stdout.decode()


def test_what_is_not_there_is_one_sentence(kapnb):
    """Status 1, as for every command."""
    done = kapnb("doctor", "missing.py")

    assert done.returncode == 1
    assert done.stderr.decode().startswith("kapnb: missing.py: there is no such file")


def test_a_timeout_must_be_a_time(kapnb):
    """Wrong usage is status 2."""
    assert kapnb("doctor", "x.py", "--timeout", "0").returncode == 2
    assert kapnb("doctor", "x.py", "--timeout", "soon").returncode == 2
