"""In a real kernel: what a saved notebook holds, and whether a second run agrees with it."""

import subprocess
import sys

import nbformat
import pytest
from nbclient.util import run_sync

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


BACKGROUND = [
    "import os\nos.environ['KAPNB_LIVE'] = 'background'  # as if somebody sat there\n"
    "from kapnb import Handler, Point, Simulation\n"
    "class Tells(Handler):\n"
    "    def point(self, point):\n"
    "        print('handled', point.time)\n"
    "        yield point.with_fields(double=2 * point.fields['x'])\n"
    "points = [Point({'x': n % 7.0}, time=n * 10**9, name='m') for n in range(5)]",
    "run = Simulation(Tells, points).live(paused=True)",
    "print(run.state)\nrun.step(2)\nprint(run.state, len(run.simulation.outputs))",
    "run.resume()\ndone = await run\nprint(run.state, len(done.outputs))",
]


@pytest.fixture(scope="module")
def background():
    """What a kernel published for each cell while a live run went on: (type, content)."""
    notebook = nbformat.v4.new_notebook()
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    client = Client(notebook, timeout=120)
    published = [[] for _ in BACKGROUND]
    with client.setup_kernel():
        next_message = run_sync(client.kc.get_iopub_msg)
        ids = {}
        for number, source in enumerate(BACKGROUND):
            ids[client.kc.execute(source)] = number
        # A last cell, behind whose end nothing of the run can come.
        last = client.kc.execute("import sys\nsys.stdout.flush()")
        idle = False
        while not idle:
            message = next_message(timeout=120)
            parent = message["parent_header"].get("msg_id")
            if parent in ids:
                published[ids[parent]].append((message["msg_type"], message["content"]))
            idle = parent == last and message["content"].get("execution_state") == "idle"
    return published


def _printed(messages):
    return "".join(content["text"] for kind, content in messages if kind == "stream")


def test_other_cells_run_while_a_live_run_goes_on(background):
    """They steer it, and read what has come."""
    assert not any(kind == "error" for messages in background for kind, _ in messages)
    assert _printed(background[2]) == "paused\npaused 2\n"
    assert _printed(background[3]) == "finished 5\n"


def test_what_a_handler_prints_belongs_to_the_cell_that_began_the_run(background):
    """Whichever cell is being executed when it does."""
    assert _printed(background[1]) == "".join(f"handled {n * 10**9}\n" for n in range(5))


def test_all_displays_are_in_that_cell(background):
    """Picture, buttons and moment; later frames find them by their ids."""
    shown = [content for kind, content in background[1] if kind == "display_data"]
    assert [sorted(content["data"]) for content in shown] == [["text/plain"], [], []]
    assert not any(kind == "display_data" for kind, _ in background[2] + background[3])
