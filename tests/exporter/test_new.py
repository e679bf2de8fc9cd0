"""What `kapnb new` starts a notebook with works as it is."""

from __future__ import annotations

import json
import re
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


@pytest.fixture(scope="module")
def created(tmp_path_factory):
    """One of each kind, side by side: kind → notebook, TICKscript, test."""
    folder = tmp_path_factory.mktemp("created")
    return {kind: create(f"{kind} alarm", folder, kind) for kind in KINDS}


@pytest.fixture(scope="module")
def tested(created, tmp_path_factory):
    """Their tests, and nbval on their notebooks, in one process that runs beside what else we do."""
    notebook, *_ = created["stream"]
    said = tmp_path_factory.mktemp("tested") / "said.txt"
    command = [sys.executable, "-m", "pytest", "-v", "-W", "error", "-p", "no:cacheprovider"]
    command += ["--nbval", "--nbval-current-env", "."]
    with (
        said.open("w") as stream,
        subprocess.Popen(command, cwd=notebook.parents[1], stdout=stream, stderr=stream) as process,
    ):
        yield process, said
        process.kill()


@pytest.mark.usefixtures("tested")
@pytest.mark.parametrize("kind", KINDS)
def test_as_created_it_can_be_exported(kind, created, tmp_path):
    """The script is proven, and its TICKscript is one that Kapacitor takes."""
    notebook, tick, _ = created[kind]
    exported = export(notebook, tmp_path / "out")
    assert exported.handler == f"{kind.capitalize()}Alarm"
    assert exported.notes == ()
    assert exported.script.name == f"{kind}_alarm.py"
    handler = load_target(str(exported.script))
    check = check_tick(tick.read_text(), {f"{kind}_alarm": handler})
    assert (check.define, check.enable, check.lints) == (None, None, [])


def test_as_created_it_passes_nbval_and_its_test(created, tested):
    """What is saved is what a fresh run gives, cell by cell, for each kind."""
    process, file = tested
    status, said = process.wait(), file.read_text()
    assert status == 0, said
    for notebook, _, test in created.values():
        cells = json.loads(notebook.read_text())["cells"]
        code = sum(cell["cell_type"] == "code" for cell in cells)
        passed = rf"{notebook.stem}(\.|::)ipynb::Cell \d+ PASSED"
        assert len(re.findall(passed, said)) == code > 0
        assert f"{test.name}::" in said


def test_every_cell_has_run_and_shows_something(created):
    """Results, a picture, the task."""
    for kind, files in created.items():
        assert all(path.is_file() for path in files)
        content = json.loads(files[0].read_text())
        code = [cell for cell in content["cells"] if cell["cell_type"] == "code"]
        assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
        kinds = {key for cell in code for out in cell["outputs"] for key in out.get("data", ())}
        assert {"text/html"} | ({"image/png"} if kind == "stream" else set()) <= kinds


def test_the_command_says_where_the_files_are(tmp_path, capsys, monkeypatch):
    """The notebook first; that it runs is another test's."""
    monkeypatch.setattr(new, "_executed", lambda files, texts, tell: texts[0])
    assert main(["new", "PumpAlarm", "-o", str(tmp_path)]) == 0
    home = tmp_path / "pump_alarm"
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"{home / 'pump_alarm.ipynb'}: open it in Jupyter"
    assert sorted(path.name for path in home.iterdir()) == [
        "pump_alarm.ipynb",
        "pump_alarm.tick",
        "test_pump_alarm.py",
    ]


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
