"""Task: what outlives a Handler process.

The opening (init, restore), the journal, the questions that wait for an answer, and how far
the task has come. A `Child` is one process's view of it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kapnb.model import InitRequest
from kapnb.protocol import Kind
from kapnb.supervise._crashes import AT_START
from kapnb.supervise._journal import Journal, Mark
from kapnb.supervise._limits import Limits

__all__ = ["Broken", "Hopeless", "Question", "Task"]

#: Bytes of inputs that are read before any process was given them. Kapacitor counts them as
#: delivered, so it is a small number.
READ_AHEAD = 1024 * 1024


class Broken(Exception):
    """The Handler process is of no use any more; another takes its place."""


class Hopeless(Exception):
    """No restart can help: what supervision rests on does not hold. Kapacitor is told."""


@dataclass(frozen=True)
class Question:
    """Kapacitor's request for info or a snapshot, after `position` inputs."""

    kind: Kind
    position: int


class Task:
    """What outlives a Handler process.

    Parameters
    ----------
    limits : Limits
        What may be used up.
    send : callable
        Takes a message for Kapacitor that is no data.

    Attributes
    ----------
    init : InitRequest or None
        As Kapacitor sent it.
    started, restored : bool
        Whether Kapacitor has the answer to init, to restore.
    questions : deque of Question
        Not answered yet, in order.
    ended : bool
        Whether no more input will come.
    high : int
        Inputs that some process was given.
    reached : int
        Inputs that some process has handled for certain.
    careful_until : int
        Inputs before this are handed over one by one.
    ahead : int
        Bytes of inputs that no process was given yet.
    snapshot_size : int
        Of the last snapshot, in bytes.
    snapshot_failed : bool
        Whether the last one could not be used.
    out : list of bytes
        Frames for Kapacitor, whole units in order.
    """

    def __init__(self, limits: Limits, send: Callable[[Any], None]) -> None:
        self.limits = limits
        self.send = send
        self.journal = Journal()
        self.init: InitRequest | None = None
        self.started = self.restored = self.ended = False
        self.questions: deque[Question] = deque()
        self.high = self.reached = self.careful_until = 0
        self.ahead = self.snapshot_size = 0
        self.snapshot_failed = False
        self.out: list[bytes] = []
        # Two marks must fit, and what comes while a snapshot is under way.
        self.every = min(limits.snapshot_every, max(1, limits.buffer_points // 4))
        self.every_bytes = max(1, limits.buffer_bytes // 4)

    @property
    def full(self) -> bool:
        """Whether no more input is taken."""
        journal, limits = self.journal, self.limits
        return journal.points >= limits.buffer_points or journal.size >= limits.buffer_bytes

    @property
    def careful(self) -> bool:
        """Whether inputs are handed over one by one."""
        return self.reached < self.careful_until

    @property
    def progress(self) -> tuple[int, int]:
        """How far the task has come; grows."""
        return self.reached, self.journal.sent

    def ask(self, kind: Kind) -> None:
        """Take a question of Kapacitor's; inside a batch it comes before that batch."""
        position = AT_START if self.init is None else self.journal.end
        self.questions.append(Question(kind, position))

    def answer(self, message: Any, kind: Kind) -> None:
        """Answer the first question of `kind`."""
        self.questions.remove(next(item for item in self.questions if item.kind is kind))
        self.send(message)

    def mark(self, mark: Mark) -> None:
        """Take a snapshot, and let go of what nobody needs any more."""
        assert mark.snapshot is not None
        self.snapshot_size, self.snapshot_failed = len(mark.snapshot), False
        self.journal.add_mark(mark)
        if self.full and mark is self.journal.marks[-1]:
            self.journal.drop_mark()

    def handed_over(self, position: int, size: int) -> None:
        """Note that some process was given the inputs before `position`, `size` bytes of them."""
        if position > self.high:
            self.high = position
            self.ahead = max(0, self.ahead - size)
