"""Completion of names that only the data know, in JupyterLab and in Notebook 7."""

import pytest

from notebooks import write_notebook

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CELLS = """\
# %%
%load_ext kapnb
from kapnb import Handler, Option, Point, simulate
class Limit(Handler):
    threshold = Option(float, default=0.1)
    def point(self, point):
        yield point
points = [Point({"usage": 1.5}, time=n, name="m", tags={"host": "a"}) for n in range(12)]
run = simulate(Limit, points)
print("all is defined")
# %%
x = 1
"""
#: What is typed before Tab, and the name that is offered.
TYPED = {
    'simulate(Limit, points, options={"thr': "threshold",
    'points[0].fields["us': "usage",
    'points[0].tags["h': "host",
}


@pytest.fixture(params=["lab/tree", "notebooks"], ids=["lab", "notebook"])
def page(request, open_page, run_all, jupyter):
    """A notebook whose first cell has run a Handler, opened in either front end."""
    _, folder = jupyter
    name = f"completed_{request.param[:3]}.ipynb"
    write_notebook(folder / name, CELLS)
    page = open_page(name, request.param)
    run_all(page, page.locator(".jp-OutputArea-output", has_text="all is defined"))
    return page


def test_tab_completes_what_only_the_data_know(page):
    """The menu offers the name, and Enter puts it into the cell."""
    editor = page.locator(".jp-CodeCell").nth(1).locator(".cm-content")
    for typed, name in TYPED.items():
        editor.click()
        page.keyboard.press("Control+a")
        page.keyboard.type(typed)
        page.keyboard.press("Tab")
        page.locator(".jp-Completer-match", has_text=name).wait_for()
        page.keyboard.press("Enter")
        page.wait_for_function(
            "text => document.querySelectorAll('.jp-CodeCell .cm-content')[1].innerText === text",
            arg=typed[: typed.rindex('"') + 1] + name,
        )
