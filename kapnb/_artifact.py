"""Values that travel as a file beside the script: models, arrays, tables.

The same call stands in the notebook and, without the value but with the file's hash, in the
script. What loads a file is imported when one is loaded.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

from kapnb.errors import SourceError

__all__ = ["KEPT", "MODULES", "artifact", "reader_of", "sha256_of"]

#: Where this process has found or put each file, by name; the exporter takes them from there.
KEPT: dict[str, str] = {}
#: What a suffix needs besides what the value itself is made of.
MODULES = {".joblib": "joblib", ".npy": "numpy", ".npz": "numpy"}

_NOTHING = object()


def artifact(
    file: str,
    value: Any = _NOTHING,
    *,
    save: Callable[[Any, str], Any] | None = None,
    load: Callable[[str], Any] | None = None,
    sha256: str | None = None,
) -> Any:
    """Keep a value in a file that travels with the script.

    In a notebook, ``MODEL = artifact("turbine.joblib", model)`` writes the file and gives back
    what was read from it again, so that the notebook simulates what production will load.
    Without a value it reads a file that is there already. The exported script has the same
    line without the value and with the file's hash, and the file lies beside it.

    Parameters
    ----------
    file : str
        The file's name. Its suffix says how it is written and read: ``.joblib``, ``.pkl``,
        ``.npy``, ``.npz`` (a dict of arrays), ``.json``, ``.txt``, ``.bin``.
    value : object, optional
        What to keep.
    save, load : callable, optional
        For other suffixes: ``save(value, path)`` writes, ``load(path)`` reads.
    sha256 : str, optional
        What the file's content must hash to; the exporter writes it.

    Returns
    -------
    object
        What the file holds.

    Raises
    ------
    SourceError
        If no file of that name, or none with that content, is found: at ``MODEL_PATH`` (a file
        or a folder), beside the script, in ``models`` there or beside its folder.

    Notes
    -----
    It must be all that stands right of an assignment to one name, outside functions and
    classes. A pickle runs code when it is read, hence the hash.

    Examples
    --------
    >>> import os, tempfile
    >>> os.chdir(tempfile.mkdtemp())
    >>> LIMITS = artifact("limits.json", {"pressure": 4.5})
    >>> LIMITS, os.listdir()
    ({'pressure': 4.5}, ['limits.json'])
    """
    if file != os.path.basename(file) or not file:
        raise SourceError("artifact takes the name of a file, without a folder", where=file)
    writes, reads = save, load
    if load is None or (save is None and value is not _NOTHING):
        builtin = _builtin(file)
        writes, reads = save or builtin[0], load or builtin[1]
    assert reads is not None
    if value is not _NOTHING:
        assert writes is not None
        path = os.path.abspath(file)
        _write(path, value, writes)
    else:
        path = _find(file, sha256, sys._getframe(1).f_globals.get("__file__"))
    KEPT[file] = path
    return reads(path)


def sha256_of(path: str) -> str:
    """Return the hash of a file's content."""
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def reader_of(file: str) -> Callable[[str], Any] | None:
    """Return what reads files of this suffix; None if only the notebook knows."""
    try:
        return _builtin(file)[1]
    except SourceError:
        return None


# ------------------------------------------------------------------------------ finding


def _find(file: str, sha256: str | None, script: str | None) -> str:
    """Return the first place that has the file, with the right content if that is known."""
    wrong: list[str] = []
    for path in _places(file, script, is_script=sha256 is not None):
        if not os.path.isfile(path):
            continue
        if sha256 is None or sha256_of(path) == sha256:
            return path
        wrong.append(path)
    if wrong:
        raise SourceError(
            f"{' and '.join(wrong)}: this is not the file that the script was proven with; put "
            "that one there, or export again with the new one",
            where=file,
        )
    looked = ", ".join(dict.fromkeys(_places(file, script, is_script=sha256 is not None)))
    raise SourceError(f"there is no such file; looked at {looked}", where=file)


def _places(file: str, caller: str | None, *, is_script: bool) -> Iterator[str]:
    """Yield where the file may lie.

    For a script ``MODEL_PATH`` may name a file of another name: its content says whether it is
    ours. A notebook's working directory is its folder, a script's is anywhere.
    """
    named = os.environ.get("MODEL_PATH")
    if named and (is_script or os.path.basename(named) == file):
        yield named
    if named:
        yield os.path.join(named, file)
    if not is_script:
        yield os.path.abspath(file)
    folder = os.path.dirname(os.path.abspath(caller)) if caller else os.getcwd()
    while not os.path.isdir(folder):  # the script lies in an archive
        folder = os.path.dirname(folder)
    for place in ("", "models", os.path.join("..", "models")):
        yield os.path.normpath(os.path.join(folder, place, file))


# --------------------------------------------------------------------- writing and reading


def _write(path: str, value: Any, save: Callable[[Any, str], Any]) -> None:
    """Write beside it first, under a name of the same suffix: some writers add one."""
    folder, file = os.path.split(path)
    beside = os.path.join(folder, f".{os.getpid()}.{file}")
    try:
        save(value, beside)
        os.replace(beside, path)
    except OSError as error:
        raise SourceError(f"cannot be written: {error.strerror}", where=file) from error
    finally:
        if os.path.exists(beside):
            os.unlink(beside)


def _builtin(file: str) -> tuple[Callable[[Any, str], Any], Callable[[str], Any]]:
    suffix = os.path.splitext(file)[1]
    if suffix in MODULES:
        return _of_library(suffix, _library(file, MODULES[suffix]))
    if suffix in (".pkl", ".pickle"):
        return _dump_pickle, _load_pickle
    if suffix == ".json":
        return _dump_json, _load_json
    if suffix == ".txt":
        return _dump_text, _load_text
    if suffix == ".bin":
        return _dump_bytes, _load_bytes
    raise SourceError(
        f"nothing is known about files ending in {suffix!r}; say how to write and read one: "
        "save=lambda value, path: …, load=lambda path: …",
        where=file,
    )


def _library(file: str, name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise SourceError(f"needs {name}: pip install {name}", where=file) from error


def _of_library(suffix: str, library: Any) -> tuple[Callable[[Any, str], Any], Callable[..., Any]]:
    if suffix == ".joblib":
        return library.dump, library.load
    if suffix == ".npy":
        return lambda value, path: library.save(path, value), library.load
    return lambda value, path: library.savez(path, **value), lambda path: dict(library.load(path))


def _dump_pickle(value: Any, path: str) -> None:
    import pickle

    _dump_bytes(pickle.dumps(value, protocol=5), path)


def _load_pickle(path: str) -> Any:
    import pickle

    return pickle.loads(_load_bytes(path))  # noqa: S301  # the author's own; its hash was checked


def _dump_json(value: Any, path: str) -> None:
    import json

    _dump_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", path)


def _load_json(path: str) -> Any:
    import json

    return json.loads(_load_text(path))


def _dump_text(value: str, path: str) -> None:
    _dump_bytes(value.encode(), path)


def _load_text(path: str) -> str:
    return _load_bytes(path).decode()


def _dump_bytes(value: bytes, path: str) -> None:
    with open(path, "wb") as stream:
        stream.write(value)


def _load_bytes(path: str) -> bytes:
    with open(path, "rb") as stream:
        return stream.read()
