"""Still pictures of a Simulation: one into an Axes, or a figure of its own."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from kapnb.notebook._arguments import expect_run
from kapnb.notebook._figure import (
    DPI,
    draw_figure,
    draw_panel,
    new_axes,
    panel_legend,
    png,
    shown_size,
    write,
)
from kapnb.notebook._panels import Panel
from kapnb.notebook._scene import gather
from kapnb.simulation import Simulation

__all__ = ["Plot", "bundle", "bundle_of", "plot_run"]


def plot_run(
    simulation: Simulation,
    *,
    fields: str | Sequence[str] | None = None,
    groups: str | Sequence[str] | None = None,
    ax: Any = None,
) -> Any:
    """Plot inputs and outputs of a run over event time, into one Axes.

    Parameters
    ----------
    simulation : Simulation
        The run; of streams or of batches.
    fields : str or list of str, optional
        Fields to draw, looked up in inputs and outputs. By default the numeric fields that
        the Handler adds or changes, over the input field it works on.
    groups : str or list of str, optional
        Ids of the groups to draw, such as ``"host=a"``; by default the first six.
    ax : matplotlib Axes, optional
        Where to draw; by default in a new figure that pyplot does not know.

    Returns
    -------
    Axes
        `ax`, or the new one.

    Raises
    ------
    TypeError
        If `simulation` is something else.
    ValueError
        If a named field or group has no number in this run.

    See Also
    --------
    Plot : a figure that shows itself in a notebook, and gives fields of another scale a
        panel of their own.

    Notes
    -----
    Inputs are thin and grey, outputs have a colour a group. Outputs that are batches, or
    that answer less than half of the inputs, are points without a line. Values that are NaN,
    infinite or beyond 1e300 are left out; ints beyond 2**53 are drawn as the next double.

    A line breaks where it pauses: where two of its values are more than ten times as far apart
    as they usually are (the median of its steps), if that takes more than five columns of pixels,
    of 800. What is left between two breaks within one such column is marked.

    A field that is False or True has these two for a scale where it is not beside others; in a
    `Plot` it has a panel of its own. The legend stands to the right of the axes; a figure
    with ``layout="constrained"`` makes room for it.

    Examples
    --------
    >>> from kapnb import Handler, Point, simulate
    >>> class Doubled(Handler):
    ...     def point(self, point):
    ...         yield point.with_fields(double=2 * point.fields["x"])
    >>> run = simulate(Doubled, [Point({"x": n}, time=n * 10**9) for n in range(9)])
    >>> plot_run(run).get_ylabel()
    'x → double'
    """
    expect_run(simulation, "plot_run")
    scene = gather(simulation, fields, groups)
    panel = Panel(scene.lines)
    if ax is None:
        ax = new_axes(legend=len(panel_legend(scene, panel, ())))
    draw_panel(ax, scene, panel)
    return ax


class Plot:
    """A picture of a run that shows itself, once, where it is a cell's last value.

    Parameters
    ----------
    simulation : Simulation
        The run.
    fields, groups : str or list of str, optional
        As in `plot_run`.

    Attributes
    ----------
    figure : matplotlib Figure
        Unknown to pyplot, so nothing shows it a second time.
    axes : tuple of Axes
        One for each set of fields that can share a scale.

    Examples
    --------
    >>> from kapnb import Handler, Point, simulate
    >>> run = simulate(Handler, [Point({"x": n}, time=n * 10**9) for n in range(9)])
    >>> Plot(run)
    Plot(Handler: x)
    """

    def __init__(
        self,
        simulation: Simulation,
        *,
        fields: bool | str | Sequence[str] | None = None,
        groups: str | Sequence[str] | None = None,
    ) -> None:
        expect_run(simulation, "Plot")
        scene = gather(simulation, fields, groups)
        self._title = scene.title
        self.figure = draw_figure(scene)
        self.axes: tuple[Any, ...] = tuple(self.figure.axes)

    def save(self, path: str | os.PathLike[str], **settings: Any) -> None:
        """Write the picture to a file; its suffix names the format, as in ``run.svg``.

        Parameters
        ----------
        path : str or path
            The file.
        **settings
            Passed on to `Figure.savefig`.
        """
        write(self.figure, path, **{"dpi": 2 * DPI, **settings})

    def __repr__(self) -> str:
        labels = "; ".join(" ".join(ax.get_ylabel().split()) for ax in self.axes)
        return f"Plot({self._title}: {labels or 'nothing'})"

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        return bundle(self.figure, repr(self))


def bundle(figure: Any, text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a figure as MIME data and metadata; `text` is what a comparison of notebooks sees."""
    return bundle_of(png(figure, dpi=2 * DPI), figure, text)


def bundle_of(image: bytes, figure: Any, text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return an image of a figure as MIME data and metadata.

    The page gives it the same room whatever its resolution is: editors flash when an image
    changes its size.
    """
    return {"text/plain": text, "image/png": image}, {"image/png": shown_size(figure)}
