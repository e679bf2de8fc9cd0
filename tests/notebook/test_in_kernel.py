"""In a real kernel: what a saved notebook holds, and whether a second run agrees with it."""

import subprocess
import sys

import nbformat
import pytest

from notebooks import Client

CELLS = [
    "%load_ext kapnb\nfrom kapnb import Handler, Option, Point, simulate\n"
    "from kapnb.notebook import Plot",
    "%%udf\n"
    "class Smooth(Handler):\n"
    "    weight = Option(float, default=0.9)\n\n"
    "    def point(self, point, state):\n"
    "        x = point.fields['x']\n"
    "        state['mean'] = self.weight * state.get('mean', x) + (1 - self.weight) * x\n"
    "        yield point.with_fields(mean=state['mean'])",
    "points = [Point({'x': n % 7.0}, time=n * 10**9, name='m') for n in range(500)]",
    "run = simulate(Smooth, points, live=True)\nrun",
    "Plot(run)",
]


@pytest.fixture(scope="module")
def notebook():
    """A notebook that was executed once."""
    cells = [nbformat.v4.new_code_cell(source, id=f"c{n}") for n, source in enumerate(CELLS)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    Client(notebook, timeout=120, record_timing=False).execute()
    return notebook


def test_a_saved_notebook_holds_one_still_figure(notebook):
    """No client drew anything, and the last frame is there all the same."""
    live, result = notebook.cells[3].outputs
    assert live.output_type == "display_data"
    assert live.data["text/plain"] == "<live plot of Smooth>"
    assert live.data["image/png"]
    assert live.metadata["image/png"] == {"width": 800, "height": 322}
    assert result.data["text/plain"] == "Simulation(Smooth: 500 points in, 500 points out)"
    assert "<b>Smooth</b>" in result.data["text/html"]


def test_a_plot_as_last_value_is_shown_once(notebook):
    """One output, with the picture that the live plot ended with."""
    (shown,) = notebook.cells[4].outputs
    assert shown.data["text/plain"] == "Plot(Smooth: x → mean)"
    assert shown.data["image/png"] == notebook.cells[3].outputs[0].data["image/png"]


def test_a_strict_comparison_of_a_second_run_is_green(notebook, tmp_path):
    """nbval finds in a fresh kernel what was saved."""
    path = tmp_path / "small.ipynb"
    nbformat.write(notebook, path)
    command = ["-m", "pytest", "--nbval", "--nbval-current-env", "-p", "no:cacheprovider", "-q"]
    done = subprocess.run(
        [sys.executable, *command, str(path)], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stdout
    assert f"{len(CELLS)} passed" in done.stdout
