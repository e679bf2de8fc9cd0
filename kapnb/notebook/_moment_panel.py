"""Where a paused live run stands, as HTML under its picture.

Empty at first and at the end, so that a saved notebook has nothing a test could trip over.
"""

from __future__ import annotations

import html
import threading
from collections.abc import Callable
from typing import Any

__all__ = ["MomentPanel"]

_BEFORE = (
    '<div class="kapnb-moment"><span class="kapnb-position">before the first input</span></div>'
)


class MomentPanel:
    """A display that shows a Moment, or nothing.

    Parameters
    ----------
    display : callable or None
        Called as ``IPython.display.display`` is, and returns such a handle; None shows nothing.
    """

    def __init__(self, display: Callable[..., Any] | None) -> None:
        self._display = display
        self._handle: Any = None
        self._lock = threading.Lock()
        self._bundle: dict[str, str] = {}

    def open(self) -> None:
        """Take a place in the notebook, and leave the one before, if any."""
        if self._display is not None:
            with self._lock:
                left, self._handle = self._handle, None
                if left is not None:
                    left.update({}, raw=True)
                self._handle = self._display(self._bundle, raw=True, display_id=True)

    def show(self, moment: Any) -> None:
        """Show a Moment, or for None that there was no input yet."""
        if moment is None:
            self._update({"text/plain": "before the first input", "text/html": _BEFORE})
        else:
            self._update({"text/plain": repr(moment), "text/html": moment._repr_html_()})

    def tell(self, text: str) -> None:
        """Say why there is no Moment to be shown."""
        said = f'<div class="kapnb-moment">{html.escape(text)}</div>'
        self._update({"text/plain": text, "text/html": said})

    def clear(self) -> None:
        """Show nothing."""
        self._update({})

    def _update(self, bundle: dict[str, str]) -> None:
        with self._lock:
            self._bundle = bundle
            if self._handle is not None:
                self._handle.update(bundle, raw=True)
