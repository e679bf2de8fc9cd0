"""Find the Handler that TARGET names: a script, ``module:Class``, or a notebook."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from kapnb.errors import KapnbError, TargetError
from kapnb.handler import Handler

__all__ = ["TARGET_HELP", "is_official_script", "load_target"]

TARGET_HELP = "a script (handler.py), module:Class, or a notebook (notebook.ipynb)"


def load_target(target: str) -> type[Handler]:
    """Return the Handler class that `target` names.

    Raises
    ------
    TargetError
        If there is no such thing, it cannot be imported, or it holds not exactly one Handler.
    """
    path = Path(target)
    loader = None if path.suffix == ".py" else _loaders().get(path.suffix.removeprefix("."))
    if loader is not None:
        return _checked(loader(path), target)
    if is_official_script(path):
        return _load_official(path, target)
    if path.suffix == ".py" or path.is_file():
        return _select(_load_script(path), target)
    module, colon, name = target.partition(":")
    if not colon:
        raise TargetError(f"{target}: there is no such file; TARGET is {TARGET_HELP}")
    sys.path.insert(0, str(Path.cwd()))
    loaded = _guarded(target, importlib.import_module, module)
    if not hasattr(loaded, name):
        raise TargetError(f"{target}: module {module} has no {name}")
    return _checked(getattr(loaded, name), target)


def is_official_script(path: Path) -> bool:
    """Tell whether a file imports the official Python API anywhere; nothing of it is run."""
    if not path.is_file() or b"kapacitor" not in (source := path.read_bytes()):
        return False
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return False  # a notebook, say; and whoever runs the script will tell of its errors
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.append(node.module or "")
    return any(name.partition(".")[0] == "kapacitor" for name in names)


def _load_official(path: Path, target: str) -> type[Handler]:
    """Import a script of the official API, without starting it, and adapt its Handler."""
    from kapnb.compat import adapt, is_official

    module = _load_script(path)
    found = [
        value
        for value in vars(module).values()
        if is_official(value) and isinstance(value, type) and value.__module__ == module.__name__
    ]
    if len(found) != 1:
        names = ", ".join(cls.__name__ for cls in found) or "none"
        raise TargetError(f"{target} must hold one Handler of the official API; found: {names}")
    return adapt(found[0])


def _loaders() -> dict[str, Any]:
    """Return further kinds of target, by suffix, that other packages can load."""
    from importlib.metadata import entry_points  # not for every start of a script

    return {point.name: point.load() for point in entry_points(group="kapnb.targets")}


def _load_script(path: Path) -> ModuleType:
    if not path.is_file():
        raise TargetError(f"{path}: there is no such file")
    name = f"kapnb_target_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    sys.path.insert(0, str(path.resolve().parent))  # as if it were run
    _guarded(str(path), spec.loader.exec_module, module)
    return module


def _guarded(target: str, load: Any, argument: Any) -> Any:
    """Import; what goes wrong in the user's module is named with its line."""
    try:
        return load(argument)
    except KapnbError:
        raise
    except (Exception, SystemExit) as error:
        import traceback

        frames = [
            frame
            for frame in traceback.extract_tb(error.__traceback__)
            if "importlib" not in frame.filename and frame.filename != __file__
        ]
        place = f" (line {frames[-1].lineno} of {Path(frames[-1].filename).name})" if frames else ""
        raise TargetError(
            f"{target} cannot be imported: {type(error).__name__}: {error}{place}"
        ) from error


def _select(module: ModuleType, target: str) -> type[Handler]:
    """Return the module's marked Handler, or its only one."""
    own = [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Handler)
        and value.__module__ == module.__name__
    ]
    marked = [cls for cls in own if "is_udf" in vars(cls)]
    candidates = marked or own
    if len(candidates) == 1:
        return candidates[0]
    if not candidates:
        raise TargetError(f"{target} holds no Handler; derive a class from kapnb.Handler")
    names = ", ".join(cls.__name__ for cls in candidates)
    raise TargetError(f"{target} holds several Handlers ({names}); mark one with @udf")


def _checked(found: Any, target: str) -> type[Handler]:
    if not (isinstance(found, type) and issubclass(found, Handler)):
        raise TargetError(f"{target} is {found!r}, not a subclass of kapnb.Handler")
    return found
