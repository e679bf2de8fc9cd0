"""The pictures in the documentation, taken from the running thing by `make screenshots`.

Without ``KAPNB_UPDATE`` everything is clicked through all the same, and the pictures must be there.
"""

import os
from pathlib import Path

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "docs" / "images"


@pytest.fixture
def take():
    """Return a function that keeps a picture of what it is given, and checks that a page shows it."""

    def take(shown, name, **settings):
        if os.environ.get("KAPNB_UPDATE"):
            shown.screenshot(path=IMAGES / name, animations="disabled", **settings)
        assert (IMAGES / name).exists(), "make screenshots"
        pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
        assert any(f"images/{name}" in page.read_text(encoding="utf-8") for page in pages)

    return take


@pytest.fixture
def page(open_page, run_all):
    """Notebook 01 in JupyterLab, all cells run."""
    page = open_page("01_quick_start.ipynb")
    page.keyboard.press("Control+b")  # the side bar away
    run_all(page, page.locator(".kapnb-live-buttons"))
    return page


def test_the_live_view_while_it_runs_and_while_it_stands(page, take):
    """With its buttons; and with the input and the state where it was paused."""
    cell = page.locator(".jp-CodeCell:has(.kapnb-live-buttons)")
    image = cell.locator("img")
    for _ in range(15):  # some frames on, so that there is something to see
        before = image.get_attribute("src")
        page.wait_for_function(
            "before => document.querySelector('.jp-CodeCell:has(.kapnb-live-buttons) img')"
            "?.src !== before",
            arg=before,
        )
    cell.locator(".kapnb-live-pause").click()
    cell.locator(".kapnb-position").wait_for()
    cell.locator(".kapnb-live-back").click()
    take(cell.locator(".jp-Cell-outputArea"), "live_paused.png")
    cell.locator(".kapnb-live-stop").click()
    page.wait_for_function("!document.querySelector('.kapnb-live-buttons')")


def test_the_export_menu(page, click_export, take):
    """The entry of the File menu, under the pointer."""
    click_export(page, only_point=True)
    box = page.get_by_text("Kapacitor-udf").bounding_box()
    wide, high = box["x"] + box["width"] + 80, box["y"] + 120
    take(page, "export_menu.png", clip={"x": 0, "y": 0, "width": wide, "height": high})
