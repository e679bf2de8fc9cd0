"""What a Session refuses when a front process stands before it and may replay its input.

The front process is `kapnb.supervise`; it tells by two variables of the environment.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping

from kapnb.agent._session import Session
from kapnb.errors import HandlerError, OptionError
from kapnb.model import Batch, InitRequest, Point

__all__ = ["UNSUPERVISED", "hold_to_supervision"]

#: Ends the text of every error that no restart can mend; the front process knows it by this.
UNSUPERVISED = "run it without --supervise"


def hold_to_supervision(session: Session, environment: Mapping[str, str]) -> None:
    """Make `session` refuse what cannot be replayed exactly.

    Parameters
    ----------
    session : Session
        Fresh; its events are handled on the thread that calls this.
    environment : mapping of str to str
        Of the process. ``KAPNB_SUPERVISED``: there is a front process. ``KAPNB_RESTORE=strict``:
        the snapshot that will be restored is one of this very task, so it must fit.
    """
    if not environment.get("KAPNB_SUPERVISED"):
        return
    handler = session.handler
    if environment.get("KAPNB_RESTORE") == "strict":
        vars(handler)["restore_policy"] = "strict"
    handler._outlet = _Outlet(session)
    if not handler.deterministic:
        vars(handler)["init"] = _refuse_init


def _refuse_init(request: InitRequest) -> None:
    raise OptionError(
        "the Handler is declared deterministic = False, so its outputs cannot be replayed "
        f"exactly; {UNSUPERVISED}"
    )


class _Outlet:
    """Takes what `emit` is given on the handling thread, and nothing from any other."""

    def __init__(self, session: Session) -> None:
        self._session, self._outlet = session, session.handler._outlet
        self._thread = threading.get_ident()

    def __call__(self, item: Point | Batch) -> None:
        if threading.get_ident() == self._thread:
            self._outlet(item)  # type: ignore[misc]
            return
        error = HandlerError(
            f"{type(self._session.handler).__name__} emits from a background thread: such output "
            f"belongs to no input and cannot be replayed exactly; {UNSUPERVISED}"
        )
        self._session.fail_soon(error)  # nobody may see what is raised in a thread
        raise error
