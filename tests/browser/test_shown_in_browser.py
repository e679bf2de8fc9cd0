"""Displays and progress in JupyterLab and in Notebook 7."""

import pytest

from notebooks import write_notebook

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CELLS = """\
# %%
%load_ext kapnb
import time
from kapnb import Handler, Option, Point, simulate
class Slow(Handler):
    pause = Option(float, default=0.1, doc="seconds to wait")
    def point(self, point):
        time.sleep(self.pause)
        yield point
points = [Point({"usage": 1.5}, time=n, name="m", tags={"host": "a"}) for n in range(120)]
# %%
run = simulate(Slow, points)
print("done")
# %%
points[0]
# %%
Slow
# %%
simulate(Slow, points[:3], options={"pause": 0.0})
"""


@pytest.fixture(params=["lab/tree", "notebooks"], ids=["lab", "notebook"])
def page(request, open_page, run_all, jupyter):
    """A notebook opened in either front end."""
    _, folder = jupyter
    name = f"displays_{request.param[:3]}.ipynb"
    write_notebook(folder / name, CELLS)
    return open_page(name, request.param)


def test_progress_is_a_widget_while_it_runs_and_nothing_afterwards(page, run_all):
    """tqdm's bar, in a run of twelve seconds."""
    bar = page.locator(".jp-OutputArea .widget-hprogress")
    run_all(page, bar)
    page.get_by_text("inputs/s").first.wait_for()
    page.get_by_text("done", exact=True).wait_for()
    bar.wait_for(state="detached")
    outputs = page.locator(".jp-CodeCell").nth(1).locator(".jp-OutputArea-output")
    assert "".join(outputs.all_inner_texts()).split() == ["done"]


def test_points_handlers_and_runs_are_shown_as_tables(page, run_all):
    """As HTML, though IPython asks no class."""
    run_all(page)
    page.get_by_text("in a TICKscript").wait_for()
    page.locator("td", has_text="seconds to wait").wait_for()
    page.locator("td", has_text="double").first.wait_for()
    page.get_by_text("the first points that went out").wait_for()
