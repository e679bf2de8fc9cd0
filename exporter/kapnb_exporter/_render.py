"""A closure written as a script that reads as if a colleague had written it.

The user's statements are copied; only imports and the few lines that start the agent are
made here. Same notebook, same bytes: no time, no folder, no order of a hash enters.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from kapnb._version import __version__
from kapnb.model import InfoResponse
from kapnb_exporter._closure import Closure
from kapnb_exporter._imports import render_imports
from kapnb_exporter._statements import Statement

__all__ = ["render"]

# Before the user's imports, because importing may print, and may take long. An `if` block,
# unlike a bare call, does not end the import section of a module for linters.
_CLAIM = """\
if __name__ == "__main__":
    from kapnb.agent import claim_stdio

    # From here on only frames reach stdout; what is printed goes to stderr.
    {call}"""

# The answer to info is the same for all of a Handler's life, so it need not wait for imports.
_DECLARED = """\
claim_stdio(  # info is answered at once, before the imports below
        wants="{wants}",
        provides="{provides}",
        options={options},
    )"""

_RUN = """\
if __name__ == "__main__":
    from kapnb.agent import {imported}

    {run}({handler})
"""


def render(closure: Closure, info: InfoResponse | None = None) -> str:
    """Write the script.

    Parameters
    ----------
    closure : Closure
        The Handler and what it needs.
    info : InfoResponse, optional
        What the Handler answers to info; the script then does so before its imports.

    Returns
    -------
    str
        A module that runs the Handler over stdio when started and can also be imported.
        It depends on the notebook's cells and on kapnb's version alone.
    """
    futures = [item for item in closure.imports if item.module == "__future__"]
    others = [item for item in closure.imports if item.module != "__future__"]
    head = [
        f"{_provenance(closure)}\n{_docstring(closure)}",
        render_imports(futures),
        _CLAIM.format(call=_claim(info)),
        render_imports(others),
    ]
    body = "".join(_body(closure))
    return "\n\n".join(part for part in head if part) + f"{body}\n\n\n{_start(closure)}"


def _claim(info: InfoResponse | None) -> str:
    """Write the call that takes stdout and, if `info` is known, declares it."""
    if info is None:
        return "claim_stdio()"
    options = {name: [kind.name for kind in kinds] for name, kinds in info.options.items()}
    return _DECLARED.format(
        wants=info.wants.name,
        provides=info.provides.name,
        options=json.dumps(options, ensure_ascii=False),
    )


def _provenance(closure: Closure) -> str:
    return (
        "#!/usr/bin/env python3\n"
        f"# Exported from {_name(closure)} by kapnb {__version__}; edit the notebook instead.\n"
        f"# handler: {closure.handler}\n"
        f"# cells: {', '.join(str(cell.number) for cell in closure.cells)}\n"
        f"# sha256 of these cells: {closure.sha256}"
    )


def _docstring(closure: Closure) -> str:
    text = closure.summary or f"{closure.handler}, a Kapacitor UDF."
    text = "".join(filter(str.isprintable, text))
    text = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    if text.endswith('"'):
        text = text[:-1] + '\\"'
    return f'"""{text}"""'


def _body(closure: Closure) -> Iterator[str]:
    """Yield the statements, each with what separates it from the one before."""
    before: Statement | None = None
    for statement in closure.statements:
        yield "\n" * (1 + _blank_lines(before, statement))
        if before is None or statement.cell != before.cell:
            yield f"# %% {_name(closure)} cell {statement.cell}\n"
        yield statement.source
        before = statement


def _blank_lines(before: Statement | None, statement: Statement) -> int:
    """Keep the analyst's spacing, but for two lines around definitions and cells."""
    if statement.is_definition or (before and before.is_definition):
        return 2
    if before is None:
        return 1  # below the imports
    return 2 if statement.cell != before.cell else statement.blank_above


def _start(closure: Closure) -> str:
    """Start the agent, without taking the name of anything the Handler calls."""
    if "run" in closure.names:
        return _RUN.format(imported="run as run_agent", run="run_agent", handler=closure.handler)
    return _RUN.format(imported="run", run="run", handler=closure.handler)


def _name(closure: Closure) -> str:
    """Give the notebook's name on one line, whatever characters a file name may hold."""
    return " ".join(closure.notebook.name.split())
