"""JupyterLab's *File → Save and Export Notebook As → Kapacitor-udf*, on the server's side.

The menu lists whatever nbconvert can export, and asks the server for
``/nbconvert/FORMAT/PATH``. Jupyter's own route takes only formats that are one word, so that
``kapacitor-udf`` needs this one; and it names files as `kapnb export` does, after the Handler.
Loaded by Jupyter Server alone, which finds it by a file in ``jupyter_server_config.d``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from anyio.to_thread import run_sync
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import JupyterHandler, path_regex
from jupyter_server.utils import ensure_async, url_path_join
from nbconvert.utils.exceptions import ConversionException
from tornado import web

from kapnb_exporter._archive import zip_bytes
from kapnb_exporter._nbconvert import KapacitorUdfExporter
from kapnb_exporter.formats import File

__all__ = ["ExportHandler"]

#: HTTP status of a refusal: the notebook was understood and may not be exported.
_REFUSED = 422


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(server: Any) -> None:
    """Add the route to a Jupyter Server."""
    web_app = server.web_app
    route = url_path_join(web_app.settings["base_url"], f"/nbconvert/kapacitor-udf{path_regex}")
    web_app.add_handlers(".*$", [(route, ExportHandler)])


class ExportHandler(JupyterHandler):  # type: ignore[misc, unused-ignore]
    """Answers with a zip of the script and what lies beside it, or with the refusal."""

    auth_resource = "nbconvert"

    @web.authenticated
    @authorized  # type: ignore[untyped-decorator, unused-ignore]
    async def get(self, path: str) -> None:
        """Export the saved notebook at `path`; the export runs in a thread of its own."""
        self.check_xsrf_cookie()
        path = path.strip("/")
        model = await ensure_async(self.contents_manager.get(path=path, type="notebook"))
        place = self._place(path, model["name"])
        resources = {"metadata": place, "unique_key": place["name"]}
        exporter = KapacitorUdfExporter(config=self.config, log=self.log)
        try:
            text, made = await run_sync(exporter.from_notebook_node, model["content"], resources)
        except ConversionException as refusal:
            self.set_status(_REFUSED)
            self.set_header("Content-Type", "text/plain; charset=utf-8")
            self.finish(f"{refusal}\n\nNo file was written.\n")
            return
        name = made["unique_key"]
        files = [File(f"{name}.py", text.encode(), mode=0o755)]
        files += [File(other.removeprefix("./"), data) for other, data in made["outputs"].items()]
        self.set_attachment_header(f"{name}.zip")
        self.set_header("Content-Type", "application/zip")
        self.set_header("Cache-Control", "no-store")
        self.finish(zip_bytes(files))

    def _place(self, path: str, name: str) -> dict[str, str]:
        """Return what nbconvert calls metadata: the name, and the folder if there is one."""
        place = {"name": Path(name).stem}
        if hasattr(self.contents_manager, "_get_os_path"):
            place["path"] = str(Path(self.contents_manager._get_os_path(path)).parent)
        return place
