"""The live view of notebook 01, as a person in front of a notebook would use it."""

import re

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]

#: The cell that shows the live view, as long as it runs.
LIVE_CELL = ".jp-CodeCell:has(.kapnb-live-buttons)"
#: Keeps each picture that stands in that cell, as often as another takes its place.
COLLECT = """
window.kapnbFrames = [];
new MutationObserver(() => {
  const image = document.querySelector(".jp-CodeCell:has(.kapnb-live-buttons) img");
  if (image && image.src && image.src !== window.kapnbFrames.at(-1)) {
    window.kapnbFrames.push(image.src);
  }
}).observe(document, {subtree: true, childList: true, attributes: true, attributeFilter: ["src"]});
"""


@pytest.fixture(params=["lab/tree", "notebooks"], ids=["lab", "notebook"])
def cell(request, open_page, run_all):
    """The cell in which the live view of notebook 01 runs, in either front end."""
    page = open_page("01_quick_start.ipynb", request.param)
    page.evaluate(COLLECT)
    cell = page.locator(LIVE_CELL)
    speed = cell.locator(".kapnb-live-speed select")
    run_all(page, speed)
    # The recording takes 14 s at the notebook's speed; a busy machine may need more for all this.
    speed.select_option("10x")
    return cell


def position_of(cell):
    """Return the number of the input at which the view stands."""
    text = cell.locator(".kapnb-position").inner_text()
    return int(re.match(r"input (\d+) of", text)[1])


def test_a_live_run_is_watched_paused_and_walked(cell):
    """Its picture changes; pause, step and step back show where it stands, and the state there."""
    page = cell.page
    page.wait_for_function("window.kapnbFrames.length > 5")  # the first, and five changes
    state = cell.locator(".kapnb-live-state")
    assert state.inner_text() == "running"

    def press(button, position):
        cell.locator(f".kapnb-live-{button}").click()
        cell.locator(".kapnb-position", has_text=f"input {position} of").wait_for()

    cell.locator(".kapnb-live-pause").click()
    cell.locator(".kapnb-position").wait_for()
    assert state.inner_text() == "paused"
    stands = position_of(cell)
    press("step", stands + 1)
    press("back", stands)
    press("back", stands - 1)
    shown = cell.locator(".kapnb-moment").inner_text()
    assert re.search(r"state\s+deque\(\[[\d., ]+", shown)
    assert re.search(r"sent\s+Point\(.* mean=[\d.]+ ", shown)

    cell.locator(".kapnb-live-pause").click()  # it says Resume now
    state.filter(has_text="running").wait_for()
    cell.locator(".kapnb-live-speed select").select_option("max")
    page.wait_for_function("!document.querySelector('.kapnb-live-buttons')")
    live = page.locator(".jp-CodeCell", has_text="thresholds=80")
    assert live.locator(".jp-RenderedImage img").count() == 1
    assert live.locator(".kapnb-moment").count() == 0
