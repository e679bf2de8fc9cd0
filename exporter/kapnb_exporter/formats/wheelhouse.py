"""The script and the wheels of all that it needs, for a host that reaches no index.

Pinned are the very versions that the proof ran with, and what they need in turn; each by its hash.
Wheels are fetched from the index that pip is set up for: nothing here names one.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from kapnb._version import __version__
from kapnb.errors import ExportError
from kapnb_exporter._archive import tar_bytes, unpack
from kapnb_exporter._distributions import closure, pinned
from kapnb_exporter._packed import oldest_minor, wheel_of
from kapnb_exporter._venv import NotInstalled, inspect
from kapnb_exporter.formats import File, Product, Start

__all__ = ["HELP", "files", "starts"]

HELP = "a tar with the script and wheels of all that it needs, for hosts without an index"

_PATIENCE_S = 1800

_INSTALL = """\
#!/bin/sh
# Makes a venv beside this file with what {name}.py needs; asks no index. PYTHON names the Python.
set -eu
cd "$(dirname "$0")"
python=${{PYTHON:-python3}}
"$python" -c 'import sys; sys.exit(not ({condition}))' || {{
    echo "{name}.py needs {needs}; name one: PYTHON=python3.{minor} ./install.sh" >&2
    exit 1
}}
"$python" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --no-index \\
    --no-deps {others}--require-hashes --find-links wheels --requirement requirements.txt
venv/bin/python {name}.py --check
"""

_README = """\
# {name}

{handler} of {notebook}, a UDF for Kapacitor, with the wheels of all that it needs. On the host:

    ./install.sh

That makes `venv` beside it, for {needs}, and checks the script. In `kapacitor.conf`:

    [udf.functions.{name}]
      prog = "THIS FOLDER/venv/bin/python"
      args = ["THIS FOLDER/{name}.py"]
      timeout = "10s"

Without the script:

    python -m pip install --no-index --no-deps {others}--require-hashes --find-links wheels \\
        --requirement requirements.txt
"""


def files(product: Product) -> Iterable[File]:
    """Return the archive.

    Raises
    ------
    NotInstalled
        KN406 if a wheel cannot be fetched.
    """
    pins = [
        pinned(distribution) for distribution in closure(product.requirements, product.interpreter)
    ]
    wheels = [*_fetched(pins, product.interpreter), wheel_of(product)]
    wheels.sort(key=lambda wheel: wheel.path.lower())
    by_name = {wheel.path.partition("-")[0].lower().replace("_", "-"): wheel for wheel in wheels}
    words = _words(product, wheels)
    held = [
        File(f"{product.name}.py", product.script.encode(), 0o755),
        *product.beside,
        *(File(f"wheels/{wheel.path}", wheel.content) for wheel in wheels),
        File("requirements.txt", "".join(_hashed(pins, by_name)).encode()),
        File("install.sh", _INSTALL.format(**words).encode(), 0o755),
        File("README.md", _README.format(**words).encode()),
    ]
    root = f"{product.name}-wheelhouse"
    held = [File(f"{root}/{file.path}", file.content, file.mode) for file in held]
    return [File(f"{root}.tar", tar_bytes(sorted(held, key=lambda file: file.path)))]


def starts(product: Product, folder: Path) -> Iterator[Start]:
    """Install it with its own words, in a folder without anything else."""
    root = folder / f"{product.name}-wheelhouse"
    unpack(Path(f"{root}.tar"), folder)
    environment = {"PYTHON": product.interpreter, "PATH": os.defpath, "PIP_CONFIG_FILE": os.devnull}
    done = subprocess.run(  # noqa: S603  # what was just made
        ["/bin/sh", str(root / "install.sh")],
        capture_output=True,
        text=True,
        env=environment,
        timeout=_PATIENCE_S,
        check=False,
    )
    if done.returncode:
        raise ExportError(
            f"the wheelhouse's install.sh fails:\n{done.stderr.strip()}", code="KN403"
        )
    python = str(root / "venv" / "bin" / "python")
    yield Start(root.name, (python, str(root / f"{product.name}.py")))


def _python(product: Product) -> str:
    return product.interpreter or sys.executable


def _fetched(pins: Sequence[str], python: str) -> Iterator[File]:
    """Download a wheel for each pin, as the interpreter would choose it."""
    command = [sys.executable, "-m", "pip", "--python", python, "download", "--quiet"]
    command += ["--disable-pip-version-check", "--no-input", "--retries", "1", "--no-deps"]
    with TemporaryDirectory(prefix="kapnb-wheels-") as folder:
        done = subprocess.run(  # noqa: S603
            [*command, "--only-binary", ":all:", "--dest", folder, *pins],
            capture_output=True,
            text=True,
            timeout=_PATIENCE_S,
            check=False,
        )
        if done.returncode:
            said = done.stderr.strip().splitlines() or ["no reason was given"]
            raise NotInstalled(
                f"no wheels of {', '.join(pins)} can be fetched: {said[-1].strip()}; a wheelhouse "
                "is made where pip reaches an index, or a folder of wheels (PIP_FIND_LINKS)",
                code="KN406",
            )
        for path in sorted(Path(folder).iterdir()):
            yield File(path.name, path.read_bytes())


def _hashed(pins: Sequence[str], wheels: dict[str, File]) -> Iterator[str]:
    """Yield the lines of requirements.txt."""
    for pin in sorted([*pins, f"kapnb=={__version__}"]):
        name = pin.partition("==")[0]
        digest = hashlib.sha256(wheels[name].content).hexdigest()
        yield f"{pin} --hash=sha256:{digest}\n"


def _words(product: Product, wheels: Sequence[File]) -> dict[str, str]:
    """Return what differs in the texts from one script to another."""
    minor = inspect(product.interpreter).minor.partition(".")[2]
    oldest = oldest_minor(product)
    bound = any(f"-cp3{minor}-cp3{minor}" in wheel.path for wheel in wheels)
    return {
        "name": product.name,
        "handler": product.handler,
        "notebook": product.notebook,
        "condition": f"sys.version_info[:2] == (3, {minor})"
        if bound
        else f"sys.version_info >= (3, {oldest})",
        "needs": f"Python 3.{minor}" if bound else f"Python 3.{oldest} or newer",
        "minor": minor if bound else str(oldest),
        "others": "--ignore-requires-python " if oldest < 11 else "",
    }
