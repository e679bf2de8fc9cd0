"""Which UDFs a script uses, without evaluating it: their info is needed first."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from kapnb.tick._ast import Chain
from kapnb.tick._parser import parse

__all__ = ["udf_names"]


def udf_names(script: str) -> list[str]:
    """Return the names behind every ``@``, in the order of their first use.

    Raises
    ------
    TickError
        If the script cannot be parsed.

    Examples
    --------
    >>> udf_names("stream|from()@mean().size(3)|window().period(1m)@outliers()|log()")
    ['mean', 'outliers']
    """
    return list(dict.fromkeys(_names(parse(script))))


def _names(tree: Any) -> Iterator[str]:
    if isinstance(tree, tuple):
        for item in tree:
            yield from _names(item)
    elif dataclasses.is_dataclass(tree):
        chain: list[Chain] = []
        while isinstance(tree, Chain):  # as long as a script: no recursion
            chain.append(tree)
            tree = tree.left
        for item in dataclasses.fields(tree) if dataclasses.is_dataclass(tree) else ():
            yield from _names(getattr(tree, item.name))
        for link in reversed(chain):
            if link.operator == "@":
                yield link.call.name
            yield from _names(getattr(link.call, "arguments", ()))
