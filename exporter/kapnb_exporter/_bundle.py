"""A script with the runtime inside: one ``.py`` file that needs protobuf and nothing of ours.

The runtime stands in it compressed, between what must come first and the rest; the Handler stays
readable. It is found by an entry of ``sys.meta_path``, and tracebacks show its lines.
"""

from __future__ import annotations

import ast
import base64
import json
import zlib
from collections.abc import Iterable, Mapping

from kapnb._version import __version__
from kapnb_exporter.formats import File

__all__ = ["inlined", "runtime_of"]

#: What a running script may load, its own check included; no workbench.
_ROOMS = (
    "kapnb/__init__.py",
    "kapnb/_artifact.py",
    "kapnb/_freeze.py",
    "kapnb/_version.py",
    "kapnb/agent/",
    "kapnb/compat/",
    "kapnb/errors.py",
    "kapnb/handler/",
    "kapnb/model/",
    "kapnb/protocol/",
    "kapnb/script/",
    "kapnb/simulation/__init__.py",
    "kapnb/simulation/_recorder.py",
    "kapnb/simulation/_text.py",
    "kapnb/simulation/_transcript.py",
)
_WIDTH = 96

_LOADER = '''\
# The runtime, kapnb {version}{others}, compressed. The Handler stands below it.
class _Inlined:
    """Finds the modules that a text holds; put first into `sys.meta_path`."""

    def __init__(self, text):
        import base64
        import json
        import sys
        import zlib
        from importlib.machinery import ModuleSpec

        self.make_spec = ModuleSpec
        self.sources = json.loads(zlib.decompress(base64.b85decode(text.replace("\\n", ""))))
        sys.meta_path.insert(0, self)

    def find_spec(self, name, path=None, target=None):
        stem = name.replace(".", "/")
        for file in (stem + "/__init__.py", stem + ".py"):
            if file in self.sources:
                spec = self.make_spec(name, self, origin=__file__ + "/" + file)
                spec.has_location = True
                if file.endswith("/__init__.py"):
                    spec.submodule_search_locations = [__file__ + "/" + stem]
                return spec
        return None

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        code = compile(self.get_source(module.__name__), module.__spec__.origin, "exec")
        exec(code, vars(module))

    def get_source(self, name):
        origin = self.find_spec(name).origin
        return self.sources[origin[len(__file__) + 1 :]]


_Inlined("""
{text}""")
'''


def inlined(script: str, modules: Iterable[File]) -> str:
    """Return a script that brings modules along.

    Parameters
    ----------
    script : str
        The source; they are put above its first statement that is not `from __future__`.
    modules : iterable of File
        Python files, by their paths from where they would be imported.

    Examples
    --------
    >>> text = inlined("import a; print(a.b)", [File("a.py", b"b = 2")])
    >>> exec(text, {"__file__": "c.py"})
    2
    """
    sources = {file.path: file.content.decode() for file in modules}
    others = sorted({path.partition("/")[0].removesuffix(".py") for path in sources} - {"kapnb"})
    text = _LOADER.format(
        version=__version__,
        others=f", and {', '.join(others)}" if others else "",
        text=_compressed(sources),
    )
    lines = script.splitlines(keepends=True)
    first = _first_line(script)
    return "".join([*lines[:first], text, "\n", *lines[first:]])


def runtime_of(files: Iterable[File]) -> list[File]:
    """Return those files of the runtime's wheel that a script needs."""
    return [file for file in files if file.path.startswith(_ROOMS) and file.path.endswith(".py")]


def _compressed(sources: Mapping[str, str]) -> str:
    content = json.dumps(dict(sorted(sources.items())), ensure_ascii=False)
    text = base64.b85encode(zlib.compress(content.encode(), 9)).decode()
    return "".join(f"{text[at : at + _WIDTH]}\n" for at in range(0, len(text), _WIDTH))


def _first_line(script: str) -> int:
    """Return how many lines come before the first statement that may follow others."""
    for node in ast.parse(script).body:
        is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if is_docstring or (isinstance(node, ast.ImportFrom) and node.module == "__future__"):
            continue
        return node.lineno - 1
    return len(script.splitlines())
