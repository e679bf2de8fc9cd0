"""Several Handlers of one notebook, and nbconvert: the same scripts through the same door."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import nbformat
import pytest
from nbconvert.exporters import get_export_names, get_exporter
from nbconvert.utils.exceptions import ConversionException

from kapnb.cli import main
from kapnb.errors import ExportError
from kapnb_exporter import Request, export, export_all, find_handlers, read_notebook
from notebooks import write_notebook

HEAD = """\
# %%
from kapnb import Handler, Point, artifact, simulate, udf
DATA = [Point({"x": float(n)}, time=n, name="m") for n in range(20)]
LIMITS = artifact("limits.json", {"x": 3.0})
"""


def handler(name, marker="@udf\n"):
    """Return a cell with a Handler and one that simulates it."""
    return f'''\
# %%
{marker}class {name}(Handler):
    def point(self, point):
        if point.fields["x"] > LIMITS["x"]:
            yield point.with_fields(by="{name}")
# %%
simulate({name}, DATA)
'''


MARKERS = {"ByDecorator": "@udf\n", "ByDirective": "#| udf\n", "ByMagic": "%%udf\n"}
SEVERAL = (
    HEAD
    + "# %%\n%load_ext kapnb\n"
    + "".join(handler(name, marker) for name, marker in MARKERS.items())
)


@pytest.fixture
def several(tmp_path):
    """A notebook with a Handler for each way to mark one; the tag is put on here."""
    path = write_notebook(tmp_path / "several.ipynb", SEVERAL + handler("ByTag", ""))
    content = json.loads(path.read_text())
    content["cells"][-2]["metadata"] = {"tags": ["udf"]}
    path.write_text(json.dumps(content))
    return path


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


# ------------------------------------------------------------------------------ several


def test_every_marker_is_found(several):
    """Decorator, directive, magic and tag, in the notebook's order."""
    found = find_handlers(read_notebook(several))
    assert [mark.name for mark in found] == [*MARKERS, "ByTag"]


def test_all_are_exported_at_once(several, tmp_path, capsys):
    """Each has its own script and sidecar; what they share lies there once."""
    assert main(["export", str(several), "--all", "--no-verify", "-o", str(tmp_path / "o")]) == 0

    stems = ["by_decorator", "by_directive", "by_magic", "by_tag"]
    assert names_in(tmp_path / "o") == sorted(
        [*(f"{s}.py" for s in stems), *(f"{s}.validation.json" for s in stems), "limits.json"]
    )
    said = capsys.readouterr().out.splitlines()
    assert [line.partition(", NOT")[0] for line in said] == [
        f"{tmp_path / 'o'}/{stem}.py: {name}"
        for stem, name in zip(stems, [*MARKERS, "ByTag"], strict=True)
    ]


def test_one_of_several_has_the_bytes_it_has_among_all(tmp_path):
    """`--handler NAME` and `--all` write the same script."""
    text = HEAD + handler("One") + handler("Other")
    notebook = write_notebook(tmp_path / "two.ipynb", text)
    all_of_them = export_all(notebook, tmp_path / "all", Request(verify="none"))
    alone = export(notebook, tmp_path / "one", Request(handler="Other", verify="none"))
    assert [done.handler for done in all_of_them] == ["One", "Other"]
    assert alone.script.read_bytes() == all_of_them[1].script.read_bytes()
    assert {path.name for path in all_of_them[1].files} == set(names_in(tmp_path / "one"))


def test_for_all_of_them_the_notebook_runs_once(tmp_path):
    """Each has its own simulations, probes and values; what probes change comes after all values."""
    count = "COUNT = [0]\nFIRST = freeze(COUNT)\n"
    one = (
        handler("One")
        .replace("@udf", count + "@udf")
        .replace("yield", "COUNT[0] += 1\n" + 12 * " " + "yield")
    )
    other = handler("Other").replace("point.with_fields(", "point.with_fields(first=FIRST[0], ")
    text = (HEAD + one.replace("+= 1", "+= 1  # kapnb: allow KN210") + other).replace(
        "artifact,", "artifact, freeze,"
    )
    notebook = write_notebook(tmp_path / "two.ipynb", text)
    said = []
    done = export_all(notebook, tmp_path / "all", Request(), tell=said.append)
    assert said.count("running two.ipynb from a fresh kernel") == 1
    assert [one.handler for one in done] == ["One", "Other"]
    for exported in done:
        assert [recording.handler for recording in exported.recordings] == [exported.handler]
        assert [row.check for row in exported.rows].count("init") == 1
    assert "FIRST = [0]\n" in done[1].script.read_text()


def test_if_one_is_refused_none_is_written(tmp_path):
    """Half of them would look like all."""
    text = HEAD + handler("Good") + handler("Bad").replace('by="Bad"', 'by="Bad" or undefined')
    notebook = write_notebook(tmp_path / "two.ipynb", text)
    with pytest.raises(ExportError, match="KN201"):
        export_all(notebook, tmp_path / "out", Request(verify="none"))
    assert not (tmp_path / "out").exists()


def test_two_of_one_file_name_are_refused(tmp_path):
    """One would replace the other."""
    notebook = write_notebook(
        tmp_path / "two.ipynb", HEAD + handler("CPULoad") + handler("CpuLoad")
    )
    with pytest.raises(ExportError, match=r"CPULoad and CpuLoad would both write cpu_load\.py"):
        export_all(notebook, tmp_path / "out", Request(verify="none"))
    assert not (tmp_path / "out").exists()


def test_all_of_none_is_refused(tmp_path):
    """As one of none is."""
    notebook = write_notebook(tmp_path / "none.ipynb", HEAD)
    with pytest.raises(ExportError, match="KN101: no Handler is marked"):
        export_all(notebook, tmp_path / "out")


# ---------------------------------------------------------------------------- nbconvert


def test_jupyterlab_shows_it_in_its_export_menu():
    """It lists the exporters that have a name for the menu."""
    assert "kapacitor-udf" in get_export_names()
    assert get_exporter("kapacitor-udf")().export_from_notebook == "Kapacitor UDF"


def test_nbconvert_writes_what_the_command_writes(tmp_path):
    """Script, sidecar and artifact, with the same bytes and names."""
    notebook = write_notebook(tmp_path / "one.ipynb", HEAD + handler("One"))
    (tmp_path / "rows.csv").write_text("x\n")
    content = notebook.read_text().replace("LIMITS = ", "open('rows.csv').close()\\nLIMITS = ")
    notebook.write_text(content)
    exported = export(notebook, tmp_path / "export")

    command = [sys.executable, "-m", "nbconvert", "--to", "kapacitor-udf", notebook.name]
    command += ["--output-dir", str(tmp_path / "nbconvert")]
    command += ["--KapacitorUdfExporter.verify=fast"]
    environment = {**os.environ, "JUPYTER_PLATFORM_DIRS": "1"}
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, env=environment, check=False
    )

    assert done.returncode == 0, done.stderr
    assert names_in(tmp_path / "nbconvert") == names_in(tmp_path / "export")
    for path in exported.files:
        if path.suffix != ".json" or path.name == "limits.json":
            assert (tmp_path / "nbconvert" / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("name", ["one.ipynb", "sub/one.ipynb"])
def test_nbconvert_writes_beside_the_notebook(tmp_path, name):
    """As `docs/export.md` calls it: from wherever, without a folder for what comes."""
    (tmp_path / "sub").mkdir()
    write_notebook(tmp_path / name, HEAD + handler("One"))

    command = [sys.executable, "-m", "nbconvert", "--to", "kapacitor-udf", name]
    command += ["--KapacitorUdfExporter.verify=none"]
    environment = {**os.environ, "JUPYTER_PLATFORM_DIRS": "1"}
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, env=environment, check=False
    )

    assert done.returncode == 0, done.stderr
    made = set(names_in((tmp_path / name).parent)) - {"sub"}
    assert made == {"limits.json", "one.ipynb", "one.py", "one.validation.json"}


def test_a_node_without_a_folder_will_do(tmp_path):
    """As `nbconvert --stdin` gives one; the Handler is chosen by a trait."""
    text = HEAD + handler("One") + handler("Other")
    node = nbformat.read(write_notebook(tmp_path / "two.ipynb", text), as_version=4)
    exporter = get_exporter("kapacitor-udf")(handler="Other", verify="none")
    script, resources = exporter.from_notebook_node(node)
    assert "class Other(Handler)" in script
    assert "class One(Handler)" not in script
    assert sorted(resources["outputs"]) == ["./limits.json", "./other.validation.json"]
    assert resources["output_extension"] == ".py"


def test_a_refusal_is_said_in_its_own_words(tmp_path):
    """nbconvert and JupyterLab show the text of a ConversionException."""
    path = write_notebook(tmp_path / "two.ipynb", HEAD + handler("One") + handler("Other"))
    with pytest.raises(
        ConversionException, match=r"two\.ipynb: KN102: several Handlers are marked"
    ):
        get_exporter("kapacitor-udf")().from_filename(str(path))


def test_a_folder_that_is_too_large_is_refused_in_the_same_way(tmp_path, monkeypatch):
    """Before anything is copied."""
    monkeypatch.setenv("KAPNB_FOLDER_MAX", "1")
    path = write_notebook(tmp_path / "one.ipynb", HEAD + handler("One"))
    with (tmp_path / "big.bin").open("wb") as file:
        file.truncate(2 << 20)

    with pytest.raises(ConversionException, match=r"KN409: .*big\.bin \(2 MiB\)"):
        get_exporter("kapacitor-udf")().from_filename(str(path))
