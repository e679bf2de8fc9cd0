"""``|eval``: computes fields and tags by lambda expressions."""

from __future__ import annotations

from typing import Any, ClassVar

from kapnb.errors import TickError
from kapnb.model import Batch, Point
from kapnb.tick._gotext import go_type
from kapnb.tick._lambdas import EvaluationError, Memory, Scope
from kapnb.tick._types import MISSING
from kapnb.tick.nodes._messages import (
    batch_from,
    fields_of,
    make_fields,
    make_tags,
    tags_of,
    with_parts,
)
from kapnb.tick.nodes._node import Node

__all__ = ["Eval"]


class Eval(Node):
    """``|eval(lambda: …, …).as('name', …)``, with ``.tags``, ``.keep`` and ``.quiet``.

    Each expression sees the results of those before it, unless a field of that name exists. A
    point for which one has no value is dropped.
    """

    obeys: ClassVar[frozenset[str]] = frozenset({"as", "keep", "tags"})

    def set_up(self) -> None:
        """Compile the expressions."""
        self._expressions = [
            self.lambda_of(tree, f"Failed to compile {number} expression")
            for number, tree in enumerate(self.node.arguments)
        ]
        names = self.uses("as")
        self._names = names[-1].arguments if names else ()
        if len(self._names) != len(self._expressions):
            position = self.node.position
            raise TickError(
                f"{position}: must provide one name per expression via the 'As' property",
                *position,
            )
        self._tags = self.values("tags")
        keep = self.uses("keep")
        self._keeps, self._kept = bool(keep), self.values("keep")
        self._memories: dict[str, list[Memory]] = {}

    def _memory(self, group: str) -> list[Memory]:
        memory = self._memories.get(group)
        if memory is None:
            memory = [expression.new_memory() for expression in self._expressions]
            self._memories[group] = memory
        return memory

    def _evaluated(self, point: Point, memories: list[Memory]) -> Point | None:
        scope: Scope = {}
        try:
            for expression, name, memory in zip(
                self._expressions, self._names, memories, strict=True
            ):
                expression.fill(scope, point)
                scope[name] = expression.evaluate(scope, memory)
            tags = self._new_tags(point, scope) if self._tags else None
            fields = self._new_fields(point, scope)
        except EvaluationError as error:
            self.complain(f"error evaluating expression: {error}", point)
            return None
        return with_parts(point, make_fields(fields), None if tags is None else make_tags(tags))

    def _new_tags(self, point: Point, scope: Scope) -> dict[str, str]:
        tags = dict(tags_of(point))
        for name in self._tags:
            value = scope.get(name, MISSING)
            if not isinstance(value, str):
                raise EvaluationError(
                    f"result of a tag expression must be of type string, got {go_type(value)}"
                )
            tags[name] = value
        return tags

    def _new_fields(self, point: Point, scope: Scope) -> dict[str, Any]:
        results = {name: scope[name] for name in self._names}
        if not self._keeps:
            return {name: value for name, value in results.items() if name not in self._tags}
        if not self._kept:
            return {**fields_of(point), **results}
        fields = fields_of(point)
        kept = {}
        for name in self._kept:
            value = scope.get(name, MISSING)
            kept[name] = fields.get(name, MISSING) if value is MISSING else value
            if kept[name] is MISSING:
                raise EvaluationError(f'cannot keep field "{name}", field does not exist')
        return kept

    def point(self, point: Point) -> None:
        """Hand on what it becomes."""
        evaluated = self._evaluated(point, self._memory(point.group))
        if evaluated is not None:
            self.emit(evaluated)

    def batch(self, batch: Batch) -> None:
        """Hand on a batch of what its points become."""
        memories = self._memory(batch.group)
        results = (self._evaluated(point, memories) for point in batch.points)
        points = [point for point in results if point is not None]
        self.emit_batch(batch_from(batch, points, size=0))
