"""Simulation: Kapacitor's side of the protocol, in-process and on real bytes.

It plays what the daemon does around one UDF node: asks info, checks the options in
Kapacitor's words, sends init, restore, data, a snapshot request, and closes. Every message
crosses as an encoded frame, both ways, to and from the very `Agent` that production runs.
"""

from __future__ import annotations

import contextlib
import os
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice, repeat
from typing import TYPE_CHECKING, Any, Protocol, overload

from kapnb.errors import HandlerError, KapnbError
from kapnb.handler import Handler
from kapnb.model import Batch, InfoResponse, Point, ReceivedOption, Source
from kapnb.protocol import Codec, WirePoint, encode_point
from kapnb.simulation._edges import arrange, encoded_rows, parse_group_by
from kapnb.simulation._interrupt import InterruptGate
from kapnb.simulation._items import Output, Outputs, Rows, count_text, frame_of
from kapnb.simulation._last import HINT, remember
from kapnb.simulation._node import UdfNode
from kapnb.simulation._options import check_options
from kapnb.simulation._portions import portions
from kapnb.simulation._progress import Progress
from kapnb.simulation._recorder import record
from kapnb.simulation._transcript import Transcript
from kapnb.sources import Frame, Items, open_source

if TYPE_CHECKING:
    from kapnb.simulation._task import TaskRun

__all__ = ["Observer", "Output", "Simulation", "simulate"]


class Observer(Protocol):
    """Whoever watches a Simulation run; a live plot, say."""

    def started(self, simulation: Simulation) -> None:
        """Get ready: init was answered, data comes next."""
        ...

    def advanced(self, simulation: Simulation) -> None:
        """Look: one more input was handled. Called for each, so keep it cheap."""
        ...

    def finished(self, simulation: Simulation) -> None:
        """Look at the end: the run is over, with or without an error."""
        ...


class Simulation:
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
        snapshot: bytes | None = None,
        codec: Codec | None = None,
        observers: Iterable[Observer] = (),
        progress: Callable[[str, int | None], Progress] | None = None,
    ) -> None:
        self.handler = _native(handler)
        self.group_by = parse_group_by(group_by)
        grouped = [key for key in self.group_by if key != "*"]
        self.source = open_source(data, time=time, tags=tags, name=name, group_by=grouped)
        self.options = dict(options or {})
        self.env = dict(env or {})
        self._inputs: list[Point | Batch] = []
        self._outputs = Outputs()
        self.inputs: Sequence[Point | Batch] = self._inputs
        self.outputs: Sequence[Output] = self._outputs
        self.error: KapnbError | None = None
        self.interrupted = False
        self._by_measurement = by_measurement
        self._restored = snapshot
        self._observers = tuple(observers)
        self._progress = progress
        self._gate = InterruptGate()
        name = self.handler.__name__
        self._node = UdfNode(
            self.handler,
            task_id=f"simulate_{name}",
            node_id=f"{name}2",
            codec=codec,
            gate=self._gate,
        )

    @property
    def info(self) -> InfoResponse:
        """What the Handler declared."""
        return self._node.info

    @property
    def transcript(self) -> Transcript:
        """Every message of the task's session, both ways."""
        return self._node.transcript

    @property
    def snapshot(self) -> bytes:
        """The state at the end; give it to the next simulation as ``snapshot=``."""
        return self._node.snapshot

    @property
    def warnings(self) -> list[str]:
        """What Kapacitor would have logged, or silently borne."""
        return self._node.warnings

    # ---------------------------------------------------------------------- run

    def run(self) -> Simulation:
        """Play the session from info to the end of the stream; returns itself.

        An interrupt ends it, too, and is kept as the error that did.
        """
        remember(weakref.ref(self))
        with _environment(self.env):
            info = self._ask_info()
            options = check_options(self.options, info)
            try:
                with self._gate.installed():
                    self._play(options)
            except KeyboardInterrupt as interrupt:  # it came with the very last entry
                self._note(interrupt)
            finally:
                self._node.stop()
                for observer in self._observers:
                    observer.finished(self)
        if not self.interrupted:
            record(self)
        return self

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
            node.start(options, self._restored)
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
        self.error = KapnbError(f"interrupted after {len(self.inputs)} inputs")
        self.error.__cause__ = interrupt
        remember(lambda: self)

    # --------------------------------------------------------------------- data

    def _feed_all(self) -> None:
        feed = self._feed_points if self._node.takes_points else self._feed_singly
        progress = self._progress and self._progress(self.handler.__name__, _size(self.source))
        try:
            for _ in feed():
                self.error = self._node.error
                with self._gate:
                    for observer in self._observers:
                        observer.advanced(self)
                    if progress is not None:
                        progress.update(len(self.inputs))
                if self.error is not None:
                    break
        finally:
            if progress is not None:
                progress.finish()

    def _feed_singly(self) -> Iterator[None]:
        """Feed one input after the other; yield after each."""
        items = self._arranged()
        while True:
            with self._gate:
                item = next(items, None)
                if item is None:
                    return
                self._inputs.append(item)
                given = self._node.feed(item)
            self._keep(given)
            yield

    def _feed_points(self) -> Iterator[None]:
        """Feed encoded points, many together unless somebody looks after each; yield then."""
        node, points, extend = self._node, *self._encoded()
        singly = node.one_by_one or bool(self._observers)
        for portion in portions(points, self._gate, singly=singly):
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
        waiting: deque[Point] = deque()

        def encoded() -> Iterator[bytes]:
            for point in self._arranged():
                assert isinstance(point, Point)
                raw = encode_point(point)
                waiting.append(point)
                yield raw

        def extend(handled: list[bytes]) -> None:
            self._inputs.extend(islice(waiting, len(handled)))
            waiting.clear()

        return encoded(), extend

    def _arranged(self) -> Iterator[Point | Batch]:
        wants = self.info.wants
        return arrange(self.source, wants, self.group_by, by_measurement=self._by_measurement)

    def _keep(self, items: Sequence[Point | Batch]) -> None:
        """Keep what came of the last input; points as their bytes, which are smaller."""
        kept = ((isinstance(item, WirePoint) and item.raw) or item for item in items)
        self._outputs.extend(kept, repeat(len(self.inputs) - 1, len(items)))

    # ------------------------------------------------------------------ results

    @property
    def frame(self) -> Any:
        """The outputs as a pandas DataFrame, one row a point, in the order sent.

        Column ``input`` is the position of the input that was being handled; of a batch all
        points are there.
        """
        return self._outputs.frame()

    @property
    def input_frame(self) -> Any:
        """The inputs as a pandas DataFrame, one row a point, with the same ``input``."""
        if isinstance(self.inputs, Rows):
            return self.inputs.frame()
        return frame_of((item, position) for position, item in enumerate(self.inputs))

    def pairs(self) -> Iterator[tuple[Point | Batch, list[Point | Batch]]]:
        """Yield each input with the outputs that were sent while it was handled."""
        outputs = iter(self.outputs)
        output = next((output for output in outputs if output.input >= 0), None)
        for position, item in enumerate(self.inputs):
            given = []
            while output is not None and output.input == position:
                given.append(output.item)
                output = next(outputs, None)
            yield item, given

    def raise_error(self) -> None:
        """Raise the error, or the interrupt, that ended the run, if any.

        It carries this Simulation.
        """
        if self.error is None:
            return
        interrupt = self.error.__cause__
        if isinstance(interrupt, KeyboardInterrupt):
            interrupt.args = interrupt.args or (HINT,)
            interrupt.simulation = self  # type: ignore[attr-defined]
            raise interrupt
        self.error.simulation = self
        raise self.error

    def __repr__(self) -> str:
        end = f", ended by {type(self.error).__name__}: {self.error}" if self.error else ""
        end = ", interrupted" if self.interrupted else end
        return (
            f"Simulation({self.handler.__name__}: {count_text(self.inputs)} in, "
            f"{count_text(self.outputs)} out{end})"
        )

    def _repr_html_(self) -> str:
        from kapnb.simulation._faces import simulation_html

        return simulation_html(self)

    def plot(self, **settings: Any) -> Any:
        """Return inputs and outputs over time as a picture.

        Parameters
        ----------
        **settings
            ``fields`` and ``groups`` choose what is drawn; ``ax`` gives Axes to draw into,
            which are then returned. See `kapnb.notebook.Plot` and `plot_run`.
        """
        from kapnb.simulation._faces import plot

        return plot(self, **settings)


@overload
def simulate(
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
    snapshot: bytes | None = None,
    live: bool | str | Sequence[str] = False,
    progress: bool = True,
    errors: str = "raise",
) -> Simulation: ...


@overload
def simulate(
    handler: type[Handler] | Mapping[str, type[Handler]],
    data: Any,
    *,
    tick: str | os.PathLike[str],
    variables: Mapping[str, Any] | None = None,
    database: str | None = None,
    retention_policy: str | None = None,
    time: str | None = None,
    tags: Sequence[str] = (),
    name: str | None = None,
    env: Mapping[str, str] | None = None,
    snapshot: bytes | Mapping[str, bytes] | None = None,
    errors: str = "raise",
) -> TaskRun: ...


def simulate(
    handler: Any,
    data: Any,
    *,
    options: Mapping[str, Any] | None = None,
    group_by: str | Sequence[str] | None = None,
    by_measurement: bool = False,
    tick: str | os.PathLike[str] | None = None,
    variables: Mapping[str, Any] | None = None,
    database: str | None = None,
    retention_policy: str | None = None,
    time: str | None = None,
    tags: Sequence[str] = (),
    name: str | None = None,
    env: Mapping[str, str] | None = None,
    snapshot: Any = None,
    live: bool | str | Sequence[str] = False,
    progress: bool = True,
    errors: str = "raise",
) -> Simulation | TaskRun:
    """Run a Handler on data as Kapacitor would, alone or within a TICKscript.

    Parameters
    ----------
    handler : subclass of Handler, or mapping of str to one
        A fresh one is started, as Kapacitor starts a fresh process. A Handler written for the
        official API will do, too: see `kapnb.compat.adapt`. For a script with several UDFs, a
        mapping of their names to Handlers.
    data : DataFrame, path, iterable of Points or of Batches, or Source
        A path may end in ``.csv``, ``.lp``, ``.srpl`` or ``.brpl``. Points for a Handler that
        wants BATCH are taken as one query's result: one batch a group. With `tick` also a
        mapping of measurement to DataFrame or file, or a list of files.
    options : mapping, optional
        As the TICKscript gives them; checked as Kapacitor checks them, without conversion.
        A tuple gives several arguments, a list repeats the option.
    group_by : str or list of str, optional
        Tags to group by; ``"*"`` for all. In a DataFrame or CSV these columns are tags.
    by_measurement : bool, default: False
        Group by measurement, too.
    tick : str or path, optional
        A TICKscript, as text or as the path of a ``.tick`` file. It is checked in Kapacitor's
        words and run whole, in event time; options and grouping are those of the script, and
        the result is a `TaskRun`. See ``docs/tickscript.md`` for what is simulated.
    variables : mapping, optional
        Values of the script's variables, as those of a vars file.
    database, retention_policy : str, optional
        Of points that have none, for `tick`. By default what the script names in ``dbrp`` or
        ``from()``, else ``telegraf`` and ``autogen``.
    time : str, optional
        Column that holds the time: nanoseconds, or RFC 3339 text, or datetimes. By default
        the DataFrame's index or the column ``time``.
    tags : list of str, optional
        Further columns that are tags.
    name : str, optional
        Measurement of the points of a DataFrame or CSV. With `tick`, by default the one that
        the script selects.
    env : mapping of str to str, optional
        Environment variables set during the run, such as ``MODEL_PATH``.
    snapshot : bytes, optional
        State to restore before the data; with several UDFs a mapping of name to bytes.
    live : bool or str or list of str, default: False
        Draw while it runs: True for all numeric fields, or names of fields. Without a front
        end the plot is one static figure.
    progress : bool, default: True
        Show how far it is once it has run for two seconds, on a terminal or in a notebook,
        unless `live` does.
    errors : {"raise", "keep"}, default: "raise"
        What to do when the run ends early, be it by an interrupt: raise, with the Simulation as
        the error's `simulation`, or keep the error in `Simulation.error`.

    Returns
    -------
    Simulation or TaskRun
        Outputs, transcript, frames, plot; of a script what every sink got.

    Raises
    ------
    OptionError
        If Kapacitor or the Handler refuses the options.
    HandlerError
        If the Handler fails.
    SourceError
        If the data cannot be read.
    TickError
        If Kapacitor would refuse the script, or something in it is not simulated.
    KeyboardInterrupt
        If the run is interrupted; `last_run` has what came until then.

    Examples
    --------
    >>> from kapnb import Handler, Point, simulate
    >>> class Doubled(Handler):
    ...     def point(self, point):
    ...         yield point.with_fields(double=2 * point.fields["x"])
    >>> simulate(Doubled, [Point({"x": 2.5}, time=0, name="m")])
    Simulation(Doubled: 1 point in, 1 point out)
    >>> script = "stream|from().measurement('m')@doubled()|influxDBOut().database('d')"
    >>> run = simulate(Doubled, [Point({"x": 2.5}, time=0, name="m")], tick=script)
    >>> run.written[0].fields
    {'double': 5.0, 'x': 2.5}
    """
    if errors not in ("raise", "keep"):
        raise ValueError(f'errors is "raise" or "keep", not {errors!r}')
    if tick is not None:
        if options is not None or group_by is not None or by_measurement or live:
            raise ValueError("options and grouping are the script's; live does not go with tick")
        from kapnb.simulation._run_task import simulate_task

        run = simulate_task(
            handler,
            data,
            tick,
            variables=variables,
            database=database,
            retention_policy=retention_policy,
            time=time,
            tags=tags,
            name=name,
            env=env,
            snapshot=snapshot,
        )
        if errors == "raise":
            run.raise_error()
        return run
    observers: list[Observer] = []
    if live:
        from kapnb.simulation._faces import live_view

        observers.append(live_view(live))
    simulation = Simulation(
        handler,
        data,
        options=options,
        group_by=group_by,
        by_measurement=by_measurement,
        time=time,
        tags=tags,
        name=name,
        env=env,
        snapshot=snapshot,
        observers=observers,
        progress=Progress if progress and not live else None,
    ).run()
    if errors == "raise":
        simulation.raise_error()
    return simulation


def _native(handler: Any) -> type[Handler]:
    """Return a Handler class; one of the official API is adapted."""
    if isinstance(handler, type) and issubclass(handler, Handler):
        return handler
    if hasattr(handler, "init") and not isinstance(handler, Handler):
        from kapnb.compat import adapt, is_official

        if is_official(handler):
            return adapt(handler)
    raise HandlerError(
        f"simulate takes a Handler class, not {handler!r}: each run starts a fresh one"
    )


@contextlib.contextmanager
def _environment(env: Mapping[str, str]) -> Iterator[None]:
    before = {key: os.environ.get(key) for key in env}
    os.environ.update(env)
    try:
        yield
    finally:
        for key, value in before.items():
            if value is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = value


def _size(source: Source) -> int | None:
    """Return how many inputs come of a source, if that can be told without reading it."""
    if isinstance(source, Frame):
        return len(source.frame)
    return len(source.items) if isinstance(source, Items) else None
