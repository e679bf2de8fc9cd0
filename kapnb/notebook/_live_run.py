"""LiveRun: a simulation that runs in a thread of its own, and what steers it.

The kernel stays free: other cells run meanwhile. Everything the buttons do, a method does.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from kapnb.notebook._cell_runs import CellRuns
from kapnb.notebook._controls import Buttons, widget_view, widgets_exist
from kapnb.notebook._front_end import is_attended, kernel_display
from kapnb.notebook._live_control import Control, Speed, Waiter
from kapnb.notebook._live_meter import Meter
from kapnb.notebook._live_walk import Walk, how_far
from kapnb.notebook._moment_panel import MomentPanel
from kapnb.simulation import Simulation
from kapnb.simulation._last import INTERRUPT_HINT, remember

if TYPE_CHECKING:
    from kapnb.notebook._live_marks import Anomalies, Thresholds
    from kapnb.timemachine import Moment

__all__ = ["LiveRun"]

#: Seconds that a wait lasts before the next.
_WAIT_S = 0.5
#: Those that go on in this process.
_RUNS = CellRuns()


class LiveRun:
    """A Simulation that runs in the background, drawn while it runs.

    Made, and started, by `Simulation.live`.

    Parameters
    ----------
    simulation : Simulation
        Has not begun.
    plot : bool or str or list of str, default: True
        What to draw: True for all numeric fields, names of fields, or False for nothing.
    groups : str or list of str, optional
        Ids of the groups to draw, such as ``"host=a"``; by default the first six.
    thresholds : number, str, mapping of str to number, or list of these, optional
        Limits to draw as dashed lines: a number; the name of a field that holds the limit; or
        names and numbers, each in the panel of the field of that name, if there is one.
    anomalies : bool or str or callable, optional
        Outputs to mark with a ring: all (True), those in which the field of that name is true,
        or those for whose points the function returns true.
    speed : float or "max", default: "max"
        1 is real time by the event times of the inputs, 60 a minute of them a second.
    paused : bool, default: False
        Whether to wait before the first input.
    wait : bool, optional
        Whether to return only when the run is over, which goes in the caller's thread then,
        without buttons. By default so where nobody can press one: see Notes.
    canvas : bool, default: False
        Draw on a canvas of the browser while it lasts; for high rates. Needs anywidget, and a
        front end that shows widgets.
    fps : float, default: 10
        Most frames a second.
    share : float, default: 0.07
        Share of the run's own time that drawing may take.
    timeout_s : float, default: 10
        Kapacitor's `timeout` for the UDF, in seconds, against which calls are measured.
    clock : callable, default: time.monotonic
        Seconds.
    waiter : callable, optional
        See `Control`.
    display : callable, optional
        Called as ``IPython.display.display`` is; by default that one, in a kernel.
    attended : bool, optional
        Whether somebody can steer the run; by default found out.

    Attributes
    ----------
    simulation : Simulation
        What has come so far; it may be read while it runs, and is complete after `wait`.

    Notes
    -----
    A notebook that is executed by a program (nbconvert, papermill, nbval) forbids its cells to
    ask for input. Then nobody can press a button either: the run is made in place, as fast as
    possible and without a pause whatever `speed` and `paused` say, and leaves one still
    figure. The environment variable ``KAPNB_LIVE`` (``background`` or ``wait``) decides where
    that cannot be seen. `wait` alone changes no speed.

    Buttons need the kernel's main thread, or its event loop: they work between cells, and
    while a cell awaits the run, not while one computes.

    `Simulation.env` is set for the whole process while the run lasts.

    Examples
    --------
    >>> from kapnb import Handler, Point, Simulation
    >>> points = [Point({"x": float(n)}, time=n * 10**9) for n in range(5)]
    >>> class Mirror(Handler):
    ...     def point(self, point):
    ...         return point
    >>> run = Simulation(Mirror, points).live(paused=True)
    >>> run.state, len(run.simulation.outputs)
    ('paused', 0)
    >>> _ = run.step(2)
    >>> run.simulation
    Simulation(Mirror: 2 points in, 2 points out)
    >>> run.resume()
    >>> run.wait()
    Simulation(Mirror: 5 points in, 5 points out)
    >>> run.state
    'finished'
    """

    def __init__(
        self,
        simulation: Simulation,
        plot: bool | str | Sequence[str] = True,
        *,
        groups: str | Sequence[str] | None = None,
        thresholds: Thresholds = None,
        anomalies: Anomalies = None,
        speed: Speed = "max",
        paused: bool = False,
        wait: bool | None = None,
        canvas: bool = False,
        fps: float = 10,
        share: float = 0.07,
        timeout_s: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
        waiter: Waiter = threading.Condition.wait,
        display: Callable[..., Any] | None = None,
        attended: bool | None = None,
    ) -> None:
        self.simulation = simulation
        self._attended = is_attended() if attended is None else attended
        self._control = Control(speed=speed, paused=paused, clock=clock, wait=waiter)
        if not self._attended:
            self._control.speed = "max"
            self._control.resume()
        if wait and self._control.paused:
            raise ValueError("paused=True does not go with wait=True: nobody could resume it")
        self._in_place = not self._attended if wait is None else wait
        self._has_panels = not wait  # also where nobody looks: a notebook must stay the same
        self._display = display or kernel_display()
        self._panel = MomentPanel(self._display)
        self._buttons: Buttons | None = None
        self._view: Any = None
        self._begun = threading.Event()
        self._done: Future[None] = Future()
        self._end = ""
        self._failure: Exception | None = None
        self._lock = threading.RLock()  # of who walks
        self._walk = Walk(simulation)
        self._meter = Meter(self._control, timeout_s)
        simulation.watch(self._meter)
        if plot is not False and self._display is not None:
            looks = {"groups": groups, "thresholds": thresholds, "anomalies": anomalies}
            self._view = self._new_view(plot, canvas, fps=fps, share=share, **looks)
        simulation.watch(self)
        self._control.on_rest = self._rested
        self._control.on_idle = self._idled

    every_input = False

    def _new_view(self, plot: Any, canvas: bool, **settings: Any) -> Any:
        from kapnb.notebook import CanvasView, LiveView

        control = self._control
        view = (CanvasView if canvas and self._attended else LiveView)(
            plot,
            clock=control.clock,
            display=self._display,
            # A picture that nobody watches must be the same each time.
            meter=self._meter if self._attended else None,
            idle=lambda: control.idle_s,
            **settings,
        )
        self.simulation.watch(view)
        return view

    # ------------------------------------------------------------------------- the run

    def start(self) -> LiveRun:
        """Begin; returns itself, once data comes next or the run is over.

        Raises
        ------
        KapnbError
            If it does not come to data: the options are refused, say.
        """
        _RUNS.enter(self)
        if self._in_place:
            self._run()
        else:
            # In a copy of this context, what the thread prints belongs to this cell.
            context = contextvars.copy_context()
            thread = threading.Thread(
                target=context.run, args=(self._run,), name="kapnb live run", daemon=True
            )
            thread.start()
            self._begun.wait()
            if self._control.paused:
                self._control.pause()  # until it stands there
        if self._failure is not None and not self._opened:
            raise self._failure
        return self

    def _run(self) -> None:
        try:
            self.simulation.run(pace=self._control.portions)
        except Exception as error:
            self._failure = error
        finally:
            self._finish()

    def _finish(self) -> None:
        simulation = self.simulation
        if self._failure is not None or (simulation.error and not simulation.interrupted):
            self._end = "failed"
        else:
            stopped = simulation.interrupted or self._control.stopped
            self._end = "stopped" if stopped else "finished"
        if self._end == "stopped":
            remember(lambda: simulation)
        self._control.end()
        _RUNS.leave(self)
        self._panel.clear()
        self._hide_buttons()
        self._done.set_result(None)
        self._begun.set()

    # ------------------------------------------------------------------ as an observer

    _opened = False

    def started(self, simulation: Simulation) -> None:
        """Show buttons; called by the run."""
        self._opened = True
        if self._display is not None and self._has_panels:
            self._handle = self._display({}, raw=True, display_id=True)
            self._panel.open()
            if not self._in_place and widgets_exist():
                self._buttons = Buttons(self)
                self._handle.update(widget_view(self._buttons.box), raw=True)
        self._begun.set()

    def advanced(self, simulation: Simulation) -> None:
        """Do nothing; called by the run."""

    def finished(self, simulation: Simulation) -> None:
        """Do nothing; called by the run."""

    def _idled(self) -> None:
        if self._view is not None:
            self._view.idle()

    def _rested(self) -> None:
        """Show where the run stands still; called by the run, in its thread."""
        if self._view is not None:
            self._view.look()
        if self._display is not None:
            try:
                self._panel.show(self._walk.moment_at(self._walk.last))
            except Exception as error:  # the run itself can go on
                self.tell(error)
        self._refresh("paused")

    def tell(self, error: Exception) -> None:
        """Show why there is no moment to be shown."""
        self._panel.tell(f"{type(error).__name__}: {error}")

    def _refresh(self, state: str = "") -> None:
        if self._buttons is not None:
            self._buttons.refresh(state or self.state)

    def _hide_buttons(self) -> None:
        buttons, self._buttons = self._buttons, None
        if buttons is not None:
            self._handle.update({}, raw=True)
            buttons.close()

    def show(self) -> None:
        """Show picture, buttons and moment here, and no longer where they were.

        Once a notebook was closed and opened again, its front end no longer knows the displays of
        a run that goes on: this gives it new ones.
        """
        if self._view is not None:
            self._view.show()
        if self._display is None or not self._has_panels or self._end:
            return
        left, buttons = self._handle, self._buttons
        left.update({}, raw=True)
        view = {} if buttons is None else widget_view(buttons.box)
        self._handle = self._display(view, raw=True, display_id=True)
        self._panel.open()
        if self._buttons is None and buttons is not None:  # over in that moment
            self._handle.update({}, raw=True)

    # --------------------------------------------------------------------- to steer it

    @property
    def state(self) -> str:
        """One of "running", "paused", "finished", "stopped" and "failed"."""
        return self._end or ("paused" if self._control.resting else "running")

    @property
    def speed(self) -> Speed:
        """Times real time, or "max"; may be set at any time."""
        return self._control.speed

    @speed.setter
    def speed(self, speed: Speed) -> None:
        self._control.speed = speed
        self._refresh()

    def pause(self) -> None:
        """Let nothing go; returns once the input at hand was handled."""
        self._control.pause()

    def resume(self) -> None:
        """Go on at the last input, wherever one has gone back to."""
        with self._lock:
            self._walk.go_along()
            if not self._end:
                self._panel.clear()
                self._control.resume()
                self._refresh()

    def step(self, n: int = 1) -> Moment | None:
        """Go `n` inputs on: through those that were handled, then with new ones.

        Returns
        -------
        Moment or None
            Where that leads to; None before the first input.
        """
        _check_count(n)
        with self._lock:
            self.pause()
            known = min(n, self._walk.last - self._walk.here)
            if known:
                self._go_to(self._walk.here + known)
            if n > known and not self._end:
                self._walk.go_along()
                self._control.step(n - known)
            return self.moment

    def back(self, n: int = 1) -> Moment | None:
        """Go `n` inputs back through those that were handled; none is handled again.

        Returns
        -------
        Moment or None
            Where that leads to; None if no input was handled.
        """
        _check_count(n)
        with self._lock:
            self.pause()
            if self._walk.last >= 0:
                self._go_to(max(0, self._walk.here - n))
            return self.moment

    def stop(self, timeout: float | None = None) -> None:
        """End it as if the data ended here; returns once that has happened.

        Parameters
        ----------
        timeout : float, optional
            In seconds.

        Raises
        ------
        TimeoutError
            If the Handler's call at hand lasts longer; the run ends after it.
        """
        self._control.stop()
        if threading.get_ident() != self._control.thread:
            self._await_end(timeout)

    def wait(self, timeout: float | None = None) -> Simulation:
        """Wait until it is over; return the Simulation.

        An interrupt while waiting stops the run; `kapnb.last_run` has what came.

        Parameters
        ----------
        timeout : float, optional
            In seconds.

        Raises
        ------
        KapnbError
            What ended the run.
        TimeoutError
            If it is not over by then.
        RuntimeError
            If it is paused, so that it would never be over.
        """
        if timeout is None and self.state == "paused":
            raise RuntimeError("the run is paused: resume() or stop() it first, or await it")
        try:
            self._await_end(timeout)
        except KeyboardInterrupt as interrupt:
            self.stop()
            interrupt.args = interrupt.args or (INTERRUPT_HINT,)
            raise
        return self._result()

    def _await_end(self, timeout: float | None) -> None:
        """Wait a little again and again: an interrupt just before a wait is heeded after it."""
        until = None if timeout is None else time.monotonic() + timeout
        while True:
            left = _WAIT_S if until is None else min(_WAIT_S, until - time.monotonic())
            try:
                self._done.result(max(left, 0))
            except TimeoutError:
                if until is not None and time.monotonic() >= until:
                    text = f"not over after {timeout:g} s: {self._how_far()}"
                    raise TimeoutError(text) from None
            else:
                return

    def _how_far(self) -> str:
        """Say where the run is, and what to do about it."""
        remedy = "resume() or stop() it" if self.state == "paused" else "wait() again, or stop() it"
        return f"the run is {self.state}, {how_far(self.simulation)}; {remedy}"

    def __await__(self) -> Generator[Any, None, Simulation]:
        """Wait as `wait` does, while the event loop, and with it the buttons, goes on."""
        return self._awaited().__await__()

    async def _awaited(self) -> Simulation:
        over = asyncio.wrap_future(self._done)
        try:
            # Again and again: ipykernel's interrupt cancels, but wakes no event loop that sleeps.
            while not over.done():
                await asyncio.wait((over,), timeout=_WAIT_S)
        except (asyncio.CancelledError, KeyboardInterrupt) as interrupt:
            self.stop()
            interrupt.args = interrupt.args or (INTERRUPT_HINT,)
            raise
        return self._result()

    @property
    def error(self) -> Exception | None:
        """What ended it early."""
        return self._failure or self.simulation.error

    def _result(self) -> Simulation:
        if self._failure is not None:
            raise self._failure
        self.simulation.raise_error()
        return self.simulation

    # ----------------------------------------------------------------- where one stands

    @property
    def moment(self) -> Moment | None:
        """The `Moment` at which a paused run, or one that is over, stands.

        None while it runs, and before the first input.
        """
        if self.state == "running":
            return None
        return self._walk.moment_at(self._walk.here)

    def _go_to(self, position: int) -> None:
        self._walk.go(position)
        if not self._end:
            self._panel.show(self._walk.moment_at(position))
            self._refresh()

    def __repr__(self) -> str:
        # Nothing that changes: a cell may end with it.
        return f"<live run of {self.simulation.handler.__name__}>"


def _check_count(n: int) -> None:
    if n < 1:
        raise ValueError(f"a number of inputs from 1, not {n!r}")
