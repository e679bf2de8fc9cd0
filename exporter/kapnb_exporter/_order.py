"""Whether the statements, in the notebook's order, run from top to bottom.

A script keeps that order. What only runs because its cells were executed in another one is
refused here, before anything is executed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kapnb_exporter import _refusals
from kapnb_exporter._names import Read
from kapnb_exporter._namespace import Namespace
from kapnb_exporter._statements import Statement, Use

__all__ = ["check_order"]


def check_order(space: Namespace, statements: Sequence[Statement]) -> None:
    """Refuse a statement that needs, in order to run, what only stands below it.

    Bases, decorators, defaults and values are needed when a statement runs; what stands in a
    function's body is not, and annotations hang on the interpreter. Whether a function that
    is called needs something further down, only running it can tell.

    Parameters
    ----------
    space : Namespace
        What binds which name.
    statements : sequence of Statement
        The statements kept, in notebook order.

    Raises
    ------
    ExportError
        KN211 for the first such need.
    """
    above: set[Statement] = set()
    for statement in statements:
        for read, binding in _needs(space, statement):
            if binding not in above:
                raise _refusals.out_of_order(space.notebook, Use(statement, read), binding)
        above.add(statement)


def _needs(space: Namespace, statement: Statement) -> Iterator[tuple[Read, Statement]]:
    """Yield the look-ups, while a statement runs, of what another statement binds."""
    for read in statement.names.reads:
        binding = space.binding(read.name)
        is_other = isinstance(binding, Statement) and binding is not statement
        if is_other and not (read.deferred or read.in_annotation):
            assert isinstance(binding, Statement)
            yield read, binding
