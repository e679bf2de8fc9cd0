"""TimeMachine: to any input of a run and back."""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kapnb.errors import MomentError
from kapnb.simulation._items import count_text
from kapnb.timemachine._moment import Moment
from kapnb.timemachine._replay import Replay
from kapnb.timemachine._times import Times, as_time
from kapnb.timemachine._witness import witness

if TYPE_CHECKING:
    from kapnb.handler import Handler
    from kapnb.simulation import Simulation
    from kapnb.simulation._passage import Passage

__all__ = ["TimeMachine"]

#: Moments that are kept, for those who look twice.
_MOMENTS_MAX = 16


class TimeMachine:
    """Walks a run: to an input, a time, the next output, the next error.

    It stands before the first input when it is made. Every way returns the `Moment` it leads to.

    Parameters
    ----------
    run : Simulation or UdfRun
        It may be finished, failed, interrupted or paused.

    Raises
    ------
    MomentError
        If the Handler got no input, or is an object of the official API that all runs share.

    Attributes
    ----------
    run : Simulation or UdfRun
    position : int
        Where it is; -1 before the first input.
    note : str
        What was found out about the run on the way, if it matters to whoever walks.

    Notes
    -----
    Nothing but a few copies of the state, taken while the run went, is kept of it. A moment is
    made by leading a fresh Handler, through the very engine, from the nearest of these to the
    input; what it sends is compared with what the run recorded, and `Moment.doubts` says where
    that differs. What user code logs or prints on the way is in `Moment.logs`, and globals of
    the notebook are left as they are.

    Examples
    --------
    >>> from kapnb import Handler, Point, simulate
    >>> class Ratio(Handler):
    ...     def point(self, point):
    ...         share = 1 / point.fields["x"]
    ...         yield point.with_fields(share=share)
    >>> data = [Point({"x": x}, time=x, name="m") for x in (2, 1, 0)]
    >>> run = simulate(Ratio, data, errors="keep")
    >>> moment = run.travel().next_error()
    >>> moment.position, moment.locals["point"]
    (2, 'Point(m 1970-01-01T00:00:00Z x=0)')
    """

    def __init__(self, run: Passage) -> None:
        self.run = run
        if not run.inputs:
            why = f": {run.error}" if run.error else ""
            raise MomentError(f"the Handler got no input, so there is nowhere to go{why}")
        if getattr(run.handler, "one_object", False):
            raise MomentError(
                f"all runs share the one {run.handler.__name__} that was given, and its state; "
                "give the class, and each run, and each look back, starts a fresh one"
            )
        self.position = -1
        self.note = ""
        self._replay = Replay(run)
        self._times = Times(run)
        self._seen: OrderedDict[int, Moment] = OrderedDict()
        self._tried_from_start = False
        self._closing = weakref.finalize(self, Replay.stop, self._replay)
        failure = self._replay.checkpoints.failure
        if failure:
            self.note = f"{failure}, so a jump may replay the run from its beginning"

    def __len__(self) -> int:
        return len(self.run.inputs)

    # ------------------------------------------------------------------------- ways

    def go(self, where: Any) -> Moment:
        """Go to an input.

        Parameters
        ----------
        where : int, str, Timestamp, datetime or datetime64
            Position of the input, counted from the end if negative; or a time, for the first
            input at or after it: RFC 3339 text, a pandas Timestamp, a datetime or a NumPy
            datetime64 (without a zone: UTC, as in a frame that is read), or nanoseconds since
            the Unix epoch (an int of at least 10¹²).

        Raises
        ------
        MomentError
            If the run has no such input.
        """
        return self._at(self._place(where))

    def step(self, n: int = 1) -> Moment:
        """Go `n` inputs on."""
        return self._by(n)

    def back(self, n: int = 1) -> Moment:
        """Go `n` inputs back."""
        return self._by(-n)

    def first(self) -> Moment:
        """Go to the first input."""
        return self._at(0)

    def last(self) -> Moment:
        """Go to the last input."""
        return self._at(len(self) - 1)

    def next_output(self) -> Moment:
        """Go to the next input for which the Handler sent something.

        Raises
        ------
        MomentError
            If there is none.
        """
        found = self.run._outputs.next_input(self.position)
        if found is None:
            which = self._ahead("any input of this run", "any input after {}")
            raise MomentError(f"nothing was sent for {which}; the run has {self._range()}")
        return self._at(found)

    def next_error(self) -> Moment:
        """Go to the next input that ended in an error, or was skipped for one.

        Raises
        ------
        MomentError
            If there is none.
        """
        found = self._next_skipped() if self.run.handler.error_policy == "skip" else None
        if found is None:
            found = self._end_in_error()
        if found is not None and found > self.position:
            return self._at(found)
        if self.run.error is not None and self.run._failed_at is None:
            raise MomentError(f"no input was at fault; the run was ended by: {self.run.error}")
        which = self._ahead("no input of this run", "no input after {}")
        raise MomentError(f"{which} ended in an error; the run has {self._range()}")

    @property
    def moment(self) -> Moment:
        """Where it is; the first input if it has not gone anywhere yet."""
        return self._at(max(self.position, 0))

    def _by(self, n: int) -> Moment:
        position = self.position + n
        if not 0 <= position < len(self):
            here = self._ahead("you are before the first input", "input {} is where you are")
            raise MomentError(
                f"there is no input {position}: {here}, and the run has {self._range()}"
            )
        return self._at(position)

    def _place(self, where: Any) -> int:
        """Return the position that `where` means, from 0."""
        time = as_time(where)
        if time is not None:
            return self._times.first_from(time)
        position: int = where.__index__()
        count = len(self)
        if not -count <= position < count:
            raise MomentError(f"there is no input {position}; the run has {self._range()}")
        return position % count

    def _ahead(self, of_all: str, of_rest: str) -> str:
        """Return the one text before the first input, the other, with the position, from there."""
        return of_all if self.position < 0 else of_rest.format(self.position)

    def _range(self) -> str:
        count = len(self)
        return f"inputs 0…{count - 1}, {self._times.span()}" if count > 1 else "input 0 alone"

    def _end_in_error(self) -> int | None:
        if getattr(self.run, "interrupted", False):
            return len(self) - 1
        return self.run._failed_at

    def _next_skipped(self) -> int | None:
        with self._replay.there():
            return self._replay.next_skipped(self.position + 1)

    # ---------------------------------------------------------------------- moments

    def _at(self, position: int) -> Moment:
        moment = self._seen.get(position)
        if moment is None or moment.count != len(self):  # a paused run has gone on
            moment = self._witnessed(position)
            self._seen[position] = moment
            if len(self._seen) > _MOMENTS_MAX:
                self._seen.popitem(last=False)
        self._seen.move_to_end(position)
        self.position = position
        return moment

    def _witnessed(self, position: int) -> Moment:
        moment = witness(self._replay, position)
        if moment.doubts and self._replay.began_at and not self._tried_from_start:
            self._tried_from_start = True
            return self._from_the_start(position) or moment
        return moment

    def _from_the_start(self, position: int) -> Moment | None:
        """Look whether a replay of all there was before leaves no doubt; then stay with that."""
        whole = Replay(self.run, use_checkpoints=False)
        moment = witness(whole, position)
        if moment.doubts:
            whole.stop()
            return None
        self._closing()
        self._replay = whole
        self._closing = weakref.finalize(self, Replay.stop, whole)
        constants = ", ".join(moment.constants) or "what is kept outside the Handler"
        self.note = (
            f"copies of the state do not tell all of it ({constants}), so each jump replays the "
            "run from its beginning"
        )
        return moment

    # ----------------------------------------------------------------------- re-run

    def rerun(
        self,
        handler: type[Handler] | None = None,
        since: Any = None,
        *,
        options: Mapping[str, Any] | None = None,
        errors: str = "raise",
    ) -> Simulation:
        """Run the rest of the inputs anew, from the state of then.

        Of a run that failed at an input, that is also what it would have got next.

        Parameters
        ----------
        handler : subclass of Handler, optional
            The new definition; by default the run's own.
        since : int, str, Timestamp, datetime or datetime64, optional
            The first input to run, named as for `go`; by default where the machine is.
        options : mapping, optional
            By default those of the run.
        errors : {"raise", "keep"}, default: "raise"
            As `simulate` has it.

        Returns
        -------
        Simulation
            Its input 0 is input `since` of this run, and so on; its attribute `since` says so.

        Raises
        ------
        SnapshotError
            If the state of then does not fit the new definition, or is not known: the text says
            which option, attribute, class or kind of state is another.
        MomentError
            If the run has no such input.
        """
        from kapnb.timemachine._rerun import rerun

        position = max(self.position, 0) if since is None else self._place(since)
        if errors not in ("raise", "keep"):
            raise ValueError(f'errors is "raise" or "keep", not {errors!r}')
        result = rerun(self._replay, position, handler, options)
        if errors == "raise":
            result.raise_error()
        return result

    def __repr__(self) -> str:
        where = f"at input {self.position}" if self.position >= 0 else "before the first input"
        amount, note = count_text(self.run.inputs), f"; {self.note}" if self.note else ""
        return f"TimeMachine({self.run.handler.__name__}: {amount}, {where}{note})"
