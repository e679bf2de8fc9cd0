"""The export as a whole: run, prove, write."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from captures import responses
from kapnb.errors import ExportError
from kapnb_exporter import export
from notebooks import write_notebook

GOOD = """\
# %%
import os
from pathlib import Path
from kapnb import Handler, Option, OptionError, Point, simulate, udf
DATA = [Point({"x": float(n)}, time=n, name="m", tags={"host": "ab"[n % 2]}) for n in range(20)]
# %%
LIMIT = 3.0
# %%
@udf
class Over(Handler):
    factor = Option(float, default=1.0)

    def init(self):
        if self.factor < 0:
            raise OptionError("factor must not be negative")
        self.greeting = Path(os.environ.get("GREETING", "none")).read_text() if "GREETING" in os.environ else ""

    def point(self, point):
        if point.fields["x"] * self.factor > LIMIT:
            yield point.with_fields(over=True, greeting=self.greeting)
# %%
Path("greeting.txt").write_text("hello")
simulate(Over, DATA, group_by="host")
simulate(Over, DATA, options={"factor": 2.0}, env={"GREETING": "greeting.txt"})
simulate(Over, DATA, options={"factor": -1.0}, errors="keep")
"""


def test_every_simulation_of_the_handler_is_replayed(tmp_path):
    """Other options, another environment, and one that is refused on purpose."""
    done = export(write_notebook(tmp_path / "good.ipynb", GOOD), tmp_path / "out")

    assert [recording.outputs for recording in done.recordings] == [16, 18, 0]
    assert "factor must not be negative" in str(done.recordings[2].error)
    assert done.script == tmp_path / "out" / "over.py"
    assert os.access(done.script, os.X_OK)
    names = sorted(path.name for path in done.script.parent.iterdir())
    assert names == ["over.py", "over.validation.json"]


def test_the_notebook_and_its_folder_stay_as_they_are(tmp_path):
    """What the notebook writes lands in a copy."""
    notebook = write_notebook(tmp_path / "good.ipynb", GOOD)
    before = notebook.read_bytes()

    export(notebook, tmp_path / "out")

    assert notebook.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["good.ipynb", "out"]


def test_the_script_starts_by_itself(tmp_path):
    """As `./over.py`, from anywhere."""
    done = export(write_notebook(tmp_path / "good.ipynb", GOOD), tmp_path / "out")
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}

    run = subprocess.run(
        [done.script], input=bytes.fromhex("020a00"), capture_output=True, env=environment, cwd="/"
    )

    (info,) = responses(run.stdout)
    assert list(info.options) == ["factor"]
    assert run.returncode == 0


def test_an_earlier_script_is_replaced_only_by_a_proven_one(tmp_path):
    """A failing export leaves the old file alone."""
    out = tmp_path / "out"
    script = export(write_notebook(tmp_path / "good.ipynb", GOOD), out).script
    old = script.read_bytes()
    bad = GOOD.replace("over=True", "over=id(self) % 7")

    with pytest.raises(ExportError, match="KN403"):
        export(write_notebook(tmp_path / "bad.ipynb", bad), out)

    assert script.read_bytes() == old
    names = sorted(path.name for path in out.iterdir())
    assert names == ["over.py", "over.validation.json"]


def test_two_exports_give_the_same_bytes(tmp_path):
    """Another folder, and outputs and counters in the notebook, change nothing."""
    one = write_notebook(tmp_path / "good.ipynb", GOOD)
    (tmp_path / "elsewhere").mkdir()
    other = tmp_path / "elsewhere" / "good.ipynb"
    content = json.loads(one.read_text())
    for cell in content["cells"]:
        cell["execution_count"] = 17
    other.write_text(json.dumps(content, indent=3))

    first = export(one, tmp_path / "a").script.read_bytes()
    second = export(other, tmp_path / "b").script.read_bytes()

    assert first == second


def test_a_kernel_of_another_machine_does_not_matter(tmp_path):
    """The notebook runs in the Python that exports it."""
    notebook = write_notebook(tmp_path / "good.ipynb", GOOD)
    content = json.loads(notebook.read_text())
    content["metadata"]["kernelspec"]["name"] = "conda-env-nowhere-py"
    notebook.write_text(json.dumps(content))

    assert export(notebook, tmp_path / "out").script.exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    """After all the work, one sentence."""
    (tmp_path / "out").write_text("a file")

    with pytest.raises(ExportError, match="cannot be written"):
        export(write_notebook(tmp_path / "good.ipynb", GOOD), tmp_path / "out")


def test_what_the_kernel_process_says_at_its_end_is_no_message_to_the_user(tmp_path, capfd):
    """It complains now and then about sockets that close under it; here it surely says something."""
    farewell = "import atexit\natexit.register(os.write, 2, b'farewell from the kernel')\n# %%\n"
    notebook = write_notebook(
        tmp_path / "good.ipynb", GOOD.replace("LIMIT =", farewell + "LIMIT =")
    )

    export(notebook, tmp_path / "out")

    assert "farewell" not in "".join(capfd.readouterr())


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("ipykernel_launcher.py", "import no_such_module", "No module named 'no_such_module'"),
        ("helper.py", "import os\nos._exit(3)", ""),
    ],
)
def test_a_kernel_that_dies_is_named_with_its_last_words(tmp_path, capfd, file, text, said):
    """One never comes up, since a file beside the notebook hides a module; one ends in a cell."""
    (tmp_path / file).write_text(text)
    notebook = write_notebook(tmp_path / "good.ipynb", GOOD + "# %%\nimport helper\n")

    with pytest.raises(ExportError) as caught:
        export(notebook, tmp_path / "out")

    assert "KN401: the kernel died while the notebook ran" in str(caught.value)
    assert said in str(caught.value)
    assert capfd.readouterr() == ("", "")
    assert not (tmp_path / "out").exists()
