"""The wind turbine of tutorial 06: its trained model, exported, packed, and started without us.

The notebook runs once, the script is proven once, in a venv with what it declares; all formats are
made of that and started. What is only looked at in the tutorial stays behind (the tag ``aside``).
"""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path, PurePosixPath

import pytest

from kapnb.errors import ExportError
from kapnb_exporter import Request, _venv, export, tsam
from kapnb_exporter.formats import FORMATS

pytest.importorskip("sklearn", reason="scikit-learn is needed: pip install 'kapnb[tutorials]'")
ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "notebooks" / "06_wind_turbine.ipynb"
KAPNB = Path(sys.executable).with_name("kapnb")
#: The last releases that are for Python 3.10 as well as for newer ones.
FOR_310 = ("numpy<2.3", "scikit-learn<1.8")

ALL = '''\
"""Every format, of one run of the notebook and one proof of the script."""

from kapnb_exporter.formats import FORMATS, format_named

HELP = "everything"


def others():
    return [format_named(name) for name in sorted(FORMATS) if name != "all"]


def files(product):
    return [file for one in others() for file in one.files(product)]


def starts(product, folder):
    for one in others():
        if hasattr(one, "starts"):
            yield from one.starts(product, folder)
'''


def write_core(folder):
    """Write the tutorial without its asides."""
    content = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    cells = [c for c in content["cells"] if "aside" not in c["metadata"].get("tags", ())]
    path = folder / NOTEBOOK.name
    path.write_text(json.dumps({**content, "cells": cells}), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """All formats, proven for this Python: the export and the folder it wrote to."""
    folder = tmp_path_factory.mktemp("wind")
    (folder / "everything.py").write_text(ALL)
    request = Request(format="all", verify="venv", python=sys.executable)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        patch.setitem(FORMATS, "all", "everything")
        notebook = write_core(tmp_path_factory.mktemp("notebook"))
        try:
            yield export(notebook, folder / "out", request)
        except _venv.NotInstalled as error:
            pytest.skip(f"there is no package index to install scikit-learn from: {error}")
    sys.modules.pop("everything", None)


@pytest.fixture
def written(exported):
    """What was written, by name."""
    return {path.name: path for path in exported.files}


def held(archive):
    with tarfile.open(archive) as opened:
        return {e.name: opened.extractfile(e).read() for e in opened if e.isfile()}


def declared(script):
    """Return the requirements in a script's head."""
    block = script.read_text().partition("# dependencies = [\n")[2].partition("# ]")[0]
    return [json.loads(line.strip("# ,")) for line in block.splitlines()]


def start(*command, **env):
    """Start a process that finds nothing of ours but what it brings."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(command, capture_output=True, text=True, env={**kept, **env}, cwd="/")
    return done.returncode, done.stdout, done.stderr


# ------------------------------------------------------------------------------ four formats


@pytest.mark.slow
def test_every_format_answers_as_the_notebook_did(exported):
    """Each started by its own means, and fed every simulation of the notebook under two seeds."""
    rows = {row.check: row for row in exported.rows}
    minor = ".".join(map(str, sys.version_info[:2]))
    packages = {"power_loss.pyz", "power_loss-wheelhouse", f"tsam on {minor}"}
    assert {"dependencies", "info", "init", "restart", "--check", *packages} <= set(rows)
    assert {row.verdict for row in exported.rows} == {"ok"}
    assert "a venv with nothing but" in rows["dependencies"].detail
    assert [recording.inputs for recording in exported.recordings] == [1500, 1500]
    assert all(rows[name].detail.startswith("2 simulations, as the script;") for name in packages)


@pytest.mark.slow
def test_the_model_is_pinned_to_what_made_it(exported, written):
    """Versions of this kernel; nothing that only the tutorial's pictures and asides need."""
    script = written["power_loss.py"]
    names = [text.partition("==")[0] for text in declared(script)]
    assert names == ["kapnb", "numpy", "protobuf>=4.25,<8", "scikit-learn"]
    assert 'artifact(\n    "power_curve.pkl",\n    sha256="' in script.read_text()
    assert "RANGE = [4.0, 18.7]" in script.read_text()


@pytest.mark.slow
def test_each_starts_without_the_checkout(written, tmp_path):
    """One file alone, and the script where its venv has the runtime: no file of ours is used."""
    venv = _venv.environment(declared(written["power_loss.py"]), python=sys.executable)
    alone = shutil.copy(written["power_loss.pyz"], tmp_path)
    for command in (sys.executable, "-S", alone), (venv, written["power_loss.py"]):
        status, out, err = start(*command, "--check", KAPNB_CACHE_DIR=str(tmp_path / "cache"))
        assert (status, err) == (0, "")
        assert "answers are those of the notebook" in out
    asked = "import kapnb, sklearn; print(kapnb.__file__, sklearn.__file__)"
    _, out, _ = start(venv, "-c", asked)
    assert all(Path(found).is_relative_to(Path(venv).parents[1]) for found in out.split())


@pytest.mark.slow
def test_another_model_is_refused(written, tmp_path):
    """Even one that loads: the proof was with the one of that hash."""
    import pickle

    script = shutil.copy(written["power_loss.py"], tmp_path)
    (tmp_path / "power_curve.pkl").write_bytes(pickle.dumps({"not": "it"}))
    status, _, err = start(sys.executable, script, "--check", PYTHONPATH=str(ROOT))
    assert status != 0
    assert "this is not the file that the script was proven with" in err


# ------------------------------------------------------------------------------- the archive


@pytest.mark.slow
def test_the_archive_keeps_the_rules_of_the_service(written):
    """By our validator, and by the rules once more, written down here on their own."""
    archive, config = written["power_loss.tar"], written["config.json"]
    assert tsam.validate(archive, config) == ()
    assert list(broken_rules(archive, config.read_bytes())) == []


ALLOWED = {".py", ".tick", ".txt", ".cb", ".pkl", ".joblib", ".xml", ".bin", ".onnx", ".pt", ".pth"}
LIMIT = 100 * 1024 * 1024


def broken_rules(archive, config):
    """Yield what Open Edge's service would refuse, or take and never run."""
    with tarfile.open(archive) as opened:
        entries = opened.getmembers()
    files = held(archive)
    name = archive.name.removesuffix(".tar")
    told = json.loads(config)
    script = files.get(f"udfs/{name}.py", b"").decode()
    tick = files.get(f"tick_scripts/{name}.tick", b"").decode()
    paths = [PurePosixPath(entry.name) for entry in entries]
    for rule, holds in {
        "a name that is one of a folder": archive.name == "power_loss.tar",
        "at most 100 entries": len(entries) <= 100,
        "100 MB at most": sum(e.size for e in entries) <= LIMIT >= archive.stat().st_size,
        "files and folders alone": all(e.isreg() or e.isdir() for e in entries),
        "nothing outside": not any(p.is_absolute() or ".." in p.parts for p in paths),
        "types that may travel": all(PurePosixPath(f).suffix in ALLOWED | {".json"} for f in files),
        "no wrapping folder": {p.parts[0] for p in paths} == {"udfs", "tick_scripts", "models"},
        "expands to less than 100 times": sum(map(len, files.values()))
        <= 100 * archive.stat().st_size,
        "a script": bool(script),
        "that Python 3.10 can read": ast.parse(script, feature_version=(3, 10)) is not None,
        "a TICKscript of the same name": f"@{name}()" in tick,
        "with its dbrp": tick.count('dbrp "datain"."autogen"') == 1,
        "a configuration of 5 KB": len(config) <= 5 * 1024,
        "of the same name": told["udfs"]["name"] == name,
        "and known keys": set(told["udfs"]) == {"name", "models"} and set(told) == {"udfs"},
        "a model that begins with the name": told["udfs"]["models"].startswith(name),
        "and is there": f"models/{told['udfs']['models']}" in files,
        "requirements with pins alone": all(
            line.count("==") == 1 for line in files["udfs/requirements.txt"].decode().splitlines()
        ),
    }.items():
        if not holds:
            yield rule


@pytest.mark.slow
def test_the_second_check_finds_what_is_wrong(written, tmp_path):
    """It is no check if it takes everything."""
    files = held(written["power_loss.tar"])
    files["udfs/README.md"] = b"#"
    files["tick_scripts/power_loss.tick"] = b"stream"
    del files["models/power_loss.pkl"]
    path = tmp_path / "power_loss.tar"
    with tarfile.open(path, "w") as archive:
        for name, content in files.items():
            (tmp_path / "file").write_bytes(content)
            archive.add(tmp_path / "file", name)
    found = list(broken_rules(path, written["config.json"].read_bytes()))
    assert found == [
        "types that may travel",
        "no wrapping folder",
        "a TICKscript of the same name",
        "with its dbrp",
        "and is there",
    ]


# ------------------------------------------------------------------------------- Python 3.10


@pytest.fixture(scope="module")
def python_310():
    """The service's Python."""
    try:
        return _venv.find_python("3.10")
    except ExportError:
        pytest.skip("no python3.10 at hand; put one on the PATH to run the archive on it")


@pytest.mark.slow
def test_the_archive_runs_on_the_python_of_the_service(python_310, tmp_path):
    """Trained with releases that exist for both, it answers on 3.10 as the notebook did here."""
    packages = tmp_path / "packages"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run(
        [*install, "--no-deps", "--only-binary", ":all:", "--target", packages, *FOR_310],
        capture_output=True,
        text=True,
    )
    if done.returncode:
        pytest.skip(f"no package index has {' and '.join(FOR_310)} for this Python: {done.stderr}")
    asked = ["--format", "tsam", "--verify", "venv", "--python", python_310]
    alert = ["--alert", "mqtt://broker:1883/alerts", "--alert-when", '"anomaly_status" > 0']
    done = subprocess.run(
        [KAPNB, "export", write_core(tmp_path), "-o", "out", *asked, *alert],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(packages)},
    )
    assert done.returncode == 0, done.stderr
    assert "ok            tsam on 3.10" in done.stderr
    files = held(tmp_path / "out" / "power_loss.tar")
    pins = files["udfs/requirements.txt"].decode().split()
    assert [pin.rpartition(".")[0] for pin in pins] == ["numpy==2.2", "scikit-learn==1.7"]
    assert (
        tsam.validate(tmp_path / "out" / "power_loss.tar", tmp_path / "out" / "config.json") == ()
    )
