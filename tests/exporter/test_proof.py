"""What an export proves, where, and what it says of it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from kapnb.errors import ExportError
from kapnb_exporter import Request, _venv, export
from kapnb_exporter._wheel import WHEEL_NAME, runtime_wheel
from notebooks import write_notebook

HEAD = """\
# %%
from kapnb import Handler, Option, Point, simulate, udf
DATA = [Point({"x": float(n)}, time=n, name="m", tags={"host": "ab"[n % 2]}) for n in range(20)]
# %%
"""
DOUBLED = (
    HEAD
    + """\
@udf
class Doubled(Handler):
    field = Option(str, default="x")

    def point(self, point):
        yield point.with_fields(y=2 * point.fields[self.field])
# %%
simulate(Doubled, DATA)
"""
)


@pytest.fixture
def out(tmp_path):
    """The folder that is exported to."""
    return tmp_path / "out"


@pytest.fixture
def prove(tmp_path, out):
    """Give a function from a notebook's text and what is asked for to what was exported."""

    def run(text, **request):
        notebook = write_notebook(tmp_path / "notebook.ipynb", text)
        return export(notebook, out, Request(**request))

    return run


def rows_of(exported):
    return {row.check: (row.verdict, row.detail) for row in exported.rows}


# ------------------------------------------------------------------------------ the table


def test_the_table_tells_what_was_checked(prove):
    """Info, simulations, init with every option, a restart, the script's own check."""
    rows = rows_of(prove(DOUBLED))
    assert rows["dependencies"][0] == "not verified"
    assert rows["simulation 1"] == ("ok", "20 in, 22 answers equal under 2 seeds")
    verdict, detail = rows["init"]
    assert verdict == "ok"
    assert re.fullmatch(r"with no options, field; within \d+\.\d\d s of the start", detail)
    assert rows["restart"][0] == "ok"
    assert rows["--check"] == ("ok", "12 answers are those of the notebook")
    assert {"info", "stdout", "end of input"} <= set(rows)


def test_the_sidecar_keeps_what_happened(prove, out):
    """And the script does not: its bytes depend on no run."""
    exported = prove(DOUBLED)
    told = json.loads((out / "doubled.validation.json").read_text())
    assert (told["verified"], told["mode"], told["handler"]) == (True, "fast", "Doubled")
    assert told["python"]["version"] == ".".join(map(str, sys.version_info[:3]))
    assert [row["check"] for row in told["checks"]] == [row.check for row in exported.rows]
    assert told["simulations"][0]["inputs"] == 20
    assert told["date"][:4] not in exported.script.read_text().partition('"""')[0]


def test_without_a_proof_it_is_said(prove, out):
    """In what is returned and in the sidecar; the script has the same bytes."""
    proven = prove(DOUBLED).script.read_bytes()
    exported = prove(DOUBLED, verify="none")
    assert exported.rows == ()
    assert exported.notes == ("not verified, as was asked for: nothing says that the script works",)
    assert json.loads((out / "doubled.validation.json").read_text())["verified"] is False
    assert exported.script.read_bytes() == proven


def test_without_a_proof_no_simulation_is_needed(prove):
    """There is then nothing to check with, and the script says that, too."""
    exported = prove(DOUBLED.replace("simulate(Doubled, DATA)\n", "pass\n"), verify="none")
    done = subprocess.run([sys.executable, exported.script, "--check"], capture_output=True)
    assert b"it carries no answers to compare with" in done.stdout


@pytest.mark.parametrize("seed", ["0", "1"])
def test_hash_seeds_and_folders_do_not_change_a_byte(tmp_path, seed, prove):
    """A whole export of frozen sets and pickled ones, in another process and folder."""
    text = DOUBLED.replace(
        "@udf",
        "from kapnb import artifact, freeze\n"
        "WORDS = freeze({'alpha', 'beta', 'gamma', 'delta'})\n"
        "MODEL = artifact('words.pkl', {'alpha', 'beta', 'gamma', 'delta'})\n# %%\n@udf",
    ).replace("y=2 *", "y=len(WORDS & MODEL) *")
    first = prove(text)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    notebook = write_notebook(elsewhere / "notebook.ipynb", text)
    subprocess.run(
        [sys.executable, "-m", "kapnb", "export", notebook, "--verify", "fast", "-o", elsewhere],
        env={**os.environ, "PYTHONHASHSEED": seed},
        check=True,
        capture_output=True,
    )
    for name in ("doubled.py", "words.pkl"):
        assert (elsewhere / name).read_bytes() == (first.script.parent / name).read_bytes()


# ------------------------------------------------------------------------- what differs


def test_a_difference_is_shown_with_where_the_code_differs(prove, out):
    """Side by side; and which definitions are not alike, once the notebook has run."""
    text = DOUBLED.replace("@udf", "FACTOR = 2\n# %%\n@udf").replace("y=2 *", "y=FACTOR *")
    text = text.replace("simulate(", "globals()['FACTOR'] = 3\nsimulate(")
    with pytest.raises(ExportError) as caught:
        prove(text)
    message = str(caught.value)
    assert "KN403" in message
    assert "  fields.y           3.0                                 2.0" in message
    assert "`FACTOR` is 3 in the notebook and 2 in the script" in message
    assert not out.exists()


def test_a_patched_method_is_named(prove):
    """Code is compared, too."""
    text = DOUBLED.replace(
        "simulate(", "setattr(globals()['Doubled'], 'point', lambda s, p: p)\nsimulate("
    )
    with pytest.raises(ExportError, match="`Doubled` runs other code in the notebook than in the"):
        prove(text)


def test_a_run_that_fails_must_fail_for_the_same_reason(prove):
    """The reason counts, not only that it failed."""
    text = DOUBLED.replace("yield point", "raise ValueError(f'no {id(self)}')\n        yield point")
    text = text.replace("simulate(Doubled, DATA)", "simulate(Doubled, DATA, errors='keep')")
    text += "class Fine(Doubled): pass\n"
    with pytest.raises(ExportError, match="KN402"):
        prove(text)
    fine = DOUBLED + "simulate(Doubled, DATA, options={'field': 'z'}, errors='keep')\n"
    assert rows_of(prove(fine))["simulation 2"][1].endswith("; fails as it did")
    named = fine.replace(
        "y=2 * point.fields[self.field]", "y=2 * point.fields[self.field + self.end()]"
    )
    named = named.replace(
        "    def point",
        "    def end(self):\n        return '' if self.field == 'x' else str(id(self))\n\n    def point",
    )
    with pytest.raises(ExportError, match="KN403"):
        prove(named)


def test_state_may_be_lost_if_that_is_said(prove):
    """It is refused otherwise (KN404, in the corpus), and noted here."""
    text = DOUBLED.replace("    def point", "    n = 0\n\n    def point")
    text = text.replace("        yield point", "        self.n += 1\n        yield point").replace(
        "y=2", "y=self.n"
    )
    assert rows_of(prove(text, allow_state_loss=True))["restart"][0] == "note"


def test_a_handler_that_cannot_be_replayed_is_not_restarted(prove):
    """It says so itself."""
    text = DOUBLED.replace("    field =", "    deterministic = False\n    field =")
    assert rows_of(prove(text))["restart"][0] == "not verified"


def test_saved_outputs_that_a_fresh_run_does_not_give_are_named(tmp_path, out):
    """Of the Handler's simulations alone; a cell without outputs says nothing."""
    path = write_notebook(
        tmp_path / "notebook.ipynb", DOUBLED + "# %%\nprint('other')\n# %%\nDATA\n"
    )
    content = json.loads(path.read_text())
    for cell in content["cells"][2:]:
        cell["outputs"] = [
            {
                "output_type": "execute_result",
                "execution_count": 1,
                "metadata": {},
                "data": {"text/plain": ["Simulation(Doubled: 19 points in, 19 points out)"]},
            }
        ]
    path.write_text(json.dumps(content))
    (note,) = export(path, out).notes
    assert note == (
        "cell 3 shows what a fresh run does not give: saved `Simulation(Doubled: 19 points in, 19 "
        "points out)`, fresh `Simulation(Doubled: 20 points in, 20 points out)`; the script was "
        "proven with the fresh run"
    )


# --------------------------------------------------------------------------- environments


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Keep environments apart from the user's."""
    monkeypatch.setenv("KAPNB_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache" / "venvs"


def in_a_venv(prove, text, **request):
    try:
        return prove(text, verify="venv", **request)
    except _venv.NotInstalled as error:
        pytest.skip(f"there is no package index: {error}")


def test_a_venv_holds_what_is_declared_and_nothing_else(prove, cache, out, monkeypatch):
    """Whatever PYTHONPATH names; it is made once, and misses what a script does not declare."""
    monkeypatch.setenv("PYTHONPATH", sysconfig.get_path("purelib"))
    exported = in_a_venv(prove, DOUBLED)
    told = json.loads((out / "doubled.validation.json").read_text())
    assert rows_of(exported)["dependencies"][0] == "ok"
    assert set(told["python"]["packages"]) == {"kapnb", "protobuf"}
    (venv,) = cache.iterdir()

    sly = DOUBLED.replace(
        "        yield point", "        __import__('IPython')\n        yield point"
    )
    assert prove(sly).script.exists()
    with pytest.raises(ExportError, match=r"KN403.*\n(.*\n)*.*No module named 'IPython'"):
        in_a_venv(prove, sly)
    assert [path.name for path in cache.iterdir()] == [venv.name]


def test_a_wheel_may_be_given(prove, cache, tmp_path):
    """Its content decides, and one that cannot be read is named."""
    wheel = tmp_path / WHEEL_NAME
    wheel.write_bytes(runtime_wheel())
    assert rows_of(in_a_venv(prove, DOUBLED, runtime_wheel=wheel))["dependencies"][0] == "ok"
    with pytest.raises(ExportError, match=r"KN406.*cannot be read"):
        prove(DOUBLED, verify="venv", runtime_wheel=tmp_path / "none.whl")


def test_without_an_installer_auto_says_what_was_not_verified(prove, cache, monkeypatch):
    """And `venv` refuses."""

    def none(python):
        raise _venv.NotInstalled("neither pip nor uv is there to install with", code="KN406")

    monkeypatch.setattr(_venv, "_installer", none)
    rows = rows_of(prove(DOUBLED, verify="auto"))
    assert rows["dependencies"] == (
        "not verified",
        "KN406: neither pip nor uv is there to install with",
    )
    assert rows["simulation 1"][0] == "ok"
    with pytest.raises(ExportError, match="KN406"):
        prove(DOUBLED, verify="venv")
    assert list(cache.iterdir()) == []


def test_another_python_is_named_in_the_script(prove, out):
    """The one that was asked for; one that is not there is refused."""
    exported = prove(DOUBLED, python=sys.executable)
    version = ".".join(map(str, sys.version_info[:2]))
    assert f'# python = "{version}"\n' in exported.script.read_text()
    with pytest.raises(ExportError, match=r"KN405: there is no Python called 2\.4"):
        prove(DOUBLED, python="2.4")


def test_the_wheel_of_the_runtime(tmp_path):
    """Always the same bytes, a record that fits, protobuf as its only need, and no exporter."""
    data = runtime_wheel()
    assert data == runtime_wheel()
    (tmp_path / WHEEL_NAME).write_bytes(data)
    with zipfile.ZipFile(tmp_path / WHEEL_NAME) as archive:
        names = archive.namelist()
        metadata = archive.read(next(n for n in names if n.endswith("METADATA"))).decode()
        record = archive.read(names[-1]).decode().splitlines()
    needs = [line for line in metadata.splitlines() if line.startswith("Requires-Dist")]
    assert len(needs) == 1
    assert "protobuf" in needs[0]
    assert {line.split(",")[0] for line in record} == set(names)
    assert "kapnb/agent/__init__.py" in names
    assert [name for name in names if "exporter" in name or "__pycache__" in name] == []


# --------------------------------------------------------------------- what comes along


def test_tests_travel(prove, out, tmp_path):
    """They pass beside the script, without the notebook, and fail if the script changes."""
    text = DOUBLED.replace(
        "# %%\nsimulate(",
        "# %%\nfrom pathlib import Path\nPath('limits.txt').write_text('1')\nsimulate(",
    )
    text += "simulate(Doubled, DATA, env={'LIMITS': 'limits.txt'})\n"
    text = text.replace(
        "        yield",
        "        import os\n        open(os.environ.get('LIMITS', os.devnull)).close()\n        yield",
    )
    exported = prove(text, with_tests=True)
    moved = shutil.move(out, tmp_path / "repository")
    (tmp_path / "notebook.ipynb").unlink()

    def run_tests():
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "test_doubled.py",
        ]
        return subprocess.run(command, cwd=moved, capture_output=True, text=True)

    done = run_tests()
    assert "5 passed" in done.stdout, done.stdout
    script = Path(moved, exported.script.name)
    script.write_text(script.read_text().replace("y=2 *", "y=3 *"))
    assert "5 failed" in run_tests().stdout


def test_models_and_modules_lie_beside_the_script(prove, out, tmp_path):
    """Under their names, with the hash in the script; the script runs from anywhere."""
    (tmp_path / "units.py").write_text("class Unit:\n    factor = 2\n")
    text = DOUBLED.replace(
        "@udf",
        "from kapnb import artifact\nfrom units import Unit\nMODEL = artifact('unit.pkl', Unit())\n# %%\n@udf",
    ).replace("y=2 *", "y=MODEL.factor *")
    with pytest.raises(ExportError, match="KN301: an artifact holds objects of units, a module"):
        prove(text)
    exported = prove(text, bring_modules=True)
    assert sorted(path.name for path in exported.files) == [
        "doubled.py",
        "doubled.validation.json",
        "unit.pkl",
        "units.py",
    ]
    done = subprocess.run(
        [sys.executable, exported.script, "--check"], capture_output=True, cwd="/"
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("str(Path.cwd() / 'x')", "KN311"),
        ("'Zm9v' + 'Yk3rTq81xUoVb7Ld2Ws5Hc9PzJe4NgAi=='", "KN310"),
    ],
)
def test_what_is_frozen_is_looked_at_too(prove, value, code, out):
    """A path of the folder in which the notebook ran, a token put together."""
    frozen = (
        f"from pathlib import Path\nfrom kapnb import freeze\nWHERE = freeze({value})\n# %%\n@udf"
    )
    text = DOUBLED.replace("@udf", frozen).replace("y=2 *", "y=len(WHERE) *")
    with pytest.raises(ExportError, match=rf"notebook\.ipynb, cell 2, line 3: {code}"):
        prove(text)
    assert not out.exists()


def test_a_module_that_comes_along_cannot_be_the_script(prove, out, tmp_path):
    """Not even one that only another of them imports: one would overwrite the other."""
    (tmp_path / "units.py").write_text("from doubled import TWO\n")
    (tmp_path / "doubled.py").write_text("TWO = 2\n")
    text = DOUBLED.replace("@udf", "from units import TWO\n# %%\n@udf").replace("y=2 *", "y=TWO *")
    with pytest.raises(ExportError, match=r"doubled\.py: KN302: .*would hide `doubled`"):
        prove(text, bring_modules=True)
    assert not out.exists()


def test_a_pickle_declares_what_it_is_made_of(prove, tmp_path):
    """Although no cell that travels imports it."""
    pytest.importorskip("numpy")
    text = DOUBLED.replace(
        "@udf",
        "import numpy as np\nfrom kapnb import artifact\nMODEL = artifact('row.pkl', np.arange(3))\n# %%\n@udf",
    ).replace("y=2 *", "y=float(MODEL[2]) *")
    script = prove(text).script.read_text()
    assert '#     "numpy==' in script
    assert "import numpy" not in script


SHOUTING = '''\
"""A format for the tests: the script's name, in capitals."""

from kapnb_exporter.formats import File

HELP = "a cry"


def files(product):
    return [File(f"{product.name}.txt", product.handler.upper().encode())]
'''


def test_a_format_is_a_module_and_a_line(prove, out, tmp_path, monkeypatch):
    """What is proven is the script, whatever is written."""
    (tmp_path / "shouting.py").write_text(SHOUTING)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sys.modules["kapnb_exporter.formats"].FORMATS, "shout", "shouting")
    exported = prove(DOUBLED, format="shout")
    assert exported.script.read_text() == "DOUBLED"
    assert rows_of(exported)["simulation 1"][0] == "ok"
    with pytest.raises(ExportError, match=r"there is no format whisper; there is .*script, shout"):
        prove(DOUBLED, format="whisper")


# ---------------------------------------------------------------------------- the command


def test_the_command_shows_the_table_and_the_notes(tmp_path, capsys):
    """The table as it comes about; without a proof, that in capitals."""
    from kapnb.cli import main

    notebook = str(write_notebook(tmp_path / "notebook.ipynb", DOUBLED))
    out = str(tmp_path / "out")
    assert main(["export", notebook, "-o", out, "--verify=fast"]) == 0
    shown = capsys.readouterr()
    assert "… cell 3 of 3\n" in shown.err
    assert "ok            simulation 1" in shown.err
    assert shown.out.endswith("20 inputs replayed, 44 responses equal\n")

    assert main(["export", notebook, "-o", out, "--no-verify"]) == 0
    shown = capsys.readouterr()
    assert "note: not verified, as was asked for" in shown.err
    assert shown.out.endswith("Doubled, NOT VERIFIED\n")
