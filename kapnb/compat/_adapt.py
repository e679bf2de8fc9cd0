"""Official Handlers as classes that a Simulation can run: `adapt`.

A Simulation starts a fresh Handler for info and another for the task, as Kapacitor starts
processes, so it needs a class; a class written for the official API wants its Agent.
"""

from __future__ import annotations

import inspect
from typing import Any

from kapnb.compat._official import OfficialHandler, named
from kapnb.compat.agent import Agent
from kapnb.errors import HandlerError
from kapnb.handler import Handler

__all__ = ["adapt", "is_official"]


def is_official(handler: Any) -> bool:
    """Tell whether `handler` is a Handler of the official API, or an instance of one."""
    cls = handler if isinstance(handler, type) else type(handler)
    return not issubclass(cls, Handler) and all(
        callable(getattr(cls, name, None)) for name in ("info", "init", "point")
    )


def adapt(official: Any) -> type[Handler]:
    """Return a kapnb Handler class that runs a Handler of the official API.

    Parameters
    ----------
    official : class or object
        A class is called for each session, with a fresh Agent if it takes an argument. An
        object is used as it is, for all of them; it must hold its Agent.

    Raises
    ------
    HandlerError
        If it is none, or an object without an Agent.

    Examples
    --------
    >>> import kapnb.compat
    >>> from kapacitor.udf.agent import Handler as OfficialHandler
    >>> from kapacitor.udf import udf_pb2
    >>> class Mirror(OfficialHandler):
    ...     def __init__(self, agent):
    ...         self._agent = agent
    ...
    ...     def info(self):
    ...         return udf_pb2.Response(info={"wants": udf_pb2.STREAM})
    ...
    ...     def init(self, request):
    ...         return udf_pb2.Response(init={"success": True})
    ...
    ...     def point(self, point):
    ...         self._agent.write_response(udf_pb2.Response(point=point))
    >>> simulate(kapnb.compat.adapt(Mirror), [Point({"x": 1.5}, time=0, name="m")])
    Simulation(Mirror: 1 point in, 1 point out)
    """
    if not is_official(official):
        raise HandlerError(
            f"{official!r} is no Handler of the official API: it needs info, init and point"
        )
    cls = official if isinstance(official, type) else type(official)

    def start(self: OfficialHandler) -> None:
        agent = Agent() if isinstance(official, type) else _agent_of(official)
        agent.handler = _built(cls, agent) if isinstance(official, type) else official
        OfficialHandler.__init__(self, agent.handler, agent._outbox)

    one_object = not isinstance(official, type)
    return named(cls, __init__=start, __doc__=cls.__doc__, one_object=one_object)


def _built(cls: type[Any], agent: Agent) -> Any:
    """Call the class as scripts do: nearly all with the Agent alone."""
    try:
        signature = inspect.signature(cls)
    except (TypeError, ValueError):
        return cls(agent)
    for arguments in ((agent,), ()):
        try:
            signature.bind(*arguments)
        except TypeError:
            continue
        return cls(*arguments)
    raise HandlerError(
        f"{cls.__name__}{signature} takes more than an Agent; give an object: "
        f"agent = Agent(); simulate({cls.__name__}(agent, …), …)"
    )


def _agent_of(official: Any) -> Agent:
    for held in getattr(official, "__dict__", {}).values():
        if isinstance(held, Agent):
            return held
    name = type(official).__name__
    raise HandlerError(
        f"the {name} holds no Agent to write to; make it with one: {name}(Agent()), or give the "
        "class"
    )
