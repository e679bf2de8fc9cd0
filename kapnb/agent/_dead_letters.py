"""Dead letters: the inputs that a Handler failed on, kept in a file with the reason.

Line protocol with comments, so that ``simulate(Handler, "dead.lp", group_by=…)`` replays them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import datetime, timezone

from kapnb.agent._log import logger
from kapnb.errors import KapnbError
from kapnb.handler import Handler
from kapnb.model import Point, to_comment, to_line

__all__ = ["DeadLetters", "dead_letters_for"]


class DeadLetters:
    """A file that inputs are appended to.

    Several agents may share one: each input is written in one piece.

    Parameters
    ----------
    path : str
        The file; made with the first letter.
    handler : str
        Name of the Handler's class.
    clock : callable, optional
        Returns the time now, aware.
    """

    def __init__(
        self,
        path: str,
        handler: str,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
    ) -> None:
        self._path = path
        self._handler = handler
        self._clock = clock
        self._broken = False

    def __call__(self, error: KapnbError, points: list[Point]) -> None:
        """Append points and the error they caused; a full disk is logged and nothing more."""
        moment = self._clock().isoformat(timespec="seconds")
        grouped = ",".join(points[0].dimensions) if points else ""
        head = f"{moment} {self._handler} skipped {len(points)} point(s), grouped by '{grouped}'"
        lines = [to_comment(f"{head}: {error}"), *(to_line(point) for point in points)]
        try:
            file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
            try:
                os.write(file, ("\n".join(lines) + "\n").encode())
            finally:
                os.close(file)
        except OSError as failure:
            if not self._broken:
                logger().error(
                    "dead letters cannot be written to %s, and are lost from now on: %s",
                    self._path,
                    failure.strerror,
                )
            self._broken = True
        else:
            self._broken = False


def dead_letters_for(
    handler: Handler, environ: Mapping[str, str] = os.environ
) -> DeadLetters | None:
    """Return where a Handler's dead letters go: ``KAPNB_DEAD_LETTERS``, or its own attribute."""
    path = environ.get("KAPNB_DEAD_LETTERS") or handler.dead_letters
    return DeadLetters(path, type(handler).__name__) if path else None
