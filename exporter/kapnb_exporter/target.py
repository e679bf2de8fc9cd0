"""A notebook as a target of ``kapnb run`` and ``kapnb simulate``.

The Handler and what it needs are taken out of the notebook as for an export; the notebook
itself is not executed.
"""

from __future__ import annotations

import linecache
import sys
from pathlib import Path
from types import ModuleType

from kapnb.errors import ExportError
from kapnb.handler import Handler
from kapnb_exporter._closure import close
from kapnb_exporter._notebook import read_notebook
from kapnb_exporter._render import render
from kapnb_exporter._select import find_handler

__all__ = ["load"]


def load(path: Path) -> type[Handler]:
    """Return the marked Handler of the notebook at `path`.

    Raises
    ------
    ExportError
        If it has none, or the Handler could not be exported.
    """
    notebook = read_notebook(path)
    closure = close(notebook, find_handler(notebook))
    source = render(closure)
    name = f"kapnb_target_{path.stem}"
    module = ModuleType(name)
    module.__file__ = str(path.resolve())
    sys.modules[name] = module
    shown = f"<{notebook.name}>"  # tracebacks can show the lines
    linecache.cache[shown] = (len(source), None, source.splitlines(keepends=True), shown)
    try:
        exec(compile(source, shown, "exec"), vars(module))  # noqa: S102
    except Exception as error:
        raise ExportError(
            f"the Handler's cells fail: {type(error).__name__}: {error}", where=notebook.name
        ) from error
    handler: type[Handler] = getattr(module, closure.handler)
    return handler
