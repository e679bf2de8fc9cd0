"""Seeing one input handled: the state before and after it, and what may be said about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from kapnb.model import Batch
from kapnb.simulation._checkpoints import kept_attributes
from kapnb.timemachine._changes import ABSENT, Change, changes
from kapnb.timemachine._fault import innermost
from kapnb.timemachine._moment import Moment
from kapnb.timemachine._replay import Given, Replay
from kapnb.timemachine._shown import shown

if TYPE_CHECKING:
    from kapnb.simulation._passage import Passage

__all__ = ["Held", "held_by", "witness"]

#: So many groups that came or went are named.
_GROUPS_MAX = 5


class Held(NamedTuple):
    """What a Handler holds at one moment, as copies.

    Attributes
    ----------
    state : object
        The group's state; `ABSENT` if it has none.
    groups : frozenset of str
        The groups that have one.
    own : dict of str to object
        The Handler's own attributes, without its options.
    outside : dict of str to object
        What its code keeps outside its objects, by name.
    """

    state: Any
    groups: frozenset[str]
    own: dict[str, Any]
    outside: dict[str, Any]


def held_by(replay: Replay, group: str) -> Held:
    """Copy what a Handler holds now; parts that cannot be copied become text."""
    handler, hidden = replay.handler, replay.checkpoints.hidden
    states, names = handler.group_states, hidden.names
    outside = {names[number]: one for number, one in hidden.held().items()}
    state = states.get(group, ABSENT)
    return Held(
        state if state is ABSENT else _copied(replay, state),
        frozenset(states),
        {name: _copied(replay, value) for name, value in kept_attributes(handler).items()},
        {name: _copied(replay, value) for name, value in outside.items()},
    )


def _copied(replay: Replay, value: Any) -> Any:
    copier, cast = replay.checkpoints.copier, replay.cast
    try:
        return copier.load(copier.dump(value, cast.roles, lenient=True), cast.players)
    except Exception:  # of user code's own pickling; what it shows is the best there is
        return shown(value)


def witness(replay: Replay, position: int) -> Moment:
    """Lead a Handler to an input, and see what it does with it."""
    run = replay.passage
    item = run.inputs[position]
    with replay.there():
        there = replay.reach(position)
        before = held_by(replay, item.group) if there else None
        given = replay.feed() if there else Given()
        after = held_by(replay, item.group) if there else None
    error = run.error if run._failed_at == position else given.error
    line, variables = innermost(given.error)
    seen = {} if before is None or after is None else _states(before, after)
    return Moment(
        position=position,
        count=len(run.inputs),
        input=item,
        time=item.tmax if isinstance(item, Batch) else item.time,
        group=item.group,
        **seen,
        outputs=[output.item for output in run._outputs.of_input(position)],
        logs=given.logs,
        locals=variables,
        error=error,
        line=line,
        interrupted=_was_interrupted(run, position),
        doubts=tuple(_doubts(replay, position, given, there)),
        constants=replay.cast.constants if there else (),
    )


def _states(before: Held, after: Held) -> dict[str, Any]:
    return {
        "before": None if before.state is ABSENT else before.state,
        "after": None if after.state is ABSENT else after.state,
        "own_before": before.own,
        "own_after": after.own,
        "changes": list(_changes(before, after)),
    }


def _changes(before: Held, after: Held) -> Iterator[Change]:
    yield from changes("state", before.state, after.state)
    yield from _by_name("self.", before.own, after.own)
    yield from _by_name("", before.outside, after.outside)
    for group in sorted(before.groups - after.groups)[:_GROUPS_MAX]:
        yield Change(f"groups[{group!r}]", "there", ABSENT)


def _by_name(prefix: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for name in [*before, *(name for name in after if name not in before)]:
        yield from changes(f"{prefix}{name}", before.get(name, ABSENT), after.get(name, ABSENT))


def _was_interrupted(run: Passage, position: int) -> bool:
    return getattr(run, "interrupted", False) and position == len(run.inputs) - 1


def _doubts(replay: Replay, position: int, given: Given, there: bool) -> Iterator[str]:
    """Say why what was seen may not be what happened in the run."""
    run, began = replay.passage, replay.began_at
    again = f"led here once more, from input {began}," if began else "led here once more,"
    if not there:
        failed = f"at input {replay.position - 1}" if replay.position else "before the first input"
        yield (
            f"{again} the Handler ended {failed}, which it did not in the run: "
            f"{replay.failure or 'without an error'}. The state here is unknown"
        )
        return
    if replay.differs_at is not None:
        yield (
            f"{again} the Handler answered input {replay.differs_at} otherwise ({replay.why}): "
            "it draws random numbers, looks at a clock, or its code was changed since. "
            "The states shown are those of this second run"
        )
    elif run._failed_at == position and given.error is None:
        yield f"{again} the Handler did not fail at this input, as it did in the run"
    elif run._failed_at == position and str(given.error) != str(run.error):
        yield f"{again} the Handler failed otherwise: {given.error}"
    elif run._failed_at != position and replay.failure:
        yield f"{again} the Handler failed at this input, which it did not in the run"
