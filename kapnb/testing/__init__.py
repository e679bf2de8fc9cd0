"""Tests of agents and Handlers: Kapacitor played over real pipes, the conformance kit, pytest.

Nothing of this is needed to run a Handler, and nothing that runs one imports it. pytest loads
`_plugin` whenever kapnb is installed, so the rest of the room loads when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kapnb.testing import conformance
    from kapnb.testing._assertions import assert_frame, assert_outputs, assert_transcript
    from kapnb.testing._differences import difference
    from kapnb.testing._kapacitor import Heard, Kapacitor, Misbehaved
    from kapnb.testing._process import AgentProcess
    from kapnb.testing._sources import check_source

__all__ = [
    "AgentProcess",
    "Heard",
    "Kapacitor",
    "Misbehaved",
    "assert_frame",
    "assert_outputs",
    "assert_transcript",
    "check_source",
    "conformance",
    "difference",
]

#: Name → the module it comes from.
_LAZY = {
    "AgentProcess": "_process",
    "Heard": "_kapacitor",
    "Kapacitor": "_kapacitor",
    "Misbehaved": "_kapacitor",
    "assert_frame": "_assertions",
    "assert_outputs": "_assertions",
    "assert_transcript": "_assertions",
    "check_source": "_sources",
    "difference": "_differences",
}


def __getattr__(name: str) -> Any:
    import importlib

    if name == "conformance":
        return importlib.import_module("kapnb.testing.conformance")
    if name not in _LAZY:
        raise AttributeError(f"module 'kapnb.testing' has no attribute {name!r}")
    return getattr(importlib.import_module(f"kapnb.testing.{_LAZY[name]}"), name)
