"""docs/start.md: typed in as it stands, it does what it says."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import matplotlib as mpl

from notebooks import write_notebook
from pages import DOCS, blocks, commands, matches

BLOCKS = blocks(DOCS / "start.md")
CELLS = [block.text for block in BLOCKS if block.language == "python"]


#: What a command is run with besides: making an environment has tests of its own, and a machine
#: under load may stand still for longer than Kapacitor would wait.
BESIDES = {"kapnb export": "--verify=fast", "kapnb doctor": "--timeout=60"}


def test_the_cells_say_what_the_page_shows(capsys):
    """Each printed line is the block below its cell."""
    mpl.use("agg")
    names = {}

    for cell in CELLS:
        exec(cell, names)

    shown = [
        after.text
        for block, after in pairwise(BLOCKS)
        if block.language == "python" and after.language == "text"
    ]
    assert len(shown) == 3
    assert capsys.readouterr().out == "".join(shown)


def test_the_commands_say_what_the_page_shows(tmp_path):
    """All but those that install and open JupyterLab, in their order, beside the notebook."""
    write_notebook(tmp_path / "load.ipynb", "".join(f"# %%\n{cell}" for cell in CELLS))
    _install, *consoles = [block for block in BLOCKS if block.language == "console"]
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "MPLBACKEND": "agg",
    }
    for command, shown in [one for block in consoles for one in commands(block)]:
        start = next(start for start in BESIDES if command.startswith(start))
        line = command.replace(start, f"{start} {BESIDES[start]}")
        done = subprocess.run(
            ["bash", "-c", f"{line} 2>&1"], cwd=tmp_path, env=environment, stdout=subprocess.PIPE
        )

        said = done.stdout.decode()
        assert done.returncode == 0, said
        assert matches(shown, said), said

    deployed = tmp_path / "deploy" / "moving_average-deploy"
    for language, name in (("toml", "kapacitor.conf"), ("text", "moving_average.tick")):
        excerpt = [block.text for block in BLOCKS if block.language == language][-1]
        assert excerpt in without_remark(deployed / name)
    guide = [block.text for block in blocks(DOCS / "deploy-kapacitor.md")]
    for line in "".join(text for text in guide if text.startswith("[udf")).splitlines():
        # The variables are the operator's.
        assert line in conf_of(deployed) or "LEVEL" in line or ".env]" in line


def without_remark(path):
    """Return a file's text without the remark that a database must be put in."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return "".join(line for line in lines if "names no database" not in line)


def conf_of(folder):
    """Return the lines of kapacitor.conf, those in comments too."""
    text = (folder / "kapacitor.conf").read_text(encoding="utf-8")
    return text.replace("# ", "").splitlines()
