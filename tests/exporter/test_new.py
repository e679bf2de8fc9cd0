"""What `kapnb new` starts a notebook with works as it is."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from kapnb._target import load_target
from kapnb.cli import main
from kapnb.errors import ExportError
from kapnb.simulation import check_tick
from kapnb_exporter import _new as new
from kapnb_exporter import close, export, find_handler, read_notebook
from kapnb_exporter._new import KINDS, create
from kapnb_exporter._starters import STARTERS


@pytest.mark.parametrize("kind", KINDS)
def test_as_created_it_passes_nbval_and_its_test_and_exports(kind, tmp_path):
    """What is saved is what a fresh run gives, the test passes, the script is proven."""
    notebook, tick, _ = create("pump alarm", tmp_path, kind)

    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"]
    command += ["--nbval", "--nbval-current-env", "."]
    done = subprocess.run(command, cwd=notebook.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout

    exported = export(notebook, tmp_path / "out")
    assert exported.handler == "PumpAlarm"
    assert exported.notes == ()
    assert exported.script.name == "pump_alarm.py"
    handler = load_target(str(exported.script))
    check = check_tick(tick.read_text(), {"pump_alarm": handler})
    assert (check.define, check.enable, check.lints) == (None, None, [])


def test_every_cell_has_run_and_shows_something(tmp_path, capsys):
    """Results, a picture, the task; the command says where the files are."""
    assert main(["new", "PumpAlarm", "-o", str(tmp_path)]) == 0

    home = tmp_path / "pump_alarm"
    assert sorted(path.name for path in home.iterdir()) == [
        "pump_alarm.ipynb",
        "pump_alarm.tick",
        "test_pump_alarm.py",
    ]
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"{home / 'pump_alarm.ipynb'}: open it in Jupyter"
    content = json.loads((home / "pump_alarm.ipynb").read_text())
    code = [cell for cell in content["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    kinds = {key for cell in code for out in cell["outputs"] for key in out.get("data", ())}
    assert {"text/html", "image/png"} <= kinds


def test_what_is_there_is_never_replaced(tmp_path):
    """One of the files is enough."""
    (tmp_path / "pump_alarm").mkdir()
    (tmp_path / "pump_alarm" / "pump_alarm.tick").write_text("mine")
    with pytest.raises(ExportError, match=r"pump_alarm\.tick is there already"):
        create("pump-alarm", tmp_path)
    assert [path.name for path in (tmp_path / "pump_alarm").iterdir()] == ["pump_alarm.tick"]


@pytest.mark.parametrize("name", ["", "-", "3pumps", "a/b", "../up", "pumpe ü", "$NAME"])
def test_a_name_that_no_class_can_have_is_refused(name, tmp_path):
    """Before anything runs."""
    with pytest.raises(ExportError, match="is no name for a Handler"):
        create(name, tmp_path)


@pytest.mark.parametrize("name", ["random", "Kapnb", "JSON", "handler"])
def test_a_name_that_would_hide_a_module_is_refused(name, tmp_path):
    """The script's name derives from it."""
    with pytest.raises(ExportError, match="KN302"):
        create(name, tmp_path)


@pytest.mark.parametrize("kind", STARTERS)
def test_every_variant_can_be_exported(kind, tmp_path):
    """As far as can be told without running it: that of scikit-learn, where that is missing, too."""
    path = tmp_path / "pump.ipynb"
    text = new._filled(STARTERS[kind].cells, "pump", "Pump")
    path.write_text(new._notebook(new._cells(text)))
    notebook = read_notebook(path)
    closure = close(notebook, find_handler(notebook))
    assert closure.handler == "Pump"
    assert "$" not in text


def test_the_model_is_of_scikit_learn_where_that_is_installed(tmp_path, monkeypatch):
    """What the notebook imports becomes a requirement of the script."""
    assert "sklearn" not in STARTERS["model"].cells
    assert "sklearn" in STARTERS["model of scikit-learn"].cells
    monkeypatch.setattr(new.importlib.util, "find_spec", lambda name: object())
    assert new._variant("model") == "model of scikit-learn"
    assert new._variant("stream") == "stream"
