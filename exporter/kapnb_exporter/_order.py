"""An order of statements in which the script runs: the notebook's own, if that does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kapnb_exporter import _refusals
from kapnb_exporter._names import Read
from kapnb_exporter._namespace import Namespace
from kapnb_exporter._statements import Statement

__all__ = ["in_running_order"]


def in_running_order(space: Namespace, statements: Sequence[Statement]) -> tuple[Statement, ...]:
    """Move a statement forward only if one before it needs it in order to run.

    Bases, decorators, defaults and values are needed when a statement runs; what stands
    in a function's body is not, unless the function is called there and then.

    Parameters
    ----------
    space : Namespace
        What binds which name.
    statements : sequence of Statement
        The statements kept, in notebook order.

    Raises
    ------
    ExportError
        KN211 if statements need each other.
    """
    return _Order(space, statements).run()


class _Order:
    def __init__(self, space: Namespace, statements: Sequence[Statement]) -> None:
        self._space = space
        self._statements = statements
        self._kept = frozenset(statements)
        self._done: dict[Statement, None] = {}
        self._path: list[Statement] = []

    def run(self) -> tuple[Statement, ...]:
        for statement in self._statements:
            self._place(statement)
        return tuple(self._done)

    def _place(self, statement: Statement) -> None:
        if statement in self._done:
            return
        self._path.append(statement)
        certain = {binding for read, binding in self._reads(statement) if _runs(read)}
        for needed in (s for s in self._statements if s in certain):
            if needed in self._path:
                loop = self._path[self._path.index(needed) :]
                raise _refusals.cycle(self._space.notebook, loop)
            self._place(needed)
        possible = self._possible_needs(statement)
        for needed in (s for s in self._statements if s in possible):
            if needed not in self._path:  # a branch not taken, perhaps: running it will tell
                self._place(needed)
        self._path.pop()
        self._done[statement] = None

    def _possible_needs(self, statement: Statement) -> set[Statement]:
        """Collect what annotations need, and the functions called when a statement runs."""
        found: set[Statement] = set()
        if not self._space.futures:
            found.update(b for read, b in self._reads(statement) if read.in_annotation)
        called: set[Statement] = set()
        todo = [b for read, b in self._reads(statement) if _runs(read) and read.called]
        while todo:
            function = todo.pop()
            if function not in called:
                called.add(function)
                found.update(b for _, b in self._reads(function))
                todo += [b for read, b in self._reads(function) if read.called]
        return found

    def _reads(self, statement: Statement) -> Iterator[tuple[Read, Statement]]:
        """Yield the look-ups that another statement of the script answers."""
        for read in statement.names.reads:
            binding = self._space.binding(read.name)
            if binding in self._kept and binding is not statement:
                assert isinstance(binding, Statement)
                yield read, binding


def _runs(read: Read) -> bool:
    """Whether a name is looked up for certain while its statement runs.

    Annotations are not: it hangs on ``from __future__ import annotations`` and on the
    interpreter whether they are evaluated.
    """
    return not (read.deferred or read.in_annotation)
