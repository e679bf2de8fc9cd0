"""Running the rest of a run anew, from the state of then, with another definition.

The state goes the way it would go under Kapacitor: as a snapshot, restored after init. What
would be lost on that way is a reason to refuse, not to start afresh.
"""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from kapnb._progress import Progress
from kapnb.errors import SnapshotError
from kapnb.faults._compare import look
from kapnb.handler import Handler
from kapnb.model import BATCH, STREAM, Batch, EdgeType, Point
from kapnb.protocol import encode_point
from kapnb.simulation import Simulation, check_options
from kapnb.simulation._environment import environment
from kapnb.simulation._items import Rows
from kapnb.simulation._node import UdfNode
from kapnb.simulation._passage import native
from kapnb.timemachine._changes import ABSENT, changes
from kapnb.timemachine._replay import Replay
from kapnb.timemachine._witness import Held, held_by

if TYPE_CHECKING:
    from kapnb.simulation._passage import Passage

__all__ = ["Rerun", "rerun"]

#: How the session begins to say that it starts without the state it was given.
_FRESH = "the stored snapshot was not used, starting fresh: "


class Rerun(Simulation):
    """A Simulation of the rest of another run, and of the data that an error kept it from.

    Attributes
    ----------
    since : int
        Its input 0 was input `since` of the other run.
    """

    def __init__(
        self,
        handler: type[Handler],
        run: Passage,
        since: int,
        options: Mapping[str, Any],
        snapshot: bytes,
    ) -> None:
        self.since = since
        self._before = run
        super().__init__(
            handler,
            _Rest(run, since),
            options=options,
            env=run.env,
            snapshot=snapshot,
            progress=Progress,
        )
        if isinstance(run, Simulation):
            self.group_by, self._by_measurement = run.group_by, run._by_measurement

    def _arranged(self) -> Iterator[Point | Batch]:
        """Yield the inputs as they were: grouped already."""
        rest = self.source
        return iter(rest) if rest.edge is self.info.wants else super()._arranged()

    def _encoded(self) -> tuple[Iterator[bytes], Callable[[list[bytes]], None]]:
        of_run = self._before.inputs
        if not isinstance(of_run, Rows):
            return super()._encoded()
        rows = self.inputs = of_run.like()
        known = of_run.encoded(self.since, len(of_run))
        further = (encode_point(item) for item in _further(self._before))  # type: ignore[arg-type]
        return chain(known, further), rows.extend


class _Rest:
    """The inputs of a run from one on, and those that it would have got next, as a Source."""

    def __init__(self, run: Passage, since: int) -> None:
        self._run, self._since = run, since

    @property
    def edge(self) -> EdgeType:
        return BATCH if isinstance(self._run.inputs[self._since], Batch) else STREAM

    def __iter__(self) -> Iterator[Point | Batch]:
        known = islice(iter(self._run.inputs), self._since, None)
        return chain(known, _further(self._run))


def _further(run: Passage) -> Iterator[Point | Batch]:
    """Yield what a run that failed would have got next, read from its data once more.

    Whoever interrupted one wanted no more of it. A UDF within a task got what the nodes before it
    sent, and ended with the task.
    """
    if run._failed_at is None or not isinstance(run, Simulation):
        return
    again = run._arranged()
    last = next(islice(again, len(run.inputs) - 1, None), None)
    if last is not None and look(last) == look(run.inputs[-1]):
        yield from again
        return
    warnings.warn(
        "the data were changed since the run, so what comes after the input that it failed at "
        "is left out; simulate runs all of them anew",
        RuntimeWarning,
        stacklevel=2,
    )


def rerun(
    replay: Replay,
    since: int,
    handler: Any = None,
    options: Mapping[str, Any] | None = None,
) -> Rerun:
    """Run the inputs from `since` on; `TimeMachine.rerun` says how.

    Raises
    ------
    SnapshotError
        If the state of then is not known, not kept by a snapshot, or does not fit.
    """
    run = replay.passage
    new = run.handler if handler is None else native(handler)
    given = dict(run.options if options is None else options)
    with replay.there():
        snapshot = _state_of_then(replay, since)
        then = _Definition(replay.handler)
        replay.stop()  # asking for a snapshot may have done something to it
    _check_fit(new, run, given, snapshot, then, since)
    return Rerun(new, run, since, given, snapshot).run()  # type: ignore[return-value]


def _state_of_then(replay: Replay, since: int) -> bytes:
    """Return the snapshot before input `since`; refuse what a snapshot would lose."""
    head = f"the state before input {since} "
    if not replay.reach(since):
        raise SnapshotError(f"{head}is not known: {replay.failure or 'the run ended before'}")
    if replay.differs_at is not None:
        raise SnapshotError(
            f"{head}is not known: led there once more, the Handler answered input "
            f"{replay.differs_at} otherwise ({replay.why})"
        )
    around = held_by(replay, "")
    node = replay.node
    snapshot = node.take_snapshot()
    if node.error is not None:
        raise SnapshotError(f"{head}cannot be taken: {node.error}") from node.error
    if not snapshot:
        why = "; ".join(node.warnings) or "snapshot() gives no bytes"
        raise SnapshotError(f"{head}cannot be taken, there is no snapshot: {why}")
    if type(replay.handler).snapshot is Handler.snapshot:
        lost = _changed_since_start(replay, around)
        if lost:
            raise SnapshotError(
                f"{head}is not all in a snapshot: {', '.join(lost)} changed since the start; "
                "return it from group_state(), or keep it in snapshot() and restore()"
            )
    return snapshot


def _changed_since_start(replay: Replay, now: Held) -> list[str]:
    """Name what the Handler holds otherwise than after its start, beside its groups' states."""
    replay.restart()
    then = held_by(replay, "")
    own = [
        f"self.{name}" for name in now.own if changes("", then.own.get(name, ABSENT), now.own[name])
    ]
    outside = [
        name
        for name, value in now.outside.items()
        if changes("", then.outside.get(name, ABSENT), value)
    ]
    return own + outside


def _check_fit(
    new: type[Handler],
    run: Passage,
    options: Mapping[str, Any],
    snapshot: bytes,
    then: _Definition,
    since: int,
) -> None:
    """Refuse a state that the new definition would not take.

    Raises
    ------
    SnapshotError
        With what is another.
    OptionError, HandlerError
        If the new definition cannot be started at all.
    """
    of_run = run._node
    node = UdfNode(new, task_id=of_run.task_id, node_id=of_run.node_id)
    with environment(run.env):
        try:
            received = check_options(dict(options), node.ask_info())
            node.start(received, snapshot)
            now = _Definition(node.instance)
        finally:
            node.stop()
    head = f"the state before input {since} does not fit {new.__name__} as it is now: "
    fresh = [text for text in node.warnings if text.startswith(_FRESH)]
    if node.error is None and not fresh:
        misfit = _misfit(then, now)
        if misfit:
            raise SnapshotError(f"{head}{misfit}")
        return
    if node.error is not None and not isinstance(node.error, SnapshotError):
        raise node.error
    reason = fresh[0].removeprefix(_FRESH) if fresh else str(node.error)
    raise SnapshotError(f"{head}{_difference(then.header, now.header) or reason}") from node.error


class _Definition:
    """What of a started Handler says whether a state fits it."""

    def __init__(self, handler: Handler) -> None:
        self.header = _header(handler)
        self.states = list(handler.group_states.values())
        self.policy = handler.restore_policy
        own = type(handler)
        self.by_framework = own.snapshot is Handler.snapshot and own.restore is Handler.restore
        try:
            self.fresh: Any = handler.group_state()
        except Exception:  # the run says it, once a new group comes
            self.fresh = ABSENT


def _misfit(then: _Definition, now: _Definition) -> str:
    """Say what of the states is not as `group_state` makes one now, but made one then.

    A state that was restored goes on as it is: the new code would meet a deque where it made a
    dict, a window of the old length, or no entry of a new name.
    """
    if now.policy == "tolerant" or not (then.by_framework and now.by_framework):
        return ""
    old, new = then.fresh, now.fresh
    if old is ABSENT or new is ABSENT:
        return ""
    for state in now.states:
        if type(new) is not type(old) and type(state) is not type(new):
            return f"a group's state is a {_named(state)}, group_state() makes a {_named(new)}"
        if isinstance(new, deque) and new.maxlen not in (old.maxlen, state.maxlen):
            return f"a group's deque has maxlen={state.maxlen}, group_state() makes {new.maxlen}"
        if _is_array(new) and _is_array(old) and _is_array(state):
            then_made, makes, there = (_make_of(one) for one in (old, new, state))
            if makes not in (then_made, there):
                return f"a group's array is {there}, group_state() makes {makes}"
        if isinstance(new, dict):
            missing = [key for key in new if key not in old and key not in state]
            if missing:
                return f"a group's state has no {missing[0]!r}, which group_state() makes now"
    return ""


def _is_array(value: Any) -> bool:
    return hasattr(value, "dtype") and hasattr(value, "shape")


def _make_of(array: Any) -> str:
    return f"{' x '.join(map(str, array.shape))} x {array.dtype}"


def _named(value: Any) -> str:
    return type(value).__name__


def _header(handler: Handler) -> dict[str, Any]:
    """Return what a snapshot of the framework's must find unchanged, flat."""
    header = handler._header()
    options = header.pop("options")
    return {**header, **{f"option {name}": value for name, value in options.items()}}


def _difference(then: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Say what of the header is another."""
    found = [f"{name} was {then[name]}, is gone" for name in then if name not in now]
    found += [f"{name} is new" for name in now if name not in then]
    found += [
        f"{name} was {then[name]}, is {now[name]}"
        for name in then
        if name in now and then[name] != now[name]
    ]
    return "; ".join(found)
