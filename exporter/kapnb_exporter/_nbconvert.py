"""``jupyter nbconvert --to kapacitor-udf``, and the entry of JupyterLab's export menu.

A thin layer over `kapnb_exporter.export`, found through the entry-point group
``nbconvert.exporters``. Imported by nbconvert alone, which need not be installed.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat
from nbconvert.exporters import Exporter
from nbconvert.utils.exceptions import ConversionException
from traitlets import Bool, Enum, Unicode, default

from kapnb.errors import KapnbError
from kapnb_exporter._export import export
from kapnb_exporter._folder import copy_folder
from kapnb_exporter._request import MODES, Request

__all__ = ["KapacitorUdfExporter"]


class KapacitorUdfExporter(Exporter):  # type: ignore[misc, unused-ignore]
    """Exports the marked Handler of a notebook as a script that was proven.

    Attributes
    ----------
    handler : str
        Which Handler, if several are marked.
    verify : {"auto", "venv", "fast", "none"}
        How it is proven; see `kapnb_exporter.Request`.
    bring_modules : bool
        Whether modules beside the notebook come along.
    """

    #: What JupyterLab calls it in *File → Save and Export Notebook As*.
    export_from_notebook = "Kapacitor UDF"
    output_mimetype = "text/x-python"

    handler = Unicode("", help="which Handler, if several are marked").tag(config=True)
    verify = Enum(MODES, "auto", help="how the script is proven").tag(config=True)
    bring_modules = Bool(False, help="bring modules beside the notebook along").tag(config=True)

    @default("file_extension")
    def _file_extension_default(self) -> str:
        return ".py"

    def from_notebook_node(  # type: ignore[override, unused-ignore]
        self, nb: Any, resources: Any = None, **kw: Any
    ) -> tuple[str, dict[str, Any]]:
        """Export a notebook.

        Parameters
        ----------
        nb : NotebookNode
            The notebook.
        resources : dict, optional
            nbconvert's; the notebook's folder and name are those in its ``metadata``.
        **kw
            Passed on to nbconvert.

        Returns
        -------
        tuple of str and dict
            The script; and the resources, in whose ``outputs`` are the files beside it.

        Raises
        ------
        ConversionException
            If the export is refused, in the export's words.
        """
        nb, resources = super().from_notebook_node(nb, resources, **kw)
        metadata = resources.get("metadata", {})
        name, folder = metadata.get("name") or "notebook", metadata.get("path")
        with TemporaryDirectory(prefix="kapnb-nbconvert-") as temporary:
            # What is to be exported is the node, whatever the file holds by now.
            copy, out = Path(temporary, "notebook"), Path(temporary, "out")
            if folder is not None:  # empty for a notebook in the working directory
                try:
                    copy_folder(Path(folder).resolve(), copy, self.log.info)
                except KapnbError as error:
                    raise ConversionException(str(error)) from error
            copy.mkdir(exist_ok=True)
            nbformat.write(nb, copy / f"{name}.ipynb")
            script, *others = self._export(copy / f"{name}.ipynb", out)
            text = script.read_text(encoding="utf-8")
            # nbconvert makes the folder of each; "", in the working directory, it cannot make.
            beside = "" if folder else "./"
            outputs = {
                f"{beside}{path.relative_to(out).as_posix()}": path.read_bytes() for path in others
            }
        resources["outputs"] = {**resources.get("outputs", {}), **outputs}
        if resources.get("unique_key") == name:  # nobody has asked for another name
            resources["unique_key"] = script.stem
        return text, resources

    def _export(self, notebook: Path, folder: Path) -> tuple[Path, ...]:
        request = Request(
            handler=self.handler or None, verify=self.verify, bring_modules=self.bring_modules
        )
        try:
            exported = export(notebook, folder, request, tell=self.log.info, show=self._show)
        except KapnbError as error:
            raise ConversionException(str(error)) from error
        for note in (*exported.notes, *exported.warnings):
            self.log.warning("note: %s", note)
        return exported.files

    def _show(self, row: Any) -> None:
        self.log.info("%s", row)
