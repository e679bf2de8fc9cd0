"""A closure written as a script that reads as if a colleague had written it.

The user's statements are copied; only imports, what the notebook computed, and the few lines
that start the agent are made here. Same notebook, same bytes: no time, no folder, no order of a
hash enters.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from kapnb._freeze import literal
from kapnb.errors import ExportError
from kapnb.model import InfoResponse
from kapnb_exporter._closure import Closure
from kapnb_exporter._header import header, on_one_line
from kapnb_exporter._imports import render_imports
from kapnb_exporter._kept import Values, kept_source
from kapnb_exporter._requirements import requirements
from kapnb_exporter._statements import Statement

__all__ = ["Facts", "render"]

# Before the user's imports, because importing may print, and may take long; behind our own,
# which do neither. So ours stand apart, and linters agree with their place whether they count
# kapnb as a package that is installed or, in its own checkout, as one that is at home. An `if`
# block, unlike a bare call, does not end the import section of a module for linters.
_PREPARE = """\
if __name__ == "__main__":
    from kapnb.script import prepare

    # From here on only frames reach stdout; what is printed goes to stderr.
    {call}"""

# The answer to info is the same for all of a Handler's life, so it need not wait for imports.
_DECLARED = """\
prepare(  # info is answered at once, before the imports below
        wants="{wants}",
        provides="{provides}",
        options={options},{beside}
    )"""
_BESIDE = "modules_beside=True"

_SERVE = """\
if __name__ == "__main__":
    from kapnb.script import {imported}

    {serve}({handler})
"""

_SERVE_CHECKED = """\
if __name__ == "__main__":
    from kapnb.script import {imported}

    {serve}(
        {handler},
        # What it answered in the notebook; --check compares.
        check={check},
    )
"""


@dataclass(frozen=True)
class Facts:
    """What only running the notebook, or the environment, can tell.

    Parameters
    ----------
    info : InfoResponse or None
        What the Handler answers to info, if that is always the same; the script then does so
        before its imports.
    values : Values or None
        The values that the notebook computed.
    modules : frozenset of str
        What must be installed besides what the statements import.
    check : str
        Lines of a transcript for the script to check itself with.
    target : str or None
        The Python version it is to be proven for, such as ``3.12``, if one was asked for.
    modules_beside : bool
        Whether modules of the notebook's folder come along.
    """

    info: InfoResponse | None = None
    values: Values | None = None
    modules: frozenset[str] = field(default_factory=frozenset)
    check: str = ""
    target: str | None = None
    modules_beside: bool = False


_NOTHING = Facts()


def render(closure: Closure, facts: Facts = _NOTHING) -> str:
    """Write the script.

    Parameters
    ----------
    closure : Closure
        The Handler and what it needs.
    facts : Facts, optional
        What running the notebook told.

    Returns
    -------
    str
        A module that serves the Handler when started and can also be imported.

    Raises
    ------
    ExportError
        If a value is needed that only running the notebook gives.
    """
    futures = [item for item in closure.imports if item.module == "__future__"]
    ours = [item for item in closure.imports if item.package == "kapnb"]
    others = [item for item in closure.imports if item not in (*futures, *ours)]
    needed, _ = requirements(closure.modules | facts.modules)
    head = [
        f"#!/usr/bin/env python3\n{header(closure, needed, facts.target)}\n{_docstring(closure)}",
        render_imports(futures),
        render_imports(ours),
        _PREPARE.format(call=_prepare(facts)),
        render_imports(others),
    ]
    body = "".join(_body(closure, facts.values))
    start = _start(closure, facts.check)
    return "\n\n".join(part for part in head if part) + f"{body}\n\n\n{start}"


def _prepare(facts: Facts) -> str:
    """Write the call that takes stdout and, if it is known, declares the answer to info."""
    info = facts.info
    if info is None:
        return f"prepare({_BESIDE if facts.modules_beside else ''})"
    options = {name: [kind.name for kind in kinds] for name, kinds in info.options.items()}
    return _DECLARED.format(
        wants=info.wants.name,
        provides=info.provides.name,
        options=literal(options, indent=8, used=len("options=,")),
        beside=f"\n        {_BESIDE}," if facts.modules_beside else "",
    )


def _docstring(closure: Closure) -> str:
    text = closure.summary or f"{closure.handler}, a Kapacitor UDF."
    text = "".join(filter(str.isprintable, text))
    text = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    if text.endswith('"'):
        text = text[:-1] + '\\"'
    return f'"""{text}"""'


def _body(closure: Closure, values: Values | None) -> Iterator[str]:
    """Yield the statements, each with what separates it from the one before."""
    name = on_one_line(closure.notebook.name)
    before: Statement | None = None
    for statement in closure.statements:
        yield "\n" * (1 + _blank_lines(before, statement))
        if before is None or statement.cell != before.cell:
            yield f"# %% {name} cell {statement.cell}\n"
        yield _source(statement, values, name)
        before = statement


def _source(statement: Statement, values: Values | None, notebook: str) -> str:
    if statement.kept is None:
        return statement.source
    if values is None:
        raise ExportError(
            f"`{statement.kept.name}` (cell {statement.cell}) is computed when the notebook runs; "
            "export it, and run the script",
            where=notebook,
        )
    return kept_source(statement, values)


def _blank_lines(before: Statement | None, statement: Statement) -> int:
    """Keep the analyst's spacing, but for two lines around definitions and cells."""
    if statement.is_definition or (before and before.is_definition):
        return 2
    if before is None:
        return 1  # below the imports
    return 2 if statement.cell != before.cell else statement.blank_above


def _start(closure: Closure, check: str) -> str:
    """Start the agent, without taking the name of anything the Handler calls."""
    imported = serve = "serve"
    if serve in closure.names:
        imported, serve = "serve as serve_udf", "serve_udf"
    if not check:
        return _SERVE.format(imported=imported, serve=serve, handler=closure.handler)
    quotes = next((q for q in ('"""', "'''") if q not in check), None)
    text = repr(check) if quotes is None else f"r{quotes}\n{check}{quotes}"
    return _SERVE_CHECKED.format(
        imported=imported, serve=serve, handler=closure.handler, check=text
    )
