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
    if isinstance(tree, tuple):
        for item in tree:
            yield from chains(item)
        return
    links: list[Chain] = []
    while isinstance(tree, Chain):  # as many as a script has lines: no recursion
        links.append(tree)
        tree = tree.left
    if links:
        yield tree, links[::-1]
    for link in links[::-1]:
        yield from chains(getattr(link.call, "arguments", ()))
    if is_dataclass(tree):
        for item in fields(tree):
            yield from chains(getattr(tree, item.name))
