"""The self-test of a script: a few messages of the notebook's simulation, answered again."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from kapnb.agent import Agent
from kapnb.protocol import ProtobufCodec
from kapnb.simulation import Transcript

if TYPE_CHECKING:
    from kapnb.handler import Handler

__all__ = ["check_itself"]


def check_itself(handler: type[Handler], check: str) -> int:
    """Compare what `handler` answers with a transcript; return the exit status.

    Parameters
    ----------
    handler : subclass of Handler
        The script's.
    check : str
        Lines of a transcript; if there are none, it is enough that a Handler can be made.
    """
    name = os.path.basename(sys.argv[0])
    made = handler()
    if not check.strip():
        print(f"{name}: {handler.__name__} can be made; it carries no answers to compare with")
        return 0
    expected = Transcript.parse(check, f"the transcript in {name}")
    agent = Agent(made, codec=ProtobufCodec(deterministic=True))
    found = agent.feed(expected.requests)
    difference = expected.difference(found)
    agent.feed(b"")  # the end; what it answers then, no transcript of a beginning holds
    if difference is not None:
        print(f"{name}: {difference}", file=sys.stderr)
        return 1
    answers = sum(1 for is_request, _ in expected if not is_request)
    print(f"{name}: {answers} answers are those of the notebook")
    return 0
