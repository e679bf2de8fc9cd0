"""Simulation: Kapacitor's side of the protocol, in-process and on real bytes.

It plays what the daemon does around one UDF node: asks info, checks the options in
Kapacitor's words, sends init, restore, data, a snapshot request, and closes. Every message
crosses as an encoded frame, both ways, to and from the very `Agent` that production runs.
"""

from __future__ import annotations

import copy
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol

from kapnb._progress import Progress
from kapnb.errors import KapnbError
from kapnb.handler import Handler
from kapnb.model import Batch, InfoResponse, Point, ReceivedOption
from kapnb.protocol import Codec, encode_point
from kapnb.simulation._edges import arrange, encoded_rows, known_size, parse_group_by
from kapnb.simulation._environment import environment
from kapnb.simulation._interrupt import InterruptGate
from kapnb.simulation._items import Rows, count_text
from kapnb.simulation._last import interruption, raise_error, remember
from kapnb.simulation._node import UdfNode
from kapnb.simulation._options import check_options, named
from kapnb.simulation._passage import Passage, native
from kapnb.simulation._portions import Pace, portions
from kapnb.simulation._prepared import Prepared
from kapnb.simulation._recorder import record
from kapnb.simulation._timing import Timing
from kapnb.sources import Frame, Typing, open_source

if TYPE_CHECKING:
    from kapnb.simulation._faces import LiveRun

__all__ = ["Observer", "Simulation"]

#: Groups whose states are packed only to learn their size.
_PACKED_MAX = 10_000


class Observer(Protocol):
    """Whoever watches a Simulation run; a live plot, say.

    One that has an attribute `every_input` which is False is called once for a portion of
    inputs that were handled together. Points then go many at a time, which is several times
    faster.
    """

    def started(self, simulation: Simulation) -> None:
        """Get ready: init was answered, data comes next."""
        ...

    def advanced(self, simulation: Simulation) -> None:
        """Look: one more input was handled, or a portion. Called often, so keep it cheap."""
        ...

    def finished(self, simulation: Simulation) -> None:
        """Look at the end: the run is over, with or without an error."""
        ...


class Simulation(Passage):
    """Kapacitor around one Handler, and what came of it.

    Made by `simulate`, which documents the parameters.

    Attributes
    ----------
    inputs : sequence of Point or Batch
        What the Handler was given, in order.
    outputs : sequence of Output
        What it sent, each with the input it belongs to.
    error : KapnbError or None
        What ended the run early.
    interrupted : bool
        Whether that was an interrupt: Ctrl-C, or a notebook's stop button.

    Notes
    -----
    The points of `outputs`, and of `inputs` if the data is a DataFrame, are bytes until one is
    looked at: each look makes a new object.
    """

    def __init__(
        self,
        handler: type[Handler],
        data: Any,
        *,
        options: Mapping[str, Any] | None = None,
        group_by: str | Sequence[str] | None = None,
        by_measurement: bool = False,
        time: str | None = None,
        tags: Sequence[str] = (),
        name: str | None = None,
        env: Mapping[str, str] | None = None,
        typing: Typing = "written",
        snapshot: bytes | None = None,
        codec: Codec | None = None,
        observers: Iterable[Observer] = (),
        progress: Callable[[str, int | None], Progress] | None = None,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self._gate = InterruptGate()
        own = native(handler)
        called = own.__name__
        task, node = f"simulate_{called}", f"{called}2"
        self._new_node = partial(UdfNode, own, task_id=task, node_id=node, codec=codec)
        super().__init__(self._new_node(gate=self._gate))
        self.group_by = parse_group_by(group_by)
        grouped = [key for key in self.group_by if key != "*"]
        self.source = open_source(
            data, time=time, tags=tags, name=name, group_by=grouped, typing=typing
        )
        self.options = named(options)
        self.env = dict(env or {})
        self.interrupted = False
        self._by_measurement = by_measurement
        self._restored = snapshot
        self._observers = tuple(observers)
        self._progress = progress
        self._clock, self._seconds = clock, 0.0
        self._pace: Pace = portions
        self._begun = False

    # ---------------------------------------------------------------------- run

    def run(self, *, pace: Pace = portions) -> Simulation:
        """Play the session from info to the end of the stream; returns itself.

        An interrupt ends it, too, and is kept as the error that did.

        Parameters
        ----------
        pace : callable, optional
            Yields the inputs in lists, each when it may go; called as ``pace(items, gate,
            singly=…)``. By default as fast as they are handled.
        """
        remember(weakref.ref(self))
        self._pace, self._begun = pace, True
        self._growing = True
        try:
            self._run()
        finally:
            self._growing = False
        if not self.interrupted:
            record(self)
        return self

    def _run(self) -> None:
        began = self._clock()
        with environment(self.env):
            info = self._ask_info()
            options = check_options(self.options, info)
            try:
                with self._gate.installed():
                    self._play(options)
            except KeyboardInterrupt as interrupt:  # it came with the very last entry
                self._note(interrupt)
            finally:
                self._node.stop()
                self._seconds = self._clock() - began
                for observer in self._observers:
                    observer.finished(self)

    def watch(self, observer: Observer) -> None:
        """Let one more observer watch the run, which has not begun.

        Raises
        ------
        RuntimeError
            If it has.
        """
        if self._begun:
            raise RuntimeError("this simulation has begun; an observer must be there before")
        self._observers = (*self._observers, observer)

    def again(self) -> Simulation:
        """Return a Simulation of the same Handler and data that has not begun, unwatched.

        Examples
        --------
        >>> from kapnb import Handler, Point, simulate
        >>> run = simulate(Handler, [Point({"x": 1.5}, time=0, name="m")])
        >>> run.again()
        Simulation(Handler: 0 points in, 0 points out)
        >>> run.again().run()
        Simulation(Handler: 1 point in, 1 point out)
        """
        fresh = copy.copy(self)
        fresh._gate = InterruptGate()
        Passage.__init__(fresh, self._new_node(gate=fresh._gate))
        fresh.interrupted = fresh._begun = fresh._growing = False
        fresh._observers, fresh._progress, fresh._pace = (), None, portions
        fresh._seconds = 0.0
        return fresh

    def live(self, plot: bool | str | Sequence[str] = True, **settings: Any) -> LiveRun:
        """Run it in the background, drawn while it runs; returns at once what steers it.

        A Simulation that has begun already is left alone: the run is one of `again`.

        Parameters
        ----------
        plot : bool or str or list of str, default: True
            What to draw: True for all numeric fields, names of fields, or False for nothing.
        **settings
            ``groups``, ``thresholds``, ``anomalies``, ``speed``, ``paused``, ``wait`` …: see
            `kapnb.notebook.LiveRun`.

        Returns
        -------
        LiveRun
            Pauses, steps, goes back, changes its speed, stops; `LiveRun.simulation` is what
            has come so far.

        Examples
        --------
        >>> from kapnb import Handler, Point, Simulation
        >>> class Doubled(Handler):
        ...     def point(self, point):
        ...         yield point.with_fields(double=2 * point.fields["x"])
        >>> points = [Point({"x": float(n)}, time=n * 10**9) for n in range(9)]
        >>> run = Simulation(Doubled, points).live(speed="max")
        >>> run.wait()
        Simulation(Doubled: 9 points in, 9 points out)
        """
        from kapnb.simulation._faces import live_run

        run = live_run(self.again() if self._begun else self, plot, **settings)
        if run.simulation.interrupted:  # in place, where nobody can press a button
            run.simulation.raise_error()
        return run

    def _ask_info(self) -> InfoResponse:
        try:
            return self._node.ask_info()
        except KapnbError as error:
            self.error = error
            error.simulation = self
            raise

    def _play(self, options: tuple[ReceivedOption, ...]) -> None:
        try:
            self._talk(options)
        except KeyboardInterrupt as interrupt:
            self._note(interrupt)

    def _talk(self, options: tuple[ReceivedOption, ...]) -> None:
        """Start, feed everything, take the snapshot, close."""
        node = self._node
        with self._gate:
            self._start_checkpoints(lambda: node.start(options, self._restored))
            for observer in self._observers:
                observer.started(self)
        if not node.error:
            self._feed_all()
        with self._gate:
            if not node.error:
                node.take_snapshot()
            last = node.close()
        self._keep(last)
        self.error = node.error

    def _note(self, interrupt: KeyboardInterrupt) -> None:
        """Keep what has come until the interrupt; a second one adds nothing."""
        if self.interrupted:
            return
        self._keep(self._node.rescue())
        self.interrupted = True
        self.error = interruption(interrupt, len(self.inputs))
        remember(lambda: self)

    # --------------------------------------------------------------------- data

    def _feed_all(self) -> None:
        assert self._recorder is not None
        look = self._recorder.look
        feed = self._feed_points if self._node.takes_points else self._feed_singly
        progress = self._progress and self._progress(self.handler.__name__, known_size(self.source))
        try:
            for _ in feed():
                self.error = self._node.error
                look(len(self.inputs))
                with self._gate:
                    for observer in self._observers:
                        observer.advanced(self)
                    if progress is not None:
                        progress.update(len(self.inputs))
                if self.error is not None:
                    self._failed_at = len(self.inputs) - 1
                    break
        finally:
            if progress is not None:
                progress.finish()

    def _feed_singly(self) -> Iterator[None]:
        """Feed one input after the other; yield after each."""
        for portion in self._pace(self._arranged(), self._gate, singly=True):
            for item in portion:
                with self._gate:
                    self._inputs.append(item)
                    given = self._node.feed(item)
                self._keep(given)
                yield

    def _feed_points(self) -> Iterator[None]:
        """Feed encoded points, many together unless somebody looks after each; yield then."""
        node, points, extend = self._node, *self._encoded()
        each = any(getattr(one, "every_input", True) for one in self._observers)
        for portion in self._pace(points, self._gate, singly=node.one_by_one or each):
            exchange = node.feed_points(portion)
            first = len(self.inputs)
            extend(exchange.requests)
            self._outputs.extend(exchange.responses, exchange.positions(first))
            if node.interrupt is not None:
                raise node.interrupt
            yield

    def _encoded(self) -> tuple[Iterator[bytes], Callable[[list[bytes]], None]]:
        """Return the encoded input, and what takes note of what was handled of it."""
        if type(self.source) is Frame:
            table = self.source.table()
            rows = self.inputs = Rows((*table.tags, *table.fields))
            points = encoded_rows(table, self.group_by, by_measurement=self._by_measurement)
            return points, rows.extend
        if isinstance(self.source, Prepared):
            rows = self.inputs = Rows(self.source.columns)
            return iter(self.source.points), rows.extend
        waiting: deque[Point] = deque()

        def encoded() -> Iterator[bytes]:
            for point in self._arranged():
                assert isinstance(point, Point)
                raw = encode_point(point)
                waiting.append(point)
                yield raw

        def extend(handled: list[bytes]) -> None:
            self._inputs.extend([waiting.popleft() for _ in handled])

        return encoded(), extend

    def _arranged(self) -> Iterator[Point | Batch]:
        if isinstance(self.source, Prepared):
            return iter(self.source)
        wants = self.info.wants
        return arrange(self.source, wants, self.group_by, by_measurement=self._by_measurement)

    # ------------------------------------------------------------------ results

    @property
    def timing(self) -> Timing:
        """How long the run took; not part of what a Simulation shows of itself."""
        return Timing(self._seconds, len(self.inputs))

    def report(self, **settings: Any) -> Any:
        """Return a report to show or print: counts, and all lints, for which it runs again.

        Parameters
        ----------
        **settings
            ``timing=True`` measures times, too; ``rate`` and ``timeout`` are those of the task.
            See `kapnb.notebook.Report`.
        """
        from kapnb.simulation._faces import report

        return report(self, **settings)

    @property
    def input_frame(self) -> Any:
        """The inputs as a pandas DataFrame, one row a point, with the same ``input``."""
        return self.inputs.frame() if isinstance(self.inputs, Rows) else super().input_frame

    def state_size(self) -> int | None:
        """Return how many bytes a snapshot would have now; only in the thread of the run.

        Returns
        -------
        int or None
            None if the Handler has a `snapshot` of its own, which is called by Kapacitor alone,
            or a state that no snapshot can hold, or more groups than are packed in an instant.
        """
        handler = self._node.instance
        if type(handler).snapshot is not Handler.snapshot:
            return None
        if len(handler.group_states) > _PACKED_MAX:
            return None
        try:
            packed = handler.snapshot()
        except KapnbError:
            return None
        assert isinstance(packed, bytes)
        return len(packed)

    def raise_error(self) -> None:
        """Raise the error, or the interrupt, that ended the run, if any.

        It carries this Simulation.
        """
        raise_error(self)

    def __repr__(self) -> str:
        return f"Simulation({self.handler.__name__}: {self.still()._summary()})"

    def _summary(self) -> str:
        if not self.interrupted:
            return super()._summary()
        return f"{count_text(self.inputs)} in, {count_text(self.outputs)} out, interrupted"
