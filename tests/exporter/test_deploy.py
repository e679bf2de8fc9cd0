"""What an operator gets with `--deploy`."""

from __future__ import annotations

import configparser
import re
import shlex
import subprocess
import sys
import tomllib

import pytest

from kapnb._target import load_target
from kapnb.errors import ExportError
from kapnb.simulation import check_tick
from kapnb_exporter import Request, export
from notebooks import write_notebook

TEXT = """\
# %%
from kapnb import Handler, Option, Point, artifact, simulate, udf
DATA = [Point({"x": float(n)}, time=n, name="m", tags={"host": "ab"[n % 2]}) for n in range(20)]
# %%
LIMITS = artifact("limits.json", {"x": 3.0})
# %%
@udf
class HighValues(Handler):
    field = Option(str, doc="what to judge by")
    factor = Option(float, default=1.0, doc="scales\\nthe limit")

    def point(self, point):
        if point.fields[self.field] > LIMITS["x"] * self.factor:
            yield point.with_fields(high=True)
# %%
simulate(HighValues, DATA, options={"field": "y"}, errors="keep")
simulate(HighValues, DATA, options={"field": "x", "factor": 2.0}, group_by="host")
"""
FOLDER = "high_values-deploy"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """An export with all that goes with it: the notebook and the folder."""
    home = tmp_path_factory.mktemp("deploy")
    notebook = write_notebook(home / "high.ipynb", TEXT)
    export(notebook, home / "out", Request(deploy=True))
    return notebook, home / "out"


def test_all_names_derive_from_one(made):
    """Files, section, UDF in the TICKscript, unit."""
    _, out = made
    names = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())
    assert names == [
        f"{FOLDER}/README.md",
        f"{FOLDER}/high_values.tick",
        f"{FOLDER}/kapacitor.conf",
        f"{FOLDER}/kapnb-high-values.service",
        f"{FOLDER}/requirements.txt",
        "high_values.py",
        "high_values.validation.json",
        "limits.json",
    ]


def test_the_tickscript_is_that_of_a_run_that_ended_well(made):
    """Options, grouping, explanations; Kapacitor would take it with this very Handler."""
    _, out = made
    text = (out / FOLDER / "high_values.tick").read_text()
    check = check_tick(text, {"high_values": load_target(str(out / "high_values.py"))})
    assert (check.define, check.enable, check.lints) == (None, None, [])
    assert ".field('x')" in text
    assert "// scales the limit (default 1.0)\n        .factor(2.0)" in text
    assert ".groupBy('host')" in text


def test_the_configuration_has_either_way(made):
    """A process; and in comments a socket, that of the unit."""
    _, out = made
    text = (out / FOLDER / "kapacitor.conf").read_text()
    section = tomllib.loads(text)["udf"]["functions"]["high_values"]
    assert section["prog"] == "/opt/kapnb-high-values/venv/bin/python"
    assert section["args"] == ["/opt/kapnb-high-values/high_values.py"]
    other = text.partition("# [udf")[2].replace("# ", "")
    socket = tomllib.loads(f"[udf{other}")["udf"]["functions"]["high_values"]["socket"]
    assert f"--socket {socket} " in unit_of(out)["ExecStart"]
    assert socket.startswith(f"/run/{unit_of(out)['RuntimeDirectory']}/")


def unit_of(out):
    unit = configparser.ConfigParser()
    unit.optionxform = str
    unit.read(out / FOLDER / "kapnb-high-values.service")
    return unit["Service"]


def test_the_unit_starts_the_script_as_it_can_be_started(made):
    """The script knows every word of its command line."""
    _, out = made
    python, script, *arguments = shlex.split(unit_of(out)["ExecStart"])
    assert python == "/opt/kapnb-high-values/venv/bin/python"
    here = script.replace("/opt/kapnb-high-values", str(out))
    done = subprocess.run([sys.executable, here, *arguments, "--help"], capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")


def test_the_commands_of_the_readme_install_what_runs(made, tmp_path):
    """Copied as they say, the script finds its artifact and checks itself."""
    _, out = made
    readme = (out / FOLDER / "README.md").read_text()
    (install,) = re.findall(r"## Install.*?```sh\n(.*?)```", readme, re.DOTALL)
    home = tmp_path / "home"
    lines = install.replace("sudo ", "").replace("/opt/kapnb-high-values", str(home)).split("\n")
    skipped = [line for line in lines if "venv " in line or " pip " in line]
    assert len(skipped) == 2
    run = [line.replace(f"{home}/venv/bin/python", sys.executable) for line in lines]
    script = "\n".join(line for line, old in zip(run, lines, strict=True) if old not in skipped)
    done = subprocess.run(["sh", "-ec", script], cwd=out, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in home.iterdir()) == ["high_values.py", "limits.json"]
    for file in re.findall(r"high_values-deploy/[\w.-]+", readme):
        assert (out / file).exists(), file


def test_the_readme_says_what_must_not_be_done_again(made):
    """A section that stands twice in kapacitor.conf is an error of its format."""
    _, out = made
    section = (out / FOLDER / "kapacitor.conf").read_text()
    with pytest.raises(tomllib.TOMLDecodeError):
        tomllib.loads(section * 2)
    assert "first time only" in (out / FOLDER / "README.md").read_text()


def test_without_a_simulation_there_is_no_tickscript(tmp_path):
    """Nothing says what it should feed; nothing is written."""
    text = TEXT.partition("simulate(HighValues")[0] + "pass\n"
    notebook = write_notebook(tmp_path / "high.ipynb", text)
    with pytest.raises(ExportError, match="no simulation of HighValues says what"):
        export(notebook, tmp_path / "out", Request(deploy=True, verify="none"))
    assert not (tmp_path / "out").exists()


def test_a_name_that_a_tickscript_cannot_have_is_refused(tmp_path):
    """No name begins with an underscore there; nothing is written."""
    notebook = write_notebook(tmp_path / "high.ipynb", TEXT.replace("HighValues", "_High"))
    with pytest.raises(ExportError, match=r"would refuse the TICKscript of @_high: .*rename"):
        export(notebook, tmp_path / "out", Request(deploy=True, verify="none"))
    assert not (tmp_path / "out").exists()
