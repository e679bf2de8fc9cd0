"""What stands beside the traceback of a run that failed: the input, and the state before it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kapnb.errors import HandlerError, LocalProtocolError
from kapnb.notebook._definition import check_definition

__all__ = ["failure_notes"]

_STATE_MAX = 300


def failure_notes(error: BaseException) -> list[str]:
    """Return what is to be said of the input at which a run failed.

    Parameters
    ----------
    error : BaseException
        As `simulate` raised it.

    Returns
    -------
    list of str
        Empty if the error is none of a run's, or no input is to blame.
    """
    simulation = getattr(error, "simulation", None)
    if simulation is None or not isinstance(error, (HandlerError, LocalProtocolError)):
        return []
    views = getattr(simulation, "udfs", None)
    failed = [simulation] if views is None else [view for view in views.values() if view.error]
    return [note for view in failed for note in _notes(view)]


def _notes(view: Any) -> Iterator[str]:
    if not view.inputs:
        return
    try:
        moment = view.travel().next_error()
    except Exception as trouble:  # the Handler runs again on the way, and may do anything
        yield f"the input: {view.inputs[-1]!r}"
        yield f"the state before it is not known: {type(trouble).__name__}: {trouble}"
        return
    yield f"input {moment.position}: {moment.input!r}"
    handler = view.handler
    yield from (f"{handler.__name__}, {problem}" for problem in check_definition(handler))
    if moment.before is not None:
        of = f"group {moment.group!r}" if moment.group else "the one group"
        yield f"state of {of} before it: {_short(repr(moment.before))}"


def _short(text: str) -> str:
    return text if len(text) <= _STATE_MAX else f"{text[: _STATE_MAX - 1]}…"
