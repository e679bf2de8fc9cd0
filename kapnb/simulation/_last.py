"""The run that was last: where to find what an interrupted one produced."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from kapnb.errors import KapnbError

if TYPE_CHECKING:
    from kapnb.simulation._simulation import Simulation
    from kapnb.simulation._task import TaskRun

__all__ = ["INTERRUPT_HINT", "interruption", "last_run", "raise_error", "remember"]

#: What an interrupt that ended a run says, unless it says something else.
INTERRUPT_HINT = "what came until then: kapnb.last_run()"

#: What the error of a run that failed at an input says beside its own text.
_WALK = "see the input, the state and the variables: kapnb.last_run().travel().next_error()"

#: Returns the last run while somebody has it; if it was interrupted, in any case.
_last_run: Callable[[], Simulation | TaskRun | None] = lambda: None  # noqa: E731


def remember(run: Callable[[], Simulation | TaskRun | None]) -> None:
    """Let `last_run` return what this returns."""
    global _last_run  # noqa: PLW0603  # there is one last run
    _last_run = run


def last_run() -> Simulation | TaskRun | None:
    """Return the Simulation, or TaskRun, that ran last, such as one that was interrupted.

    When a run fails or is interrupted, `simulate` raises and so returns nothing. What was
    produced until then is here until the next run begins; of one that failed, the error's
    `simulation` has it, too. A run that ended well is here as long as it exists elsewhere. Of a
    `sweep` that was interrupted there is a Sweep of the combinations that were complete.

    Returns
    -------
    Simulation, TaskRun or None

    Examples
    --------
    >>> from kapnb import Handler, Point, last_run, simulate
    >>> class Stopped(Handler):
    ...     def point(self, point):
    ...         if point.fields["x"] > 2:
    ...             raise KeyboardInterrupt  # as Ctrl-C, or the stop button, would
    ...         yield point
    >>> try:
    ...     simulate(Stopped, [Point({"x": float(n)}, time=n) for n in range(5)])
    ... except KeyboardInterrupt as interrupt:
    ...     print(interrupt)
    what came until then: kapnb.last_run()
    >>> last_run()
    Simulation(Stopped: 4 points in, 3 points out, interrupted)
    """
    return _last_run()


def interruption(interrupt: KeyboardInterrupt, done: int) -> KapnbError:
    """Return the error that a run keeps when it was interrupted after `done` inputs."""
    error = KapnbError(f"interrupted after {done} input{'' if done == 1 else 's'}")
    error.__cause__ = interrupt
    return error


def raise_error(run: Simulation | TaskRun) -> None:
    """Raise the error, or the interrupt, that ended a run, if any; it carries the run."""
    if run.error is None:
        return
    remember(lambda: run)
    interrupt = run.error.__cause__
    if isinstance(interrupt, KeyboardInterrupt):
        interrupt.args = interrupt.args or (INTERRUPT_HINT,)
        interrupt.simulation = run  # type: ignore[attr-defined]
        raise interrupt
    run.error.simulation = run
    if _failed_at_input(run) and _WALK not in getattr(run.error, "__notes__", ()):
        run.error.add_note(_WALK)
    raise run.error


def _failed_at_input(run: Simulation | TaskRun) -> bool:
    """Tell whether an input is to blame that ``run.travel()`` would find."""
    udfs = getattr(run, "udfs", None)
    if udfs is None:
        return run._failed_at is not None  # type: ignore[union-attr]
    return len(udfs) == 1 and all(view._failed_at is not None for view in udfs.values())
