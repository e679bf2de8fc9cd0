"""A live cell that is run again, in JupyterLab and in Notebook 7: both say which cell it is."""

import pytest

from notebooks import write_notebook

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CELLS = """\
# %%
from kapnb import Handler, Point, Simulation
runs = globals().get("runs", [])
# %%
runs.append(Simulation(Handler, [Point({"x": 1.0}, time=0)]).live(paused=True))
# %%
print([run.state for run in runs])
"""


@pytest.mark.parametrize("front", ["lab/tree", "notebooks"], ids=["lab", "notebook"])
def test_the_run_that_a_cell_began_before_is_stopped(front, open_page, run_all, jupyter):
    """It would wait for ever, without a button."""
    _, folder = jupyter
    name = f"again_{front[:3]}.ipynb"
    write_notebook(folder / name, CELLS)
    page = open_page(name, front)
    run_all(page)
    page.get_by_text("'paused']").wait_for()
    run_all(page)
    page.get_by_text("'stopped', 'paused']").wait_for()
