"""What a Handler emits of its own accord, in any thread, until the session's thread sends it."""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable
from typing import TypeAlias

from kapnb.errors import KapnbError, LocalProtocolError
from kapnb.model import Batch, Point

__all__ = ["Emitted"]


class _Interrupt:
    """What is put among the emitted to have a look taken at the world between two points."""


_Item: TypeAlias = Point | Batch | KapnbError | _Interrupt
_INTERRUPT, _NOWHERE = _Interrupt(), ("", 0)


class Emitted(deque[tuple[_Item, tuple[str, int]]]):
    """A queue of what is to be sent, each with the file and line that emitted it.

    Parameters
    ----------
    callback : str
        Whose it is, for messages, such as ``"MyHandler.emit"``.
    """

    def __init__(self, callback: str) -> None:
        super().__init__()
        self._callback = callback

    def put(self, item: Point | Batch) -> None:
        """Take what user code emits; the line is that of the nearest caller outside kapnb."""
        caller = sys._getframe(1)
        while caller.f_globals.get("__name__", "").startswith("kapnb.") and caller.f_back:
            caller = caller.f_back
        self.append((item, (caller.f_code.co_filename, caller.f_lineno)))

    def fail(self, error: KapnbError) -> None:
        """Have `send` raise this, when it comes to it."""
        self.append((error, _NOWHERE))

    def interrupt(self) -> None:
        """Be not empty, so that whoever handles many points looks up; `send` drops it."""
        self.append((_INTERRUPT, _NOWHERE))

    def send(self, send: Callable[[Point | Batch], None]) -> None:
        """Send all, in order; an item that is refused is named by the line that emitted it."""
        while self:
            item, (file, line) = self.popleft()
            if isinstance(item, KapnbError):
                raise item
            if isinstance(item, _Interrupt):
                continue
            try:
                send(item)
            except LocalProtocolError as error:
                if error.located:
                    raise
                from kapnb.agent._blame import locate

                place = f"line {line} of {os.path.basename(file)}"
                raise locate(error, self._callback, place=place) from error.__cause__
