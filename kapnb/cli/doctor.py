"""`kapnb doctor`: say what is installed."""

from __future__ import annotations

import argparse
import platform
import re
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version

from kapnb._version import __version__

__all__ = ["HELP", "configure", "execute"]

HELP = "say what is installed: kapnb, Python, protobuf, extras"

_EXTRA = re.compile(r"extra == ['\"]([\w-]+)['\"]")
_NAME = re.compile(r"[\w.-]+")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add no arguments."""


def execute(arguments: argparse.Namespace) -> int:
    """Print the report; status 1 if the base install is not complete."""
    protobuf = _version("protobuf")
    print(f"kapnb     {__version__}")
    print(f"Python    {platform.python_version()} at {sys.executable}")
    print(f"protobuf  {protobuf or 'missing: pip install protobuf'}{_implementation(protobuf)}")
    for extra, packages in _extras().items():
        missing = [name for name in packages if _version(name) is None]
        if missing:
            there = f"missing {', '.join(missing)}: pip install 'kapnb[{extra}]'"
        else:
            there = ", ".join(f"{name} {_version(name)}" for name in packages)
        print(f"{extra:<9} {there}")
    return 0 if protobuf else 1


def _implementation(protobuf: str | None) -> str:
    if protobuf is None:
        return ""
    from google.protobuf.internal import api_implementation

    return f" ({api_implementation.Type()})"


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _extras() -> dict[str, list[str]]:
    """Return extra → packages, as the installed kapnb declares them."""
    extras: dict[str, list[str]] = {}
    for extra, name in _requirements():
        extras.setdefault(extra, []).append(name)
    return dict(sorted(extras.items()))


def _requirements() -> Iterator[tuple[str, str]]:
    for requirement in requires("kapnb") or []:
        extra, name = _EXTRA.search(requirement), _NAME.match(requirement)
        if extra and name and name[0] != "kapnb":
            yield extra[1], name[0]
