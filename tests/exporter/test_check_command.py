"""`kapnb check`, and what docs/ci.md says of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import yaml

from kapnb.cli import main
from kapnb.errors import ExportError, MissingExtra
from kapnb_exporter import _check
from kapnb_exporter._check import Case, junit
from notebooks import write_notebook

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
TEXT = """\
# %%
from kapnb import Handler, Point, simulate, udf
DATA = [Point({"x": float(n)}, time=n, name="m") for n in range(20)]
# %%
@udf
class PumpAlarm(Handler):
    def point(self, point):
        yield point.with_fields(high=point.fields["x"] > 3.0)
# %%
simulate(PumpAlarm, DATA)
# %%
1 + 1
"""


def saved(path, text, outputs):
    """Write a notebook that shows something: number of the cell, from 0, to text."""
    write_notebook(path, text)
    content = json.loads(path.read_text())
    content["cells"].insert(0, {"cell_type": "markdown", "id": "m", "metadata": {}, "source": "#"})
    for number, shown in outputs.items():
        cell = content["cells"][number + 1]
        cell["execution_count"] = number + 1
        cell["outputs"] = [
            {
                "output_type": "execute_result",
                "execution_count": number + 1,
                "metadata": {},
                "data": {"text/plain": shown},
            }
        ]
    path.write_text(json.dumps(content))
    return path


def cases_in(report):
    """Return name → (verdict, text) of a report."""
    found = {}
    for item in ET.parse(report).iter("testcase"):
        child = next(iter(item), None)
        found[item.get("name")] = ("ok", "") if child is None else (child.tag, child.text)
    return found


@pytest.fixture
def run(tmp_path, capsys):
    """Give a function that checks a notebook: status, what was printed, the report's cases."""

    def check(notebook, *options):
        report = tmp_path / "report.xml"
        status = main(["check", str(notebook), "--verify=fast", "--junit", str(report), *options])
        return status, capsys.readouterr().out, cases_in(report)

    return check


def test_a_notebook_that_tells_the_truth_passes(run, tmp_path):
    """A case for each cell, by its number on the page, and for each check of the export."""
    status, said, cases = run(saved(tmp_path / "pump.ipynb", TEXT, {3: "2"}))
    assert status == 0
    assert [name for name in cases if name.startswith("cell")] == [
        f"cell {n}" for n in (2, 3, 4, 5)
    ]
    assert cases["export PumpAlarm: simulation 1"] == ("ok", "")
    assert cases["export PumpAlarm: dependencies"][0] == "skipped"
    assert said.splitlines()[-1].endswith("pump.ipynb: 11 ok, 0 failed, 1 skipped")


def test_an_output_that_is_not_what_a_run_gives_fails(run, tmp_path):
    """The cell is named, and both outputs are shown; the export is proven all the same."""
    status, said, cases = run(saved(tmp_path / "pump.ipynb", TEXT, {3: "3"}))
    assert status == 1
    verdict, text = cases["cell 5"]
    assert verdict == "failure"
    assert "\x1b" not in text
    assert "pump.ipynb: cell 5 failed: " in said
    assert cases["export PumpAlarm: simulation 1"] == ("ok", "")


def test_a_script_that_answers_otherwise_fails(run, tmp_path):
    """In the export's words; the cells are as saved."""
    text = TEXT.replace('point.fields["x"] > 3.0', "str(id(self))")
    status, said, cases = run(write_notebook(tmp_path / "pump.ipynb", text))
    assert status == 1
    assert cases["export PumpAlarm"][0] == "failure"
    assert "KN403" in cases["export PumpAlarm"][1]
    assert "KN403" in said
    assert {verdict for name, (verdict, _) in cases.items() if name.startswith("cell")} == {"ok"}


def test_a_notebook_without_a_handler_is_compared_only(run, tmp_path):
    """A project has others, too."""
    status, _, cases = run(saved(tmp_path / "plain.ipynb", "# %%\n1 + 1\n", {0: "2"}))
    assert status == 0
    assert {name: verdict for name, (verdict, _) in cases.items()} == {
        "cell 2": "ok",
        "export": "skipped",
    }


def test_a_mark_that_marks_nothing_fails(run, tmp_path):
    """Somebody wanted a Handler there; and --handler wants that one."""
    marked = write_notebook(tmp_path / "plain.ipynb", "# %%\n#| udf\nx = 1\n")
    assert run(marked)[0] == 1
    plain = write_notebook(tmp_path / "other.ipynb", "# %%\nx = 1\n")
    assert run(plain, "--handler", "Pump")[0] == 1


def test_the_project_s_own_configuration_of_pytest_has_no_say(run, tmp_path):
    """Options of another test suite would break it."""
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    (tmp_path / "conftest.py").write_text("raise RuntimeError('not for notebooks')\n")
    status, _, cases = run(write_notebook(tmp_path / "plain.ipynb", "# %%\nx = 1\n"))
    assert status == 0
    assert cases["cell 1"] == ("ok", "")


def test_what_is_no_notebook_or_cannot_be_compared_is_said(tmp_path, monkeypatch, capsys):
    """One message each."""
    (tmp_path / "bad.ipynb").write_text("{")
    assert main(["check", str(tmp_path / "bad.ipynb")]) == 1
    assert "is not a notebook" in capsys.readouterr().err
    notebook = write_notebook(tmp_path / "plain.ipynb", "# %%\nx = 1\n")
    monkeypatch.setattr(_check.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"kapnb\[test\]"):
        list(_check.check(notebook, _check.Request()))


def test_pytest_that_does_not_run_is_no_verdict(tmp_path, monkeypatch):
    """Its own words say why."""
    notebook = write_notebook(tmp_path / "plain.ipynb", "# %%\nx = 1\n")
    monkeypatch.setenv("PYTEST_ADDOPTS", "--no-such-option")
    with pytest.raises(ExportError, match=r"(?s)nbval does not run: .*no-such-option"):
        list(_check.check(notebook, _check.Request()))


def test_a_report_is_xml_whatever_was_found():
    """Characters that XML has no place for are replaced; the sums are right."""
    text = junit(
        {
            "a.ipynb": [
                Case("cell 1", "failed", 'a < "b" \x00\ud800', 0.25),
                Case("cell 2", "ok", seconds=1.5),
                Case("export", "skipped", "no Handler\nat all"),
            ],
            "b.ipynb": [],
        }
    )
    one, other = ET.fromstring(text)
    sums = {key: one.get(key) for key in ("tests", "failures", "skipped", "time")}
    assert sums == {"tests": "3", "failures": "1", "skipped": "1", "time": "1.750"}
    assert one[0][0].text == 'a < "b" ��'
    assert one[2][0].get("message") == "no Handler"
    assert other.get("tests") == "0"


# ------------------------------------------------------------------------------ docs/ci.md


def examples():
    """Return the YAML of docs/ci.md: the workflow and the hook's configuration."""
    text = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    return [yaml.safe_load(part.partition("```")[0]) for part in text.split("```yaml\n")[1:]]


def test_the_commands_of_the_workflow_run(tmp_path):
    """Each step as it stands, one after the other, where kapnb is installed already."""
    write_notebook(tmp_path / "pump_alarm.ipynb", TEXT)
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    environment["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    steps = [step["run"] for step in examples()[0]["jobs"]["check"]["steps"] if "run" in step]
    assert len(steps) == 4
    for command in steps:
        done = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    *_, upload = examples()[0]["jobs"]["check"]["steps"]
    assert all((tmp_path / path).exists() for path in upload["with"]["path"].split())


def test_the_hook_is_one_that_pre_commit_takes(tmp_path):
    """And does what it says on a notebook."""
    manifest = ROOT / ".pre-commit-hooks.yaml"
    (hook,) = yaml.safe_load(manifest.read_text(encoding="utf-8"))
    assert hook["id"] == examples()[1]["repos"][0]["hooks"][0]["id"]
    if shutil.which("pre-commit", path=BIN):
        done = subprocess.run([BIN / "pre-commit", "validate-manifest", manifest], check=False)
        assert done.returncode == 0
    notebook = write_notebook(tmp_path / "plain.ipynb", "# %%\nx = 1\n")
    program, *words = hook["entry"].split()
    done = subprocess.run([BIN / program, *words, *hook["args"], notebook], check=False)
    assert done.returncode == 0
