"""Going through a tree: its chains, each as one run of links, without evaluating anything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from kapnb.tick._ast import Chain, Expression

__all__ = ["chains"]


def chains(tree: Any) -> Iterator[tuple[Expression, list[Chain]]]:
    """Yield what each chain starts from and its links, in the order of the script.

    A chain within an argument comes after the chain it stands in.
    """
    waiting: list[Any] = [tree]  # a stack: neither chains nor sums have a natural end
    while waiting:
        item = waiting.pop()
        if isinstance(item, tuple):
            waiting += reversed(item)
            continue
        links: list[Chain] = []
        while isinstance(item, Chain):
            links.append(item)
            item = item.left
        links.reverse()
        if links:
            yield item, links
        below = [getattr(item, part.name) for part in fields(item)] if is_dataclass(item) else []
        below += [getattr(link.call, "arguments", ()) for link in links]
        waiting += reversed(below)
