"""What Kapacitor would start: the command of a target, its script, its interpreter."""

from __future__ import annotations

import ast
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

from kapnb.errors import TargetError

__all__ = ["Plan", "plan_command", "plan_target"]

#: Names of kapnb's by which a script serves by itself.
_STARTERS = frozenset({"serve", "run", "run_server", "claim_stdio", "Agent", "Server"})


@dataclass(frozen=True)
class Plan:
    """What is examined.

    Attributes
    ----------
    command : tuple of str
        What is started: Kapacitor's ``prog`` and ``args``.
    script : Path or None
        The script or notebook that is meant, if there is one.
    program : Path or None
        The script that is Kapacitor's ``prog``, or could be if it were executable.
    why : str
        Why it is started so, if that is not plain.
    """

    command: tuple[str, ...]
    script: Path | None = None
    program: Path | None = None
    why: str = ""


def plan_target(target: str) -> Plan:
    """Return how Kapacitor would start `target`.

    A script that serves by itself is the program, if it is executable, or else is given to
    this Python. Notebooks, ``module:Class`` and scripts that only define a Handler are run
    by ``kapnb run``.

    Raises
    ------
    TargetError
        If there is no such file.

    Examples
    --------
    >>> plan_target("handlers:Mirror").command[1:]
    ('-m', 'kapnb', 'run', 'handlers:Mirror')
    >>> plan_target("nowhere.py")
    Traceback (most recent call last):
    kapnb.errors.TargetError: nowhere.py: there is no such file; TARGET is a script, module:Class \
or a notebook, or write the command after --
    """
    path = Path(target)
    by_kapnb = (sys.executable, "-m", "kapnb", "run", target)
    if path.suffix in {f".{point.name}" for point in entry_points(group="kapnb.targets")}:
        return Plan(by_kapnb, path, why="a notebook is served by kapnb run")
    if not path.exists() and ":" in target:
        return Plan(by_kapnb, why="module:Class is served by kapnb run")
    if not path.is_file():
        raise TargetError(
            f"{target}: there is no such file; TARGET is a script, module:Class or a notebook, "
            "or write the command after --"
        )
    script = Path(os.path.abspath(path))  # noqa: PTH100  # resolve() would leave links behind
    if script.suffix == ".py" and not _serves(script):
        return Plan(by_kapnb, script, why="it starts no agent itself, so kapnb run serves it")
    if os.access(script, os.X_OK):
        return Plan((str(script),), script, script)
    command = (sys.executable, "-u", str(script))
    return Plan(command, script, script, why="it is not executable")


def plan_command(command: Sequence[str]) -> Plan:
    """Return the plan of a command as it would stand in Kapacitor's configuration.

    Raises
    ------
    TargetError
        If there is no such program.

    Examples
    --------
    >>> plan_command([sys.executable, "-u", "-m", "mirror"]).command[1:]
    ('-u', '-m', 'mirror')
    """
    program = shutil.which(command[0])
    if program is None:
        raise TargetError(
            f"{command[0]}: there is no such program; give a path, or a name that PATH leads to"
        )
    full = (os.path.abspath(program), *command[1:])  # noqa: PTH100
    if program.endswith(".py"):
        return Plan(full, Path(full[0]), Path(full[0]))
    words = (Path(word) for word in command[1:] if word.endswith((".py", ".ipynb")))
    return Plan(full, next((path for path in words if path.is_file()), None))


def _serves(script: Path) -> bool:
    """Tell whether a script does anything but define a Handler of kapnb's."""
    try:
        tree = ast.parse(script.read_bytes())
    except (SyntaxError, ValueError):  # it fails when it is started, and says why
        return True
    starters, modules = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = (node.module or "").partition(".")[0]
            modules.add(module)
            if module == "kapnb":
                names = (alias for alias in node.names if alias.name in _STARTERS)
                starters |= {alias.asname or alias.name for alias in names}
    if "kapnb" not in modules or "kapacitor" in modules:
        return True
    return any(isinstance(node, ast.Call) and _starts(node, starters) for node in ast.walk(tree))


def _starts(call: ast.Call, starters: set[str]) -> bool:
    """Tell a call of ``run(…)``, by whatever name, or of ``kapnb.run(…)``."""
    words = ast.unparse(call.func).split(".")
    return words[-1] in _STARTERS if words[0] == "kapnb" else words[0] in starters
