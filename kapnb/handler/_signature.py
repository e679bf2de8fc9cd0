"""What a method of a Handler can be called with, read off its code.

`inspect.signature` knows more and costs a sixth of an agent's start-up to import; it is asked
only about callables that are no plain functions.
"""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType, MethodType
from typing import Any, NamedTuple

__all__ = ["Arguments", "arguments", "is_async"]

# Bits of co_flags (Python's documentation of code objects, module inspect).
_VARIABLE = 0x04
_COROUTINE = 0x80
_ASYNC_GENERATOR = 0x200


class Arguments(NamedTuple):
    """How many positional arguments a callable takes, ``self`` included.

    Attributes
    ----------
    most, needed : int
        At most, and at least.
    variable : bool
        Whether it takes any number.
    """

    most: int
    needed: int
    variable: bool


def arguments(method: Callable[..., Any]) -> Arguments | None:
    """Return what `method` takes, or None if that cannot be known.

    Decorated functions are looked through as `inspect.signature` does, by ``__wrapped__``.
    """
    bound = 0
    while True:
        if isinstance(method, MethodType):
            method, bound = method.__func__, bound + 1
        elif hasattr(method, "__signature__"):
            return _by_inspect(method, bound)
        elif hasattr(method, "__wrapped__"):
            method = method.__wrapped__
        else:
            break
    if not isinstance(method, FunctionType):
        return _by_inspect(method, bound)
    code = method.__code__
    most = code.co_argcount
    needed = most - len(method.__defaults__ or ())
    return Arguments(most - bound, max(needed - bound, 0), bool(code.co_flags & _VARIABLE))


def _by_inspect(method: Callable[..., Any], bound: int) -> Arguments | None:
    import inspect

    try:
        parameters = list(inspect.signature(method).parameters.values())
    except (TypeError, ValueError):
        return None
    positional = [
        parameter
        for parameter in parameters
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ]
    needed = [parameter for parameter in positional if parameter.default is parameter.empty]
    variable = any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters)
    return Arguments(len(positional) - bound, max(len(needed) - bound, 0), variable)


def is_async(method: Any) -> bool:
    """Return whether `method` is an ``async def``, with or without ``yield``."""
    while hasattr(method, "__func__"):
        method = method.__func__
    code = getattr(method, "__code__", None)
    return code is not None and bool(code.co_flags & (_COROUTINE | _ASYNC_GENERATOR))
