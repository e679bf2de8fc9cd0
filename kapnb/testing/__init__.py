"""Tests of agents and Handlers: Kapacitor played over real pipes, and the conformance kit.

Nothing of this is needed to run a Handler, and nothing that runs one imports it.
"""

from kapnb.testing import conformance
from kapnb.testing._differences import difference
from kapnb.testing._kapacitor import Heard, Kapacitor, Misbehaved
from kapnb.testing._process import AgentProcess
from kapnb.testing._sources import check_source

__all__ = [
    "AgentProcess",
    "Heard",
    "Kapacitor",
    "Misbehaved",
    "check_source",
    "conformance",
    "difference",
]
