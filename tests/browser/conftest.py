"""JupyterLab on loopback and a Chromium that looks at it; without either the tests skip."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections import deque
from pathlib import Path

import pytest

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
TOKEN = "loopback"
#: Shown once the kernel of a notebook has started and has nothing to do.
IDLE = '.jp-Notebook-ExecutionIndicator[data-status="idle"]'
#: Nothing that asks other hosts, or stands before what is to be clicked.
PAGE_CONFIG = {
    "disabledExtensions": {
        "@jupyterlab/apputils-extension:announcements": True,
        "@jupyterlab/extensionmanager-extension": True,
    }
}

#: All cells are in the page, also those that nobody has scrolled to.
SETTINGS = {"windowingMode": "none"}


@pytest.fixture(scope="module")
def chromium():
    """Yield a headless Chromium, driven by playwright, whose event loop no other test may meet."""
    if os.environ.get("KAPNB_BROWSER") == "done":
        pytest.skip("has run before: make browser")
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="needs: make .venv/.browser (playwright, JupyterLab)"
    )
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("Chromium is not there; on Debian: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def jupyter(tmp_path_factory):
    """Yield the address of a server that knows JupyterLab and Notebook, and its folder."""
    pytest.importorskip("jupyterlab", reason="needs: make .venv/.browser (playwright, JupyterLab)")
    home = tmp_path_factory.mktemp("jupyter")
    folder = Path(shutil.copytree(NOTEBOOKS, home / "notebooks"))
    settings = home / "config" / "labconfig"
    settings.mkdir(parents=True)
    (settings / "page_config.json").write_text(json.dumps(PAGE_CONFIG), encoding="utf-8")
    chosen = home / "settings" / "@jupyterlab" / "notebook-extension"
    chosen.mkdir(parents=True)
    (chosen / "tracker.jupyterlab-settings").write_text(json.dumps(SETTINGS), encoding="utf-8")
    places = {
        "JUPYTERLAB_SETTINGS_DIR": home / "settings",
        "HOME": home,
        "IPYTHONDIR": home / "ipython",
        "JUPYTER_CONFIG_DIR": home / "config",
        "JUPYTER_DATA_DIR": home / "data",
        "JUPYTER_RUNTIME_DIR": home / "runtime",
    }
    arguments = [
        "--allow-root",
        "--no-browser",
        "--ip=127.0.0.1",
        "--port=0",
        f"--ServerApp.root_dir={folder}",
        f"--IdentityProvider.token={TOKEN}",
    ]
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", *arguments],
        env={**os.environ, **{name: str(place) for name, place in places.items()}},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    log = deque(maxlen=200)
    for line in server.stderr:
        log.append(line)
        found = re.search(r"(http://127\.0\.0\.1:\d+/)", line)
        if found:
            break
    else:
        raise AssertionError(f"JupyterLab did not start:\n{''.join(log)}")
    drain = threading.Thread(target=log.extend, args=(server.stderr,), daemon=True)
    drain.start()
    yield found[1], folder
    server.terminate()
    server.wait(30)
    drain.join(30)
    server.stderr.close()


@pytest.fixture
def open_page(chromium, jupyter):
    """Return a function that opens a notebook in JupyterLab, or in Notebook, on a fresh page."""
    address, _ = jupyter
    context = chromium.new_context(viewport={"width": 1280, "height": 1000}, accept_downloads=True)
    context.set_default_timeout(120_000)

    def answer(dialog):
        """Accept what JupyterLab asks of somebody who waits too long; it covers what is clicked."""
        print("a dialog:", dialog.inner_text())
        dialog.locator(".jp-mod-accept").click()

    def open_page(notebook, front="lab/tree"):
        page = context.new_page()
        page.add_locator_handler(page.locator(".jp-Dialog"), answer)
        # A fresh workspace: JupyterLab else opens what an earlier page had open, too.
        page.goto(f"{address}{front}/{notebook}?reset&token={TOKEN}")
        page.wait_for_selector(".jp-Notebook .jp-CodeCell")
        page.wait_for_selector(IDLE)
        return page

    yield open_page
    context.close()


@pytest.fixture
def click_export():
    """Return a function that clicks through the File menu to the exporter's entry."""
    from playwright.sync_api import TimeoutError as TooLate

    def click_export(page, *, only_point=False):
        entry = page.get_by_text("Kapacitor-udf")
        for _ in range(10):
            page.get_by_role("menuitem", name="File", exact=True).click()
            page.get_by_text("Save and Export Notebook As").hover()
            try:
                entry.wait_for(timeout=5000)
            except TooLate:  # opened before it was filled, and an open menu is not
                page.keyboard.press("Escape")
                page.keyboard.press("Escape")
            else:
                break
        if only_point:
            entry.hover()
        else:
            entry.click()

    return click_export


@pytest.fixture
def run_all():
    """Return a function that runs all cells of a page.

    What is there only as long as a cell runs can be waited for, too: a browser that stood still for
    that long, or had not loaded its widgets yet, would never show it. Then all cells run once more.
    """
    from playwright.sync_api import TimeoutError as TooLate

    def run(page):
        # A saved notebook has its numbers already; the star is there while a cell waits or runs.
        began = page.locator(".jp-InputPrompt", has_text="[*]:").first
        for _ in range(10):
            page.get_by_role("menuitem", name="Run", exact=True).click()
            page.get_by_text("Run All Cells", exact=True).click()
            try:
                began.wait_for(timeout=10_000)
            except TooLate:  # a menu that opens before the kernel is there does nothing
                continue
            return
        raise AssertionError("the cells did not run")

    def run_all(page, seen=None):
        for _ in range(5):
            run(page)
            if seen is None:
                return
            try:
                seen.wait_for(timeout=20_000)
            except TooLate:
                continue
            return
        raise AssertionError(f"{seen} was not seen in:\n{page.inner_text('.jp-Notebook')}")

    return run_all
