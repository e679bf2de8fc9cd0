"""A live picture on a canvas of the browser, for high rates: the numbers travel, not an image.

Needs anywidget. A frame costs the run a few milliseconds instead of tens, so there are more of
them. At the end a PNG takes its place, since a saved notebook has no kernel to draw from.
"""

from __future__ import annotations

import importlib.util
import json
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kapnb.errors import MissingExtra
from kapnb.notebook._controls import widget_view
from kapnb.notebook._figure import group_labels, line_data, line_look, shorten
from kapnb.notebook._live import LiveView
from kapnb.notebook._live_marks import Mark
from kapnb.notebook._live_strip import Cell
from kapnb.notebook._panels import arrange_panels
from kapnb.notebook._scene import Line, Scene
from kapnb.simulation import Simulation

__all__ = ["CanvasView", "encode_frame"]

_COLUMNS = 800
#: Inputs, and outputs, read for one frame.
_READ_MAX = 2048
_SCRIPT = Path(__file__).with_name("canvas.js")
#: Of the picture, in pixels: its width, the height of the first panel with all around, of another.
_WIDTH, _HEIGHT, _HEIGHT_MORE = 800, 340, 178
#: Characters of a label for which there is room.
_LABEL_MAX = 18
_DASHES: dict[Any, list[int]] = {"--": [6, 4], ":": [2, 3], "-.": [6, 3, 2, 3]}


class CanvasView(LiveView):
    """Observer that draws a run on a canvas while it lasts.

    Parameters
    ----------
    *args, **settings
        As `LiveView`.

    Raises
    ------
    MissingExtra
        If anywidget is not installed.
    """

    def __init__(self, *args: Any, **settings: Any) -> None:
        if importlib.util.find_spec("anywidget") is None:
            raise MissingExtra("live", "A live view on a canvas", "anywidget")
        super().__init__(*args, **settings)
        self._widget: Any = None

    def started(self, simulation: Simulation) -> None:
        """Show a canvas; its first bundle has the text that all have."""
        super().started(simulation)
        if self._handle is not None:
            self._widget = _new_widget()
            view = {"text/plain": self._text, **widget_view(self._widget)}
            self._send(view, {})

    def finished(self, simulation: Simulation) -> None:
        """Put the last picture where the canvas was."""
        super().finished(simulation)
        widget, self._widget = self._widget, None
        if widget is not None:
            widget.close()

    def _draw_live(self, simulation: Simulation, *, read: bool = True) -> None:
        self._marks.read(_READ_MAX)
        scene = self._scene(simulation)
        marks = self._marks.shown(scene, columns=_COLUMNS)
        strip = self._cells(simulation, read=read) or ()
        self._widget.frame = encode_frame(scene, strip, marks)


def encode_frame(scene: Scene, strip: Sequence[Cell] = (), marks: Sequence[Mark] = ()) -> bytes:
    """Return a scene as the bytes that ``canvas.js`` reads.

    A little-endian uint32 with the length of the JSON that follows, padded so that the float32
    behind it stand at a multiple of four. Times are milliseconds since `start`, heights shares of
    a panel's range: a float32 could not tell large values apart.
    """
    start, end = scene.ends or (0, 0)
    numbers: list[Any] = []
    panels = []
    legend: dict[str, str] = {}
    labels = group_labels(scene.groups, _LABEL_MAX)

    def sent(times: Any, values: Any, low: float, high: float) -> dict[str, int]:
        place = sum(map(len, numbers))
        heights = (values - low) / (high - low)
        numbers.extend([((times - start) / 1e6).astype("<f4"), heights.astype("<f4")])
        return {"at": place, "n": len(times)}

    for number, panel in enumerate(arrange_panels(scene.lines)):
        over = [mark for mark in marks if mark.panel == number]
        ends = (-0.15, 1.15) if panel.logical else _range([*panel.lines, *over])
        lines = []
        for line in panel.lines:
            look = line_look(scene, panel, line)
            times, values, dots = line_data(line, look, _COLUMNS)
            marked = dots.get("markevery") or []
            if "marker" in look:
                marked = list(range(len(times)))
            lines.append(sent(times, values, *ends) | _style(look) | {"marked": marked})
            legend.setdefault(_label(scene, line, labels), look["color"])
        panels.append(
            {
                "label": panel.label,
                "range": ends,
                "logical": panel.logical,
                "lines": lines,
                "marks": [
                    {
                        **sent(mark.times, mark.values, *ends),
                        "rings": mark.kind == "rings",
                        "text": mark.text,
                    }
                    for mark in over
                ],
            }
        )
    head = {
        "title": scene.title,
        "lack": scene.lack,
        "size": [_WIDTH, _HEIGHT + _HEIGHT_MORE * (len(panels) - 1)],
        "start": start / 1e6,
        "span": (end - start) / 1e6,
        "panels": panels,
        "legend": [*legend.items(), *((note, "transparent") for note in scene.notes)],
        "strip": [(cell.title, cell.value, cell.alarm) for cell in strip],
    }
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 4)
    return b"".join([struct.pack("<I", len(text)), text, *(part.tobytes() for part in numbers)])


def _style(look: dict[str, Any]) -> dict[str, Any]:
    style = look.get("linestyle", "-")
    return {
        "color": look["color"],
        "width": look.get("linewidth", 1.2),
        "dash": _DASHES.get(style, []),
        "dots": style in ("none", "None", ""),
    }


def _label(scene: Scene, line: Line, labels: dict[str, str]) -> str:
    if not line.sent:
        return "input"
    return labels[line.group] if len(scene.groups) > 1 else shorten(line.field, _LABEL_MAX)


def _range(drawn: Sequence[Line | Mark]) -> tuple[float, float]:
    values = [one.values for one in drawn if len(one.values)]
    if not values:
        return 0.0, 1.0
    low = min(float(np.min(some)) for some in values)
    high = max(float(np.max(some)) for some in values)
    pad = (high - low) * 0.05 or max(0.5, abs(high) * 1e-6)  # large floats are far apart
    return low - pad, high + pad


def _new_widget() -> Any:
    import anywidget
    import traitlets

    class Canvas(anywidget.AnyWidget):
        _esm = _SCRIPT.read_text(encoding="utf-8")
        frame = traitlets.Bytes(b"").tag(sync=True)

    return Canvas()
