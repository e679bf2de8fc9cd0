"""The live view on a canvas of the browser, in JupyterLab and in Notebook 7."""

import pytest

from notebooks import write_notebook

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CELLS = """\
# %%
import math
from kapnb import Handler, Point, Simulation
class Mean(Handler):
    def group_state(self):
        return []
    def point(self, point, state):
        state.append(point.fields["usage"])
        yield point.with_fields(mean=sum(state) / len(state))
points = [
    Point({"usage": math.sin(n / 50)}, time=n * 10**7, name="cpu", tags={"host": "ab"[n % 2]})
    for n in range(4000)
]
# %%
run = Simulation(Mean, points, group_by="host").live(
    canvas=True, speed=2, thresholds={"limit": 0.6}, anomalies=lambda point: point.fields["mean"] > 0.7
)
# %%
average = await run
"""
#: Keeps what the canvas shows, as often as it shows something else.
COLLECT = """
window.kapnbFrames = [];
const look = () => {
  const canvas = document.querySelector(".jp-OutputArea canvas");
  const shown = canvas && canvas.width && canvas.toDataURL();
  if (shown && shown !== window.kapnbFrames.at(-1)) {
    window.kapnbFrames.push(shown);
  }
  requestAnimationFrame(look);
};
look();
"""


@pytest.mark.parametrize("front", ["lab/tree", "notebooks"], ids=["lab", "notebook"])
def test_a_canvas_is_painted_while_the_run_lasts_and_an_image_stays(
    front, open_page, run_all, jupyter
):
    """Its picture changes; the buttons steer it; at the end a still picture takes its place."""
    _, folder = jupyter
    name = f"canvas_{front[:3]}.ipynb"
    write_notebook(folder / name, CELLS)
    page = open_page(name, front)
    page.evaluate(COLLECT)
    canvas = page.locator(".jp-OutputArea canvas")
    run_all(page, canvas)
    page.wait_for_function("window.kapnbFrames.length > 10")
    page.locator(".kapnb-live-pause").click()
    page.locator(".kapnb-position").wait_for()
    page.locator(".kapnb-live-speed select").select_option("max")
    page.locator(".kapnb-live-pause").click()
    canvas.wait_for(state="detached")
    page.locator(".jp-RenderedImage img").wait_for()
