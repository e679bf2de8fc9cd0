"""Checkpoints: what a Handler held here and there in a run, for those who walk it afterwards.

They are taken while the run goes and cost a small share of its time, and bounded memory. No
user code is called for one, and nothing crosses the wire: it is a copy (see `_copies`) of the
groups' states, the Handler's own attributes and what its code keeps outside. How to go on from
one is said here, too; who does so is `kapnb.timemachine`.
"""

from __future__ import annotations

import contextlib
import gc
import time
from bisect import bisect_right, insort
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from kapnb.handler import Handler
from kapnb.simulation._copies import Copier, Enough, TooMuch, is_constant
from kapnb.simulation._hidden import Hidden

__all__ = [
    "Cast",
    "Checkpoint",
    "Checkpoints",
    "kept_attributes",
    "own_attributes",
    "owner_of",
    "parts_of",
]

#: Share of a run's time that its checkpoints may take.
SHARE = 0.02
#: Seconds of a run between two checkpoints, at the least.
EVERY_S = 0.1
#: Seconds not spent on copies that are kept in hand, for one that takes unusually long.
IN_HAND_S = 0.1
#: Containers of so many items may hold models.
_ITEMS_MAX = 100
#: How many there are at most, and how many bytes; every second one goes when it is too much.
COUNT_MAX, BYTES_MAX = 512, 64 * 1024 * 1024
#: What a Handler's object has of the framework.
_OURS = frozenset(vars(Handler)["__annotations__"]) | {"shared"}


class Checkpoint(NamedTuple):
    """What a Handler held.

    Attributes
    ----------
    position : int
        How many inputs it had handled.
    data : bytes
        The copy.
    """

    position: int
    data: bytes


class Cast:
    """What a start makes anew: copies refer to it by the role that it plays.

    That is the Handler itself, an official one's Agent, and what `init` puts on it of libraries,
    such as a model. It is taken for constant: models are large, and what a Handler makes of
    one later is copied like all else.

    Parameters
    ----------
    handler : Handler
        Just started.

    Attributes
    ----------
    players : dict of str to object
        By role.
    roles : dict of int to str
        By `id`.
    constants : tuple of str
        Classes of what is taken for constant.
    """

    def __init__(self, handler: Handler) -> None:
        owner = owner_of(handler)
        self.handler = handler
        self.players: dict[str, Any] = {"handler": handler, "owner": owner}
        constants = set()
        for role, value in _standing(parts_of(owner)):
            if is_constant(value):
                kind = type(value)
                constants.add(f"{kind.__module__.partition('.')[0]}.{kind.__qualname__}")
            elif not _is_agent(value):
                continue
            self.players[role] = value
        self.roles = {id(value): role for role, value in self.players.items()}
        self.constants = tuple(sorted(constants))


def _standing(attributes: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield attributes, and what those that are small containers hold, by where they stand."""
    for name, value in attributes.items():
        yield name, value
        if isinstance(value, (dict, list, tuple)) and len(value) <= _ITEMS_MAX:
            items = value.values() if isinstance(value, dict) else value
            yield from ((f"{name}[{place}]", item) for place, item in enumerate(items))


class Checkpoints:
    """The checkpoints of one run, in order.

    Parameters
    ----------
    handler : subclass of Handler
        What its code keeps outside its objects is noted now, before the run.
    count_max, bytes_max : int
        Bounds.

    Attributes
    ----------
    hidden : Hidden
    copier : Copier
    failure : str
        Why no more were taken, in which case those that are there are used.
    """

    def __init__(
        self,
        handler: type[Handler],
        *,
        count_max: int = COUNT_MAX,
        bytes_max: int = BYTES_MAX,
    ) -> None:
        self.copier, self.failure = Copier(), ""
        try:
            self.hidden = Hidden(handler)
        except Exception as error:  # of user code that copies itself
            self.hidden = Hidden(Handler)  # nothing
            self.failure = f"what {handler.__name__} keeps outside cannot be copied: {error}"
        self._count_max, self._bytes_max = count_max, bytes_max
        self._kept: list[Checkpoint] = []
        #: Inputs between two of them, at the least; raised each time there are too many.
        self._gap = 1

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def size(self) -> int:
        """Bytes of all of them."""
        return sum(len(kept.data) for kept in self._kept)

    @property
    def positions(self) -> list[int]:
        """After how many inputs each was taken."""
        return [kept.position for kept in self._kept]

    def nearest(self, position: int) -> Checkpoint | None:
        """Return the last one at or before `position`."""
        found = bisect_right(self._kept, position, key=lambda kept: kept.position)
        return self._kept[found - 1] if found else None

    # --------------------------------------------------------------------- taking

    def wants(self, position: int) -> bool:
        """Tell whether one after `position` inputs is of use: none is near, nothing bars it."""
        before = self.nearest(position)
        near = before is not None and position - before.position < self._gap
        return not near and not self.failure

    def take(self, position: int, cast: Cast, enough: Enough | None = None) -> bool:
        """Keep what a Handler holds after `position` inputs, unless one is near.

        Returns
        -------
        bool
            False if it was given up, since it was too large, or it was `enough`.
        """
        if not self.wants(position):
            return True
        try:
            made = self.made(position, cast, enough)
        except TooMuch:
            return False
        except Exception as error:  # a state that cannot be copied, or is changed meanwhile
            self.failure = str(error) or type(error).__name__
            return True
        insort(self._kept, made, key=lambda kept: kept.position)
        self._thin_out()
        return True

    def made(self, position: int, cast: Cast, enough: Enough | None = None) -> Checkpoint:
        """Return a checkpoint of what a Handler holds, and do not keep it.

        Raises
        ------
        TooMuch
            If it has more bytes than one may have, or it was `enough`.
        Exception
            If it cannot be made.
        """
        held, most = _held(cast.handler, self.hidden), self._bytes_max // 4
        data = self.copier.dump(held, cast.roles, most=most, enough=enough)
        return Checkpoint(position, data)

    def _thin_out(self) -> None:
        while len(self._kept) > self._count_max or self.size > self._bytes_max:
            del self._kept[1::2]
            self._gap = max(2 * self._gap, self._kept[-1].position // len(self._kept))

    # ------------------------------------------------------------------ going back

    def put_back(self, checkpoint: Checkpoint, cast: Cast) -> None:
        """Let a Handler, which was started as the run's, hold what that held then."""
        handler = cast.handler
        groups, expiry, own, hidden = self.copier.load(checkpoint.data, cast.players)
        handler.group_states.clear()  # the session holds the very dict
        handler.group_states.update(groups)
        known = handler.group_expiry()
        if known is not None and expiry is not None:
            known.now, known.stamps, known._due = expiry
        owner = owner_of(handler)
        for name in own_attributes(handler):
            if name not in own:
                object.__delattr__(owner, name)
        for name, value in own.items():
            object.__setattr__(owner, name, value)
        self.hidden.put(hidden)

    def recorder(
        self,
        cast: Cast,
        *,
        share: float | None = None,
        every_s: float | None = None,
        clock: Callable[[], float] = time.perf_counter,
        work: Callable[[], float] = time.thread_time,
    ) -> Recorder:
        """Return what takes some of a Handler while it runs: by `SHARE`, `EVERY_S`, or others."""
        share, every_s = share or SHARE, EVERY_S if every_s is None else every_s
        return Recorder(self, cast, share, every_s, clock, work)


class Recorder:
    """Takes checkpoints from time to time; made by `Checkpoints.recorder`.

    Parameters
    ----------
    checkpoints : Checkpoints
    cast : Cast
    share : float
        Of the time that goes by, this much may be spent on them.
    every_s : float
        Seconds between two, at the least.
    clock : callable
        Seconds that went by.
    work : callable
        Seconds that this thread has worked.

    Notes
    -----
    How long a copy takes shows when it is made. It may take the share of the time since the last
    one, or twice what that took; beyond that it is given up, and tried again when twice the time
    is past. What all of them took is held against their share of the run, so one that takes
    longer than most makes no gap while there is some in hand. A machine that stands still in the
    midst of one costs the run nothing more than it would elsewhere, so work counts, not time;
    but where work is counted in coarse steps, no more than time.
    """

    def __init__(
        self,
        checkpoints: Checkpoints,
        cast: Cast,
        share: float,
        every_s: float,
        clock: Callable[[], float],
        work: Callable[[], float],
    ) -> None:
        self._checkpoints, self._cast = checkpoints, cast
        self._share, self._every_s, self._clock, self._work = share, every_s, clock, work
        self._since = self._settled = clock()
        self._due = self._since + every_s
        #: Seconds that the last one took, and those by which all are beyond their share.
        self._cost = self._owed = 0.0

    def look(self, position: int) -> None:
        """Take one, after `position` inputs, if it is time. Cheap."""
        began = self._clock()
        if began < self._due:
            return
        if not self._checkpoints.wants(position):
            self._due = began + self._every_s
            return
        past = began - self._since
        taken, cost = self._attempt(position, max(past * self._share, 2 * self._cost))
        ended = self._clock()
        pause = max(self._every_s, self._owing(cost, ended) / self._share)
        if taken:
            self._since, self._cost = ended, cost
        else:
            pause = max(pause, past)
        self._due = ended + pause

    def _attempt(self, position: int, allowed: float) -> tuple[bool, float]:
        """Take one, or give up after so many seconds; return whether it was taken, and its cost."""
        with _uncollected():
            worked, began = self._work(), self._clock()

            def spent() -> float:
                return min(self._work() - worked, self._clock() - began)

            taken = self._checkpoints.take(position, self._cast, lambda: spent() > allowed)
            return taken, spent()

    def _owing(self, cost: float, now: float) -> float:
        """Settle what one cost; return the seconds for which time has yet to go by."""
        earned = (now - self._settled) * self._share
        self._owed, self._settled = max(self._owed - earned, -IN_HAND_S) + cost, now
        return self._owed


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Keep Python from collecting garbage meanwhile.

    A copy makes little, but would often be what sets a collection off; of what a run holds that
    takes a hundred times as long as the copy, which would then count as costly.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


# --------------------------------------------------------------- what there is to copy


def owner_of(handler: Handler) -> Any:
    """Return the object whose attributes are the user's: of an official Handler, that one."""
    return getattr(handler, "_official", handler)


def own_attributes(handler: Handler) -> dict[str, Any]:
    """Return what user code, or its options, have set on the Handler."""
    owner = owner_of(handler)
    ours = _OURS if owner is handler else frozenset[str]()
    return {
        name: value
        for name, value in parts_of(owner).items()
        if name not in ours and not _is_agent(value)
    }


def kept_attributes(handler: Handler) -> dict[str, Any]:
    """Return the own attributes that are state, and no options."""
    declared = handler.handler_shape.options if owner_of(handler) is handler else ()
    return {name: one for name, one in own_attributes(handler).items() if name not in declared}


def _is_agent(value: Any) -> bool:
    return type(value).__module__ in ("kapnb.compat.agent", "kapnb.compat._outbox")


def _held(handler: Handler, hidden: Hidden) -> Any:
    known = handler._expiry
    expiry = None if known is None else (known.now, known.stamps, known._due)
    return handler.group_states, expiry, own_attributes(handler), hidden.held()


def parts_of(value: Any) -> dict[str, Any]:
    """Return an object's attributes, those in slots included."""
    parts = dict(getattr(value, "__dict__", {}))
    for base in type(value).__mro__:
        slots = vars(base).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if hasattr(value, name):
                parts[name] = getattr(value, name)
    return parts
