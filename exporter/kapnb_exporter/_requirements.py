"""What must be installed for a script: its imports, as distributions with exact versions.

Asked of the environment of this very process, which is the kernel's, too.
"""

from __future__ import annotations

import functools
import importlib.metadata
import sys
from collections.abc import Iterable, Mapping, Sequence

from kapnb._version import __version__

__all__ = ["PROTOBUF", "distributions_of", "requirements"]

#: kapnb's descriptors work with any release of this range (docs/decisions/0002).
PROTOBUF = "protobuf>=4.25,<8"
_OURS = ("kapnb", "google.protobuf")


def requirements(modules: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the requirements of a script and the packages that nothing installed provides.

    Parameters
    ----------
    modules : iterable of str
        Absolute paths of what is imported, such as ``sklearn.ensemble.IsolationForest``.

    Returns
    -------
    tuple of str
        ``name==version``, sorted; protobuf as a range.
    tuple of str
        Top-level packages that belong to no distribution.
    """
    found: dict[str, str] = {}
    unknown: set[str] = set()
    for module in sorted(set(modules)):
        package = module.partition(".")[0]
        if package in sys.stdlib_module_names or _is_ours(module):
            continue
        names = distributions_of(module)
        if not names:
            unknown.add(package)
        for name in names:
            found[name] = f"{name}=={importlib.metadata.version(name)}"
    found["kapnb"], found["protobuf"] = f"kapnb=={__version__}", PROTOBUF
    return tuple(found[name] for name in sorted(found)), tuple(sorted(unknown))


def distributions_of(module: str) -> Sequence[str]:
    """Return the distributions that provide a module; several if they share a namespace.

    Examples
    --------
    >>> distributions_of("google.protobuf.message")
    ['protobuf']
    """
    package = module.partition(".")[0]
    names = sorted({_normal(name) for name in _providers().get(package, ())})
    if len(names) < 2:
        return names
    return [name for name in names if _provides(name, module)] or names


@functools.cache
def _providers() -> Mapping[str, Sequence[str]]:
    return importlib.metadata.packages_distributions()


def _provides(distribution: str, module: str) -> bool:
    """Whether one of its files is the module, or stands in it or above what it takes from it."""
    files = importlib.metadata.files(distribution) or ()
    parts = module.split(".")
    wanted = {"/".join(parts[:depth]) for depth in range(2, len(parts) + 1)}
    return any(
        file.as_posix().removesuffix(".py") in wanted or file.parent.as_posix() in wanted
        for file in files
    )


def _normal(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def _is_ours(module: str) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in _OURS)
