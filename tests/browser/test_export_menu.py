"""Export from JupyterLab's File menu."""

import io
import json
import zipfile

import pytest

from kapnb_exporter import Request, export
from notebooks import write_notebook

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_the_file_menu_exports_what_the_command_exports(open_page, click_export, jupyter, tmp_path):
    """The zip holds the script and its sidecar, under the Handler's name."""
    page = open_page("01_quick_start.ipynb")
    with page.expect_download(timeout=300_000) as waiting:
        click_export(page)
    download = waiting.value
    download.save_as(tmp_path / "download.zip")

    assert download.suggested_filename == "moving_average.zip"
    with zipfile.ZipFile(io.BytesIO((tmp_path / "download.zip").read_bytes())) as archive:
        (script, sidecar) = archive.infolist()
        content = archive.read(script)
        validation = json.loads(archive.read(sidecar))
    assert (script.filename, script.external_attr >> 16 & 0o777) == ("moving_average.py", 0o755)
    assert sidecar.filename == "moving_average.validation.json"
    assert validation["verified"] is True
    _, folder = jupyter
    exported = export(folder / "01_quick_start.ipynb", tmp_path / "out", Request(verify="none"))
    assert content == exported.files[0].read_bytes()


def test_a_refusal_is_what_the_page_says(open_page, click_export, jupyter):
    """As the command would; nothing is downloaded."""
    _, folder = jupyter
    write_notebook(folder / "unmarked.ipynb", "# %%\nx = 1\n")
    page = open_page("unmarked.ipynb")
    with page.context.expect_page() as opened:
        click_export(page)
    refused = opened.value
    refused.wait_for_function("document.body.innerText.includes('No file was written.')")
    assert "unmarked.ipynb: KN101: no Handler is marked" in refused.inner_text("body")
