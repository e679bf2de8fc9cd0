"""The one figure of a live picture, kept from frame to frame as long as its form is the same.

To make a figure and to set its legend takes longer than to draw the lines. So lines are given new
data, what is laid over them is drawn afresh, and what stays the same is drawn once and then
copied. A frame is, pixel for pixel, what a new figure would give; what it shows is decided
elsewhere.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from matplotlib.image import imsave

from kapnb.notebook._figure import (
    DPI,
    any_glyphs,
    draw_figure,
    line_data,
    line_look,
    png_settings,
    set_title,
)
from kapnb.notebook._live_marks import Mark
from kapnb.notebook._live_overlay import draw_marks
from kapnb.notebook._live_strip import Cell, add_titles, add_values, make_room
from kapnb.notebook._panels import Panel, arrange_panels
from kapnb.notebook._scene import Scene
from kapnb.notebook._time_scale import TimeScale

__all__ = ["LiveFigure"]

#: Columns of pixels to which lines are reduced.
_COLUMNS = 400
#: Fast rather than small: a frame is soon replaced.
_COMPRESS = 1


class LiveFigure:
    """A figure that shows one scene after the other.

    Parameters
    ----------
    marks : callable
        Called with a scene and a number of columns of pixels, as `Marks.shown` is; returns what
        is to be laid over the lines.
    aside : callable, optional
        Returns a context manager in which a figure is made anew; see `FrameBudget.aside`.

    Attributes
    ----------
    figure : matplotlib Figure or None
        What was shown last. The next scene may change it, so it is nothing to hand out.
    """

    def __init__(
        self,
        marks: Callable[..., Sequence[Mark]],
        aside: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self.figure: Any = None
        self._marks, self._aside = marks, aside
        self._form: Any = None
        self._lines: list[list[Any]] = []  # of each panel
        self._added: list[Any] = []  # for the last scene alone
        self._paper: Any = None
        self._exponent = False  # over the first y axis

    def draw(self, scene: Scene, strip: Sequence[Cell] | None = None) -> bytes:
        """Return a scene as PNG.

        Parameters
        ----------
        scene : Scene
            What to show.
        strip : sequence of Cell, optional
            What the strip under it shows; None if there is to be no strip.
        """
        image = self._drawn(scene, strip)
        exponent = bool(self.figure.axes[0].yaxis.get_offset_text().get_text())
        if exponent != self._exponent:
            self._exponent, self._form = exponent, None
            image = self._drawn(scene, strip)
        return image

    def _drawn(self, scene: Scene, strip: Sequence[Cell] | None) -> bytes:
        panels = arrange_panels(scene.lines)
        form = _form(scene, panels, strip)
        if form == self._form:
            self._refill(scene, panels)
        else:
            self._form = None  # should drawing fail
            with self._aside():
                self._renew(scene, panels, strip)
            self._form = form
        self._added += draw_marks(self.figure, scene, self._marks(scene, columns=_COLUMNS))
        self._added += add_values(self.figure, strip or ())
        with any_glyphs():
            return self._png()

    def _renew(self, scene: Scene, panels: Sequence[Panel], strip: Sequence[Cell] | None) -> None:
        self.figure = draw_figure(scene, columns=_COLUMNS)
        self._lines = [
            list(ax.lines[: len(panel.lines)])
            for ax, panel in zip(self.figure.axes, panels, strict=True)
        ]
        self._added = []
        if strip is not None:
            make_room(self.figure)
            add_titles(self.figure, strip)
        with any_glyphs():
            self._paper = _draw_paper(self.figure, self._still_title(scene))

    def _still_title(self, scene: Scene) -> list[Any]:
        """Return the title, if it may stay where it is.

        To place one, matplotlib measures all labels: it must give way to an exponent over the axis.
        """
        return [] if self._exponent else [set_title(self.figure.axes[0], scene.title, y=1.0)]

    def _refill(self, scene: Scene, panels: Sequence[Panel]) -> None:
        while self._added:
            self._added.pop().remove()
        scale = TimeScale(scene.ends)
        for ax, artists, panel in zip(self.figure.axes, self._lines, panels, strict=True):
            for artist, line in zip(artists, panel.lines, strict=True):
                times, values, marks = line_data(line, line_look(scene, panel, line), _COLUMNS)
                if marks.get("markevery") != artist.get_markevery():
                    artist.set(**marks)
                artist.set_data(scale(times), values)
            ax.relim()
            scale.limit(ax)
        for ax in self.figure.axes:  # only now: they share their times
            ax.autoscale_view()

    def _png(self) -> bytes:
        canvas = self.figure.canvas
        canvas.restore_region(self._paper)
        self.figure.draw(canvas.get_renderer())
        buffer = io.BytesIO()
        imsave(buffer, canvas.buffer_rgba(), format="png", dpi=DPI, **png_settings(_COMPRESS))
        return buffer.getvalue()


def _form(scene: Scene, panels: Sequence[Panel], strip: Sequence[Cell] | None) -> Any:
    """Return what scenes have in common that one figure can show."""
    return (
        scene.title,
        scene.groups,
        scene.notes,
        scene.lack,
        TimeScale(scene.ends).label,
        [
            (
                panel.logical,
                [
                    (line.field, line.group, line.sent, line_look(scene, panel, line))
                    for line in panel.lines
                ],
            )
            for panel in panels
        ],
        None if strip is None else tuple(cell.title for cell in strip),
    )


def _draw_paper(figure: Any, titles: Sequence[Any]) -> Any:
    """Return an image of what stays the same, which the figure then draws no more."""
    legends = [legend for ax in figure.axes if (legend := ax.get_legend()) is not None]
    still = [figure.patch, *titles, *legends, *figure.texts]
    renderer = figure.canvas.get_renderer()
    for artist in still:
        artist.draw(renderer)
        artist.set_visible(False)
    return figure.canvas.copy_from_bbox(figure.bbox)
