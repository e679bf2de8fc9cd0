"""What is installed for a script: its requirements and theirs, as an interpreter has them.

Nothing is asked of an index. What travels are the very files that the proof ran with.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import PurePosixPath

from kapnb.errors import ExportError, MissingExtra
from kapnb_exporter._venv import ask
from kapnb_exporter.formats import File

__all__ = ["beyond", "closure", "files_of", "is_compiled", "pinned", "until_both_have_it"]

_ASK = """
import json, platform, sys
version = platform.python_version()
print(json.dumps({
    "path": [entry for entry in sys.path if entry],
    "markers": {"python_full_version": version,
                "python_version": ".".join(version.split(".")[:2])},
}))
"""
#: What an installer notes for itself; it names folders of this machine.
_NOTES = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json"}


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an interpreter finds packages, and what it says of itself in markers."""

    path: list[str]
    markers: dict[str, str]


def closure(requirements: Iterable[str], python: str) -> tuple[Distribution, ...]:
    """Return the distributions that meet requirements, and what they need, sorted by name.

    The runtime is not among them: it travels as a wheel of its own.

    Parameters
    ----------
    requirements : iterable of str
        As a script declares them.
    python : str
        The interpreter that has them.

    Raises
    ------
    ExportError
        KN407 if one is not installed for it.
    MissingExtra
        If packaging, which reads requirements, is not installed.
    """
    try:
        from packaging.requirements import Requirement
        from packaging.utils import canonicalize_name
    except ImportError:
        raise MissingExtra("export", "packages", "packaging") from None
    place = _ask(python)
    found: dict[str, Distribution] = {}
    seen: set[tuple[str, str]] = set()
    wanted = [(Requirement(text), "") for text in requirements if not text.startswith("kapnb==")]
    while wanted:
        requirement, extra = wanted.pop()
        marker = requirement.marker
        if marker is not None and not marker.evaluate({**place.markers, "extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        for asked in ("", *sorted(requirement.extras)):
            if (name, asked) in seen:
                continue
            seen.add((name, asked))
            found.setdefault(name, _installed(name, place, python))
            wanted += [(Requirement(text), asked) for text in found[name].requires or ()]
    return tuple(found[name] for name in sorted(found))


def beyond(distributions: Iterable[Distribution], version: str) -> tuple[str, ...]:
    """Return the releases that do not run on a version of Python, by what they say themselves.

    Parameters
    ----------
    distributions : iterable of Distribution
        As they are installed somewhere.
    version : str
        Such as ``3.10.13``.

    Returns
    -------
    tuple of str
        Name, release, and what it needs: ``numpy 2.4.6 (>=3.11)``.

    Raises
    ------
    MissingExtra
        If packaging, which reads versions, is not installed.
    """
    try:
        from packaging.specifiers import SpecifierSet
    except ImportError:
        raise MissingExtra("export", "another Python", "packaging") from None
    needs = ((one, one.metadata.json.get("requires_python")) for one in distributions)
    return tuple(
        f"{one.metadata['Name']} {one.version} ({text})"
        for one, text in needs
        if text and not SpecifierSet(str(text)).contains(version, prereleases=True)
    )


def until_both_have_it(too_new: Sequence[str], minor: str) -> str:
    """Say what to do about releases that `beyond` found among a script's own pins."""
    name = too_new[0].partition(" ")[0]
    return (
        f"install releases that run on both in the notebook's kernel (pip index versions {name} "
        f"--python-version {minor} lists them), so that what it trains is theirs, and export "
        f"again with --python {minor}"
    )


def pinned(distribution: Distribution) -> str:
    """Return ``name==version``."""
    name = distribution.metadata["Name"].lower().replace("_", "-").replace(".", "-")
    return f"{name}=={distribution.version}"


def files_of(distribution: Distribution) -> Iterator[File]:
    """Yield what a distribution has beside other packages; neither scripts nor bytecode.

    Raises
    ------
    ExportError
        KN407 if it is installed in a way that keeps no list of its files.
    """
    if '"editable": true' in (distribution.read_text("direct_url.json") or ""):
        raise _cannot_travel(distribution, "it is installed as editable")
    if distribution.files is None:
        raise _cannot_travel(distribution, "it was installed without a list of its files")
    for file in sorted(distribution.files, key=PurePosixPath.as_posix):
        is_note = file.parent.suffix == ".dist-info" and file.name in _NOTES
        if is_note or ".." in file.parts or "__pycache__" in file.parts or file.suffix == ".pyc":
            continue
        yield File(file.as_posix(), file.read_binary())


def is_compiled(path: str) -> bool:
    """Whether a file is a library that only an operating system can load.

    Examples
    --------
    >>> is_compiled("numpy/_multiarray.so"), is_compiled("libs/libgomp.so.1"), is_compiled("a.py")
    (True, True, False)
    """
    return not {".so", ".pyd", ".dylib", ".dll"}.isdisjoint(PurePosixPath(path).suffixes)


def _ask(python: str) -> _Place:
    return _Place(**ask(python, _ASK))


def _installed(name: str, place: _Place, python: str) -> Distribution:
    found = next(iter(distributions(name=name, path=place.path)), None)
    if found is None:
        raise ExportError(
            f"{name} is not installed for {python}, so it cannot be packed; install it there, or "
            "prove the script in a venv (--verify=venv)",
            code="KN407",
        )
    return found


def _cannot_travel(distribution: Distribution, why: str) -> ExportError:
    name = distribution.metadata["Name"]
    return ExportError(
        f"{name} cannot be packed: {why}; install it from a wheel, or prove the script in a venv "
        "(--verify=venv), where that is done",
        code="KN407",
    )
