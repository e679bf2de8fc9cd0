"""One file that holds the script, the runtime and all that they need: an archive that starts.

If everything in it is Python, it runs from the archive itself and writes nothing; protobuf's
pure-Python half serves then. Compiled modules cannot be loaded from an archive, and models are
read from files: with those it unpacks itself once, into a folder named by its content.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from kapnb_exporter._archive import zip_bytes
from kapnb_exporter._distributions import closure, files_of, is_compiled
from kapnb_exporter._packed import digest_of, oldest_minor, runtime_files
from kapnb_exporter._venv import inspect
from kapnb_exporter.formats import File, Product, Start

__all__ = ["HELP", "files", "starts"]

HELP = "one file with all that it needs, for hosts where nothing may be installed"

_SHEBANG = b"#!/usr/bin/env python3\n"
#: protobuf's compiled half; the other half answers the same, only slower.
_UPB = "google/_upb/"

_MAIN = '''\
"""Starts {name}, which lies in this archive with all that it needs."""

import runpy
import sys

if sys.version_info < (3, {minor}):
    sys.exit("{name}.pyz needs Python 3.{minor} or newer, and this is " + sys.version.split()[0])
{unpack}runpy.run_module("{name}", run_name="__main__", alter_sys=True)
'''

_UNPACK = '''\

import os
import shutil
import tempfile
import zipfile


def writable(folder):
    """Make a folder that nobody else can write to; return whether it is one."""
    try:
        os.makedirs(folder, 0o700, exist_ok=True)
        state = os.stat(folder)
    except OSError:
        return False
    mine = state.st_uid == os.geteuid() and not state.st_mode & 0o022
    return mine and os.access(folder, os.W_OK)


def unpacked():
    """Return the folder with what this archive holds; unpack it if none has done so yet."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    places = [
        os.environ.get("KAPNB_CACHE_DIR") or os.path.join(home, "kapnb"),
        os.path.join(tempfile.gettempdir(), "kapnb-" + str(os.geteuid())),
    ]
    for place in places:
        folder = os.path.join(place, "pyz", "{name}-{digest}")
        if os.path.isdir(folder) and writable(os.path.dirname(folder)):
            return folder
    for place in places:
        folder = os.path.join(place, "pyz", "{name}-{digest}")
        if writable(place) and writable(os.path.dirname(folder)):
            break
    else:
        sys.exit("{name}.pyz can unpack itself neither to " + " nor to ".join(places)
                 + "; set KAPNB_CACHE_DIR to a folder that this user alone can write to")
    beside = tempfile.mkdtemp(prefix=".unpacking-", dir=os.path.dirname(folder))
    try:
        with zipfile.ZipFile(sys.path[0]) as archive:
            archive.extractall(beside)
        os.rename(beside, folder)
    except OSError:
        if not os.path.isdir(folder):  # unless another process was quicker
            raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return folder

{check}
sys.path[0] = unpacked()
'''

_CHECK = """
found = sys.implementation.cache_tag + " on " + sys.platform + "-" + os.uname().machine
if found != "{tag}":
    sys.exit("{name}.pyz holds modules compiled for {tag}, and this is " + found)
"""


def files(product: Product) -> Iterable[File]:
    """Return the archive.

    Raises
    ------
    ExportError
        KN407 if what the script needs is not installed in a way that can be packed.
    """
    by_path = {file.path: file for file in _held(product)}  # some share a licence's name
    held = [by_path[path] for path in sorted(by_path)]
    compiled = [file.path for file in held if is_compiled(file.path)]
    if all(path.startswith(_UPB) for path in compiled):
        held = [file for file in held if not file.path.startswith(_UPB)]
        compiled = []
    unpack = ""
    if compiled or any(not file.path.endswith(".py") for file in product.beside):
        check = _CHECK.format(name=product.name, tag=_tag(product)) if compiled else ""
        digest = digest_of(held)[:16]
        unpack = _UNPACK.format(name=product.name, digest=digest, check=check)
    main = _MAIN.format(name=product.name, minor=oldest_minor(product), unpack=unpack)
    content = zip_bytes([File("__main__.py", main.encode()), *held], folders=True)
    return [File(f"{product.name}.pyz", _SHEBANG + content, 0o755)]


def starts(product: Product, folder: Path) -> Iterator[Start]:
    """Start it without any packages that are installed."""
    env = {"KAPNB_CACHE_DIR": str(folder / "cache"), "PYTHONNOUSERSITE": "1"}
    command = (product.interpreter, "-S", str(folder / f"{product.name}.pyz"))
    yield Start(f"{product.name}.pyz", command, env)


def _held(product: Product) -> Iterator[File]:
    yield File(f"{product.name}.py", product.script.encode())
    yield from product.beside
    yield from runtime_files(product)
    shared: set[str] = set()
    for distribution in closure(product.requirements, product.interpreter):
        for file in files_of(distribution):
            shared.add(file.path)
            yield file
    if "google/__init__.py" not in shared:  # a package of the host would come before a namespace
        yield File("google/__init__.py", b"")


def _tag(product: Product) -> str:
    told = inspect(product.interpreter)
    major, minor, *_ = told.version.split(".")
    return f"{told.implementation.lower()}-{major}{minor} on {told.platform}"
