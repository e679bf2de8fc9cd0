"""Modules beside the notebook that a script brings along, with what they import in turn.

They lie beside the script as they lay beside the notebook, unchanged: a pickled model knows
them by their name, and so does a traceback.
"""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kapnb.errors import ExportError
from kapnb_exporter import _policy
from kapnb_exporter._literals import find_machine_path, find_secret
from kapnb_exporter._names import imported_path

__all__ = ["Modules", "bring"]


@dataclass(frozen=True, slots=True)
class Modules:
    """What is brought along.

    Parameters
    ----------
    files : dict of str to bytes
        Path relative to the notebook's folder → content.
    imports : frozenset of str
        The modules that those files import from elsewhere.
    """

    files: dict[str, bytes]
    imports: frozenset[str]


def bring(packages: Iterable[str], folder: Path) -> Modules:
    """Collect modules of the notebook's folder and all they need of it.

    Parameters
    ----------
    packages : iterable of str
        Their top-level names.
    folder : Path
        The notebook's folder.

    Raises
    ------
    ExportError
        KN206, KN301, KN310 or KN311, with file and line, if one of them must not travel.
    """
    todo, files, imports = deque(sorted(packages)), {}, set()
    done: set[str] = set()
    while todo:
        package = todo.popleft()
        if package in done:
            continue
        done.add(package)
        for path in _files(package, folder):
            name = path.relative_to(folder).as_posix()
            files[name] = path.read_bytes()
            for module in _imports(_checked(name, files[name], folder), name):
                if _policy.is_local(module.partition(".")[0], folder):
                    todo.append(module.partition(".")[0])
                else:
                    imports.add(module)
    return Modules(dict(sorted(files.items())), frozenset(imports))


def _files(package: str, folder: Path) -> list[Path]:
    single = folder / f"{package}.py"
    return [single] if single.is_file() else sorted((folder / package).rglob("*.py"))


def _checked(name: str, content: bytes, folder: Path) -> ast.Module:
    try:
        source = content.decode()
        tree = ast.parse(source)
    except ValueError as error:  # a SyntaxError is one
        raise ExportError(f"cannot be brought along: {error}", where=name, code="KN301") from error
    for node in tree.body:
        first, last = node.lineno, node.end_lineno or node.lineno
        text = "\n".join(source.split("\n")[first - 1 : last])
        found = find_secret(node, text, first)
        if found:
            raise _refused(name, found[0], "KN310", f"a literal looks like {found[1]}")
        found = find_machine_path(node, text, first, folder)
        if found:
            raise _refused(name, found[0], "KN311", f"{found[1]} is a path of this machine")
    return tree


def _imports(tree: ast.Module, name: str) -> Iterator[str]:
    """Yield the absolute modules a file imports; relative ones travel with their package."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom) and not getattr(node, "level", 0):
            for alias in node.names:
                path = imported_path(node, alias)[1]
                module = path if isinstance(node, ast.ImportFrom) else alias.name
                if _policy.is_notebook_only(module):
                    what = f"{module} belongs to the notebook and not into production"
                    raise _refused(name, node.lineno, "KN206", what)
                yield getattr(node, "module", None) or alias.name


def _refused(name: str, line: int, code: str, what: str) -> ExportError:
    return ExportError(
        f"{what}; this module would be brought along. Mend it, or copy what is needed into a cell",
        where=f"{name}, line {line}",
        code=code,
    )
