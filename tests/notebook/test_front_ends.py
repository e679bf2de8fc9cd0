"""Notebooks run by others: nbconvert, papermill, and a front end that has no widgets.

JupyterLab and Notebook themselves are driven in tests/browser; docs/notebook.md says what was
tried where.
"""

import subprocess
import sys
import textwrap

import nbformat
import pytest

from notebooks import Client

CELLS = [
    "%load_ext kapnb\nfrom kapnb import Handler, Option, Point, simulate",
    "count = 50",
    "%%udf\n"
    "class Smooth(Handler):\n"
    "    weight = Option(float, default=0.9)\n\n"
    "    def point(self, point, state):\n"
    "        x = point.fields['x']\n"
    "        state['mean'] = self.weight * state.get('mean', x) + (1 - self.weight) * x\n"
    "        yield point.with_fields(mean=state['mean'])",
    "points = [Point({'x': n % 7.0}, time=n * 10**9, name='m') for n in range(count)]\n"
    "run = simulate(Smooth, points, live=True)\n"
    "run",
    "from kapnb.notebook import plot_groups, plot_latency, plot_state\nplot_groups(run)[0].figure",
    "plot_state(run).figure",
    "plot_latency(run).figure",
    '%%tick\ndbrp "a"."b"\nstream|from()@smooth().weight(0.5)|log()',
    "points[0]",
    "run.transcript",
    "Smooth",
    "run.report()",
]


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A small notebook that uses what draws, and what shows itself; never executed."""
    cells = [
        nbformat.v4.new_code_cell(
            source, id=f"c{n}", metadata={"tags": ["parameters"]} if n == 1 else {}
        )
        for n, source in enumerate(CELLS)
    ]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata.kernelspec = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    path = tmp_path_factory.mktemp("front") / "small.ipynb"
    nbformat.write(notebook, path)
    return path


def outputs(path, count):
    """Check what every way of running it must leave, and return the outputs by cell."""
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.source != f"# Parameters\ncount = {count}\n"]
    shown = [cell.outputs for cell in code]
    live, result = shown[3]
    assert live.data["text/plain"] == "<live plot of Smooth>"
    assert live.data["image/png"]
    assert result.data["text/plain"] == f"Simulation(Smooth: {count} points in, {count} points out)"
    for number in (4, 5, 6):
        (picture,) = shown[number]
        assert picture.data["image/png"]
        assert picture.data["text/plain"].startswith("<Figure size ")
    assert shown[7][0].text == "accepted\n"
    for number, words in ((8, "Point <b>m</b>"), (9, "to the UDF"), (10, "in a TICKscript")):
        (html,) = shown[number]
        assert words in html.data["text/html"]
    assert shown[11][0].data["text/plain"] == "Report(Smooth: 0 lints)"
    assert not [output for cell in shown for output in cell if output.output_type == "error"]
    assert not [output for cell in shown for output in cell if output.get("name") == "stderr"]
    return shown


def test_nbconvert_executes_it_and_makes_a_page(path, tmp_path):
    """Pictures are there, and the page asks nobody for anything of ours."""
    command = [sys.executable, "-m", "jupyter", "nbconvert", "--execute"]
    ipc = ["--KernelManager.transport=ipc", f"--KernelManager.ip={tmp_path}/ipc"]
    done = tmp_path / "done.ipynb"
    subprocess.run(
        [*command, *ipc, "--to", "notebook", "--output", done, path],
        check=True,
        capture_output=True,
    )
    shown = outputs(done, 50)
    subprocess.run(
        [*command[:-1], "--to", "html", "--output", tmp_path / "page.html", done],
        check=True,
        capture_output=True,
    )
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.count("<img ") == 4
    for cell in shown:
        for output in cell:
            for text in output.get("data", {}).values():
                assert "<script" not in str(text)
                assert "http" not in str(text)


def test_papermill_sets_parameters_and_runs_it(path, tmp_path):
    """The cell tagged `parameters` is followed by one that counts."""
    done = tmp_path / "done.ipynb"
    program = f"""\
        import papermill
        from traitlets.config import Config
        ipc = Config({{"KernelManager": {{"transport": "ipc", "ip": {str(tmp_path / "ipc")!r}}}}})
        papermill.execute_notebook(
            {str(path)!r}, {str(done)!r}, {{"count": 20}}, progress_bar=False, config=ipc
        )
        """
    subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], check=True, capture_output=True
    )
    outputs(done, 20)


def test_two_runs_leave_the_same_text(path):
    """Only pictures differ; so a strict comparison of notebooks is green."""
    texts = []
    for _ in range(2):
        notebook = nbformat.read(path, as_version=4)
        Client(notebook, timeout=120, record_timing=False).execute()
        texts.append(
            [
                {
                    key: text
                    for key, text in output.get("data", output).items()
                    if key != "image/png"
                }
                for cell in notebook.cells
                for output in cell.outputs
            ]
        )
    assert texts[0] == texts[1]


def test_a_kernel_without_ipywidgets_shows_an_html_bar_and_no_warning():
    """Nothing goes to stderr, where a saved notebook would keep it."""
    source = """\
import sys
sys.modules["ipywidgets"] = None
from kapnb._progress import CellBar, Done, find_surface
bar = find_surface()
bar.show(Done("Mean", "inputs", 1, 2, 3.0))
print(bar._bar, type(bar).__name__)
bar.clear()"""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])

    Client(notebook, kernel_name="python3").execute()

    bar, printed = notebook.cells[0].outputs
    assert (bar.output_type, bar.data) == ("display_data", {})
    assert (printed.name, printed.text) == ("stdout", "None CellBar\n")
