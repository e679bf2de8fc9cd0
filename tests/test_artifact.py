"""Files that travel: how they are written, found, and refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from kapnb import SourceError, artifact
from kapnb._artifact import sha256_of


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Work in an empty folder, without a model named by the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MODEL_PATH", raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("file", "value"),
    [
        ("model.pkl", {"a": (1, 2)}),
        ("model.pickle", {1, 2}),
        ("table.json", {"a": [1, None]}),
        ("words.txt", "größer\n"),
        ("raw.bin", b"\0\1"),
    ],
)
def test_a_value_comes_back(file, value, here):
    """Each suffix that needs nothing but Python, and nothing else is left in the folder."""
    assert artifact(file, value) == value
    assert artifact(file) == value
    assert [path.name for path in here.iterdir()] == [file]


def test_arrays_come_back():
    """One array, and several by name."""
    np = pytest.importorskip("numpy")
    assert artifact("rows.npy", np.arange(3)).tolist() == [0, 1, 2]
    tables = artifact("tables.npz", {"a": np.ones(2), "b": np.zeros(1)})
    assert {name: table.tolist() for name, table in tables.items()} == {"a": [1, 1], "b": [0]}


def test_other_suffixes_need_functions():
    """What writes and reads them is the author's."""

    def write(value, path):
        Path(path).write_text(str(value))

    def read(path):
        return float(Path(path).read_text())

    assert artifact("limit.cb", 2.5, save=write, load=read) == 2.5
    assert artifact("limit.cb", load=read) == 2.5
    with pytest.raises(SourceError, match=r"limit\.cb: nothing is known about files ending in"):
        artifact("limit.cb", 2.5)


def test_a_failing_writer_leaves_nothing(here):
    """Neither the file nor half of it."""

    def write(value, path):
        Path(path).write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(SourceError, match="cannot be written: No space left"):
        artifact("model.cb", 1, save=write, load=str)
    assert list(here.iterdir()) == []


@pytest.mark.parametrize("file", ["", "models/model.pkl", "../model.pkl"])
def test_a_file_has_no_folder(file):
    """It lies beside the script, or in a folder of models, never elsewhere."""
    with pytest.raises(SourceError, match="the name of a file, without a folder"):
        artifact(file, 1)


def test_a_missing_file_names_the_places():
    """All of them."""
    with pytest.raises(SourceError, match=r"there is no such file; looked at .*models.*model\.pkl"):
        artifact("model.pkl")


SCRIPT = "from kapnb import artifact\nprint(artifact('model.txt', sha256={sha256!r}))\n"


@pytest.fixture
def run(here):
    """Give a function that runs a script in ``udfs`` which needs a model."""
    (here / "udfs").mkdir()
    (here / "proven.txt").write_text("proven")
    (here / "udfs" / "udf.py").write_text(SCRIPT.format(sha256=sha256_of("proven.txt")))
    (here / "proven.txt").unlink()

    def start(env=None):
        return subprocess.run(
            [sys.executable, here / "udfs" / "udf.py"],
            capture_output=True,
            text=True,
            cwd="/",
            env={"PATH": "/usr/bin", **({"MODEL_PATH": str(here / env)} if env else {})},
        )

    return start


@pytest.mark.parametrize(
    ("place", "model_path"),
    [
        ("udfs/model.txt", None),
        ("udfs/models/model.txt", None),
        ("models/model.txt", None),
        ("elsewhere/model.txt", "elsewhere"),
        ("elsewhere/udf_model.txt", "elsewhere/udf_model.txt"),
    ],
)
def test_a_script_finds_its_model(place, model_path, run, here):
    """Beside it, in models here or next door, or where MODEL_PATH says, under any name."""
    (here / place).parent.mkdir(exist_ok=True)
    (here / place).write_text("proven")
    assert run(model_path).stdout == "proven\n"


def test_another_content_is_refused(run, here):
    """The model that was proven is the model that runs."""
    (here / "udfs" / "model.txt").write_text("retrained")
    done = run()
    assert done.returncode == 1
    assert "this is not the file that the script was proven with" in done.stderr


def test_another_content_in_one_place_does_not_hide_the_right_one(run, here):
    """An old file in the way is passed over."""
    (here / "udfs" / "model.txt").write_text("old")
    (here / "models").mkdir()
    (here / "models" / "model.txt").write_text("proven")
    assert run().stdout == "proven\n"
