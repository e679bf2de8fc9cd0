"""Virtual environments that hold a script's declared dependencies, our runtime, and nothing else.

One is kept for each set of requirements, interpreter and runtime: the first export waits for an
installer, the next one does not.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from kapnb.errors import ExportError
from kapnb_exporter._wheel import WHEEL_NAME, read_wheel, runtime_wheel

__all__ = ["Interpreter", "NotInstalled", "ask", "environment", "find_python", "inspect"]

#: More are rarely of use, and each may hold a scientific stack.
_KEPT = 8
_PATIENCE_S = 1800
_ASK = """
import json, platform, sys
from importlib.metadata import distributions
print(json.dumps({
    "version": platform.python_version(),
    "implementation": platform.python_implementation(),
    "platform": sys.platform + "-" + platform.machine(),
    "packages": {d.metadata["Name"].lower(): d.version for d in distributions()},
}))
"""


class NotInstalled(ExportError):
    """The declared dependencies could not be installed; the script itself is not to blame."""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """What an interpreter says of itself.

    Parameters
    ----------
    path : str
        Where it is.
    version, implementation, platform : str
        Such as ``3.12.1``, ``CPython`` and ``linux-x86_64``.
    packages : dict of str to str
        What is installed: name → version.
    """

    path: str
    version: str
    implementation: str
    platform: str
    packages: dict[str, str]

    @property
    def minor(self) -> str:
        """Such as ``3.12``: what results may hang on."""
        return ".".join(self.version.split(".")[:2])


def find_python(name: str) -> str:
    """Return the interpreter that a person means by ``3.12``, ``python3.12`` or a path.

    Raises
    ------
    ExportError
        KN405 if there is none.
    """
    beside = Path(sys.base_prefix).parent.glob(f"*{name}*/bin/python{name}")  # version managers
    for candidate in (name, f"python{name}", *map(str, sorted(beside))):
        found = shutil.which(candidate)
        if found and _runs(found):
            return found
    raise ExportError(
        f"there is no Python called {name}; give a path, or a version of which python{name} is on "
        "the PATH",
        code="KN405",
    )


def _runs(python: str) -> bool:
    return not subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode  # noqa: S603


def inspect(python: str) -> Interpreter:
    """Ask an interpreter what it is and has."""
    return Interpreter(python, **ask(python, _ASK))


def ask(python: str, program: str) -> Any:
    """Return what a program prints as JSON in an interpreter, away from the working directory."""
    done = subprocess.run(  # noqa: S603
        [python, "-c", program],
        capture_output=True,
        check=True,
        cwd="/",
        env=surroundings(python),
        text=True,
    )
    return json.loads(done.stdout)


def surroundings(python: str) -> dict[str, str]:
    """Return the environment to ask an interpreter in, or to install for it.

    What PYTHONPATH names is ours, and would count as installed for another.
    """
    is_ours = python == sys.executable
    return {name: text for name, text in os.environ.items() if is_ours or name != "PYTHONPATH"}


def environment(
    requirements: Sequence[str], *, python: str | None = None, wheel: Path | None = None
) -> str:
    """Return the interpreter of an environment with these requirements, made if need be.

    Parameters
    ----------
    requirements : sequence of str
        As the script declares them; kapnb's is met by the runtime.
    python : str, optional
        The interpreter it is for; by default this one.
    wheel : Path, optional
        The runtime; by default built from what is installed here.

    Raises
    ------
    NotInstalled
        KN406 if they cannot be installed, with the installer's last words.
    """
    base = python or sys.executable
    runtime = read_wheel(wheel) if wheel else runtime_wheel()
    others = [text for text in requirements if not text.startswith("kapnb==")]
    key = json.dumps([os.path.realpath(base), sorted(others), hashlib.sha256(runtime).hexdigest()])
    folder = _cache() / hashlib.sha256(key.encode()).hexdigest()[:20]
    if not (folder / "bin" / "python").exists():
        _make(folder, base, others, wheel.name if wheel else WHEEL_NAME, runtime)
    os.utime(folder)
    return str(folder / "bin" / "python")


def _cache() -> Path:
    named = os.environ.get("KAPNB_CACHE_DIR")
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return (Path(named) if named else Path(home, "kapnb")) / "venvs"


def _make(folder: Path, base: str, others: Sequence[str], name: str, runtime: bytes) -> None:
    """Make it beside its place, then put it there: another export may do the same."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    _let_go_of_old(folder.parent)
    with TemporaryDirectory(prefix=".making-", dir=folder.parent) as temporary:
        made, wheel = Path(temporary, "venv"), Path(temporary, name)
        wheel.write_bytes(runtime)
        _create(made, base)
        inner = str(made / "bin" / "python")
        _install(inner, ["--no-deps", "--ignore-requires-python", str(wheel)])
        _install(inner, others)
        try:
            made.rename(folder)
        except OSError:  # another export was quicker
            if not folder.is_dir():
                raise


def _create(folder: Path, base: str) -> None:
    if os.path.realpath(base) == os.path.realpath(sys.executable):
        venv.EnvBuilder(symlinks=True, with_pip=False).create(folder)
        return
    done = subprocess.run(  # noqa: S603
        [base, "-m", "venv", "--without-pip", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise NotInstalled(f"{base} makes no venv: {_last(done.stderr)}", code="KN406")


def _install(python: str, arguments: Sequence[str]) -> None:
    done = subprocess.run(  # noqa: S603
        [*_installer(python), *arguments],
        capture_output=True,
        text=True,
        env=surroundings(python),
        timeout=_PATIENCE_S,
        check=False,
    )
    if done.returncode:
        raise NotInstalled(
            f"the declared dependencies cannot be installed: {_last(done.stderr)}", code="KN406"
        )


def _installer(python: str) -> list[str]:
    if importlib.util.find_spec("pip"):
        quiet = ["--quiet", "--disable-pip-version-check", "--no-input", "--retries", "1"]
        return [sys.executable, "-m", "pip", "--python", python, "install", *quiet]
    uv = shutil.which("uv")
    if uv:
        return [uv, "pip", "install", "--quiet", "--python", python]
    raise NotInstalled("neither pip nor uv is there to install with", code="KN406")


def _last(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason was given"


def _let_go_of_old(folder: Path) -> None:
    kept = [path for path in folder.iterdir() if not path.name.startswith(".")]
    kept.sort(key=lambda path: path.stat().st_mtime)
    for path in kept[: max(0, len(kept) - _KEPT + 1)]:
        shutil.rmtree(path, ignore_errors=True)
