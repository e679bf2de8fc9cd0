"""``|where``: lets pass what satisfies a lambda expression."""

from __future__ import annotations

from kapnb.model import Batch, Point
from kapnb.tick._lambdas import EvaluationError, Memory
from kapnb.tick.nodes._messages import batch_from
from kapnb.tick.nodes._node import Node

__all__ = ["Where"]


class Where(Node):
    """``|where(lambda: …)``; a point for which the expression has no value is dropped."""

    def set_up(self) -> None:
        """Compile the expression."""
        tree = self.node.arguments[0] if self.node.arguments else None
        self._expression = self.lambda_of(tree, "Failed to compile expression in where clause")
        self._memories: dict[str, Memory] = {}

    def _memory(self, group: str) -> Memory:
        memory = self._memories.get(group)
        if memory is None:
            self._memories[group] = memory = self._expression.new_memory()
        return memory

    def _passes(self, point: Point, memory: Memory) -> bool:
        try:
            return self._expression.test(point, memory)
        except EvaluationError as error:
            self.complain(f"error while evaluating expression: {error}", point)
            return False

    def point(self, point: Point) -> None:
        """Hand it on if it passes."""
        if self._passes(point, self._memory(point.group)):
            self.emit(point)

    def batch(self, batch: Batch) -> None:
        """Hand on the points that pass; the batch goes on even if none does."""
        memory = self._memory(batch.group)
        points = [point for point in batch.points if self._passes(point, memory)]
        self.emit_batch(batch_from(batch, points, size=0))
