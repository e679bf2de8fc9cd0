"""The official Python API, on kapnb's runtime: importing this installs the look-alikes.

After ``import kapnb.compat``, scripts and notebooks that import `kapacitor.udf.agent` and
`kapacitor.udf.udf_pb2` get those of this room. Nothing called `kapacitor` is on disk.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING, Any

from kapnb.compat import _ending, agent, udf_pb2

if TYPE_CHECKING:
    from kapnb.compat._adapt import adapt, is_official
    from kapnb.compat._script import run_script

__all__ = ["adapt", "install", "is_official", "run_script"]


#: Names that an old script does not need, by the module that has them.
_LAZY = {
    "adapt": "kapnb.compat._adapt",
    "is_official": "kapnb.compat._adapt",
    "run_script": "kapnb.compat._script",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'kapnb.compat' has no attribute {name!r}")
    return getattr(import_module(_LAZY[name]), name)


def install() -> None:
    """Let `kapacitor.udf` mean the look-alikes from now on; idempotent.

    It also takes the place of an official package that is installed. Modules that have
    imported that one before keep it.
    """
    if getattr(sys.modules.get("kapacitor"), "udf", None) is _UDF:
        return
    sys.modules.update(
        {
            "kapacitor": _KAPACITOR,
            "kapacitor.udf": _UDF,
            "kapacitor.udf.agent": agent,
            "kapacitor.udf.udf_pb2": udf_pb2,
        }
    )


def _package(name: str, **content: Any) -> ModuleType:
    """Return a package that is nowhere on disk."""
    package = ModuleType(name, "The official API, as kapnb.compat has it.")
    package.__path__ = []
    package.__spec__ = ModuleSpec(name, None, is_package=True)
    vars(package).update(content)
    return package


_UDF = _package("kapacitor.udf", agent=agent, udf_pb2=udf_pb2)
_KAPACITOR = _package("kapacitor", udf=_UDF)

_ending.prepare()
install()
