"""The runtime as a wheel, built again from the files that are installed here.

kapnb may be on no index that a production host can reach, or be installed from a checkout. The
wheel holds the package `kapnb` and not the exporter. Same files, same bytes.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
from collections.abc import Iterator
from pathlib import Path

import kapnb
from kapnb._version import __version__
from kapnb.errors import ExportError
from kapnb_exporter._archive import zip_bytes
from kapnb_exporter.formats import File

__all__ = ["WHEEL_NAME", "read_wheel", "runtime_wheel"]

WHEEL_NAME = f"kapnb-{__version__}-py3-none-any.whl"
_INFO = f"kapnb-{__version__}.dist-info"
_WHEEL = "Wheel-Version: 1.0\nGenerator: kapnb\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
_COMMANDS = "[console_scripts]\nkapnb = kapnb.cli:main\n"


def runtime_wheel() -> bytes:
    """Return the content of the wheel."""
    files = dict(_files())
    record = "".join(f"{name},{_digest(data)},{len(data)}\n" for name, data in files.items())
    files[f"{_INFO}/RECORD"] = f"{record}{_INFO}/RECORD,,\n".encode()
    return zip_bytes(File(name, data) for name, data in files.items())


def read_wheel(wheel: Path) -> bytes:
    """Return the content of a wheel that was given.

    Raises
    ------
    ExportError
        KN406 if it cannot be read.
    """
    try:
        return wheel.read_bytes()
    except OSError as error:
        raise ExportError(f"{wheel} cannot be read: {error.strerror}", code="KN406") from error


def _files() -> Iterator[tuple[str, bytes]]:
    """Yield names in the wheel and contents, in an order that is always the same."""
    folder = Path(kapnb.__file__).parent
    for path in sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).as_posix()):
        if (
            path.is_file()
            and "__pycache__" not in path.parts
            and path.suffix not in (".pyc", ".so")
        ):
            yield f"kapnb/{path.relative_to(folder).as_posix()}", path.read_bytes()
    yield f"{_INFO}/METADATA", _metadata().encode()
    yield f"{_INFO}/WHEEL", _WHEEL.encode()
    yield f"{_INFO}/entry_points.txt", _COMMANDS.encode()


def _metadata() -> str:
    """Return the installed metadata as far as an installer reads it."""
    installed = importlib.metadata.metadata("kapnb")
    lines = ["Metadata-Version: 2.1", "Name: kapnb", f"Version: {__version__}"]
    for key in ("Summary", "License-Expression", "Requires-Python", "Requires-Dist"):
        lines += [f"{key}: {value}" for value in installed.get_all(key, [])]
    return "\n".join(line for line in lines if "extra ==" not in line) + "\n"


def _digest(data: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"sha256={digest}"
