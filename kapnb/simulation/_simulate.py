"""simulate: the one function that runs a Handler, alone or within a TICKscript."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, overload

from kapnb._progress import Progress
from kapnb.handler import Handler
from kapnb.simulation._simulation import Simulation

if TYPE_CHECKING:
    from kapnb.simulation._task import TaskRun
    from kapnb.sources import Typing

__all__ = ["simulate"]


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
    typing: Typing = "written",
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
    typing: Typing = "written",
    env: Mapping[str, str] | None = None,
    snapshot: bytes | Mapping[str, bytes] | None = None,
    progress: bool = True,
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
    typing: Typing = "written",
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
        Tags to group by; ``"*"`` for all. In a CSV or DataFrame these columns are tags; one of
        floats is refused in the latter.
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
    typing : {"written", "query", "rest", "telegraf"}, default: "written"
        Which types the fields arrive with: as they are in the data, or as an InfluxDB query,
        the Open Edge service's REST interface or Telegraf's JSON would deliver them. See
        ``docs/sources.md``.
    env : mapping of str to str, optional
        Environment variables set during the run, such as ``MODEL_PATH``.
    snapshot : bytes, optional
        State to restore before the data; with several UDFs a mapping of name to bytes.
    live : bool or str or list of str, default: False
        Draw while it runs: True for all numeric fields, or names of fields. Without a front
        end the plot is one static figure. `Simulation.live` does so in the background.
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
            raise ValueError(
                "options and grouping are the script's; live does not go with tick, since a "
                "whole task cannot be paused or drawn as one Handler"
            )
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
            typing=typing,
            env=env,
            snapshot=snapshot,
            progress=progress,
        )
        if errors == "raise":
            run.raise_error()
        return run
    simulation = Simulation(
        handler,
        data,
        options=options,
        group_by=group_by,
        by_measurement=by_measurement,
        time=time,
        tags=tags,
        name=name,
        typing=typing,
        env=env,
        snapshot=snapshot,
        progress=Progress if progress and not live else None,
    )
    if live:
        from kapnb.simulation._faces import live_run

        error = live_run(simulation, live, wait=True).error
        if error is not None and error is not simulation.error:
            raise error
    else:
        simulation.run()
    if errors == "raise":
        simulation.raise_error()
    return simulation
