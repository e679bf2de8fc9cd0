"""Moment: one input of a run, and what it did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kapnb.errors import KapnbError
from kapnb.model import Batch, Point, format_time
from kapnb.timemachine._changes import Change
from kapnb.timemachine._shown import shown

__all__ = ["Moment"]

#: Lines of each kind that the text has.
_LINES_MAX = 12
#: Characters of an input, an output or a state in the text.
_LONG = 300


@dataclass(frozen=True, repr=False)
class Moment:
    """One input of a run, with the state before it, and what became of it.

    Made by a `TimeMachine`. States are copies: to change them changes nothing.

    Attributes
    ----------
    position : int
        Of the input, from 0.
    count : int
        How many inputs the run has.
    input : Point or Batch
    time : int
        Nanoseconds since the Unix epoch; of a batch its tmax.
    group : str
        Kapacitor's id of the input's group; empty if nothing is grouped.
    before, after : object
        The group's state, a copy; None where there is none.
    own_before, own_after : dict of str to object
        What the Handler keeps on itself, as copies.
    changes : list of Change
        What the input changed: path, before, after. Paths begin with ``state`` for the group's
        state, ``self`` for the Handler's own attributes, ``groups`` for groups that came or
        were let go, and else with the name of a global, class attribute or the like.
    outputs : list of Point or Batch
        What was sent while it was handled, as the run recorded it.
    logs : tuple of str
        What user code logged or printed meanwhile.
    locals : dict of str to str
        On an exception: the local variables of the innermost function of user code.
    error : KapnbError or None
        What the input ended in, or why it was skipped.
    line : str
        Where in user code that was.
    interrupted : bool
        Whether the run was interrupted here.
    doubts : tuple of str
        Why what is told here may not be what happened in the run. Empty if the Handler, led here
        once more, sent exactly what it sent then.
    constants : tuple of str
        Classes of objects that no copy was made of; they are taken for constant.
    """

    position: int
    count: int
    input: Point | Batch
    time: int
    group: str
    before: Any = None
    after: Any = None
    own_before: Mapping[str, Any] = field(default_factory=dict)
    own_after: Mapping[str, Any] = field(default_factory=dict)
    changes: Sequence[Change] = ()
    outputs: Sequence[Point | Batch] = ()
    logs: tuple[str, ...] = ()
    locals: Mapping[str, str] = field(default_factory=dict)
    error: KapnbError | None = None
    line: str = ""
    interrupted: bool = False
    doubts: tuple[str, ...] = ()
    constants: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """Where this is, in one line."""
        group = f", group {self.group!r}" if self.group else ""
        return f"input {self.position} of 0…{self.count - 1}: {format_time(self.time)}{group}"

    def lines(self) -> Iterator[tuple[str, str]]:
        """Yield what there is to tell, in lines, each with what kind it is.

        Kinds are ``input``, ``state``, ``change``, ``output``, ``log``, ``error``, ``local``,
        ``doubt`` and ``note``.
        """
        yield "input", shown(self.input, _LONG)
        if self.after is not None:
            yield "state", shown(self.after, _LONG)
        yield from self._changed()
        yield from _some("output", [shown(item, _LONG) for item in self.outputs] or ["nothing"])
        yield from _some("log", self.logs)
        if self.interrupted:
            yield "error", "the run was interrupted here"
        if self.error is not None:
            yield "error", str(self.error)
        width = max((len(name) for name in self.locals), default=0)
        yield from _some("local", [f"{name:<{width}}  {self.locals[name]}" for name in self.locals])
        yield from _some("doubt", self.doubts)
        if self.constants:
            yield "note", f"taken for constant: {', '.join(self.constants)}"

    def _changed(self) -> Iterator[tuple[str, str]]:
        if not self.changes:
            yield "change", "nothing"
            return
        told = self.changes[:_LINES_MAX]
        width = max(len(change.path) for change in told)
        texts = [
            f"{change.path:<{width}}  {shown(change.before)} → {shown(change.after)}"
            for change in told
        ]
        if len(self.changes) > len(told):
            texts.append(f"and {len(self.changes) - len(told)} more, in .changes")
        for text in texts:
            yield "change", text

    def __repr__(self) -> str:
        rows = [f"{kind:<8}{text}" for kind, text in self.lines()]
        return "\n  ".join([f"Moment: {self.title}", *rows])

    def _repr_html_(self) -> str:
        from kapnb.simulation._faces import moment_html

        return moment_html(self)


def _some(kind: str, texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    for text in texts[:_LINES_MAX]:
        yield kind, text
    if len(texts) > _LINES_MAX:
        yield kind, f"and {len(texts) - _LINES_MAX} more"
