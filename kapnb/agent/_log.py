"""Where errors and warnings go besides the wire: the logger named ``kapnb``.

`logging` is imported when there is something to say, since most agents start only to answer
info, and Kapacitor waits for each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import logging

__all__ = ["logger"]


def logger() -> logging.Logger:
    """Return the runtime's logger."""
    import logging

    return logging.getLogger("kapnb")
