"""Draw a Scene with matplotlib, without pyplot: no global state, nothing shown twice.

The look is decided here and nowhere else. Margins are fixed, so that live frames do not
jump and no layout engine doubles the cost of a frame.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from kapnb.notebook._numbers import Times, Values, decimate
from kapnb.notebook._panels import Panel, arrange_panels
from kapnb.notebook._scene import Line, Scene
from kapnb.notebook._time_scale import TimeScale

__all__ = [
    "COLOURS",
    "DPI",
    "INK",
    "add_legend",
    "any_glyphs",
    "draw_figure",
    "draw_panel",
    "group_labels",
    "line_data",
    "line_look",
    "new_axes",
    "panel_legend",
    "png",
    "png_settings",
    "set_logical",
    "set_style",
    "set_title",
    "shorten",
    "shown_size",
    "write",
]

#: Pixels per inch of what a page shows; an image may hold more.
DPI = 100

#: Okabe and Ito's colours, less those too pale for thin lines.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_INPUT, INK = "#a8a8a8", "#444444"
_STYLES = ("-", "--", ":", "-.")
_MARKERS = ("o", "s", "D", "^")
#: Lines of so few outputs mark each of them.
_MARKED_MAX = 40
#: Ticks of the time axis.
_TICKS_MAX = 8
#: Columns of pixels to which lines are reduced, in a figure to keep.
_COLUMNS = 800

# In inches.
_WIDTH, _GAP = 8.0, 0.2
_AXES_ALONE, _PANEL_ALONE, _PANEL_OF_MANY = 3.2, 2.2, 1.6
_LEFT, _RIGHT, _TOP, _BOTTOM, _LABEL_LINE = 0.85, 0.2, 0.4, 0.62, 0.17
_LEGEND_HANDLE, _LEGEND_CHARACTER, _LEGEND_ROW = 0.72, 0.073, 0.18
# In characters: of a legend's label, of a line of a y label.
_LABEL_MAX, _LABEL_LINE_MAX = 28, 22


def draw_figure(scene: Scene, *, columns: int = _COLUMNS) -> Any:
    """Return a Figure of a scene, one Axes a panel; fewer columns are drawn faster."""
    panels = arrange_panels(scene.lines)
    count = len(panels)
    legends = [panel_legend(scene, panel, panels[:number]) for number, panel in enumerate(panels)]
    panel_height = max(
        _PANEL_ALONE if count == 1 else _PANEL_OF_MANY, _LEGEND_ROW * max(map(len, legends))
    )
    height = _TOP + count * panel_height + (count - 1) * _GAP + _BOTTOM
    figure = Figure(figsize=(_WIDTH, height), dpi=DPI)
    FigureCanvasAgg(figure)
    label_lines = max(_label(panel).count("\n") for panel in panels)
    axes = figure.subplots(
        count,
        sharex=True,
        squeeze=False,
        gridspec_kw={
            "left": (_LEFT + label_lines * _LABEL_LINE) / _WIDTH,
            "right": 1 - _legend_width(legends) / _WIDTH,
            "top": 1 - _TOP / height,
            "bottom": _BOTTOM / height,
            "hspace": _GAP / panel_height,
        },
    )[:, 0]
    for number, (ax, panel) in enumerate(zip(axes, panels, strict=True)):
        above, last = panels[:number], ax is axes[-1]
        draw_panel(ax, scene, panel, above=above, last=last, columns=columns)
    figure.align_ylabels()
    return figure


def draw_panel(
    ax: Any,
    scene: Scene,
    panel: Panel,
    *,
    above: Sequence[Panel] = (),
    last: bool = True,
    columns: int = _COLUMNS,
    legend: bool = True,
    ticks: int = _TICKS_MAX,
) -> None:
    """Draw one panel: inputs thin and grey, outputs in their group's colour.

    With none above, it carries the title and the notes; its legend leaves out what theirs say.
    The last carries the time, at no more than so many ticks.
    """
    scale = TimeScale(scene.ends)
    for line in panel.lines:
        look = line_look(scene, panel, line)
        times, values, marks = line_data(line, look, columns)
        ax.plot(scale(times), values, **{**look, **marks})
    scale.set_up(ax, labelled=last, ticks=ticks)
    ax.set_ylabel(_label(panel)).set_parse_math(False)
    set_style(ax)
    if panel.logical:
        set_logical(ax)
    if not panel.lines:
        text = scene.lack or "no values"
        ax.text(0.5, 0.5, text, transform=ax.transAxes, ha="center", color=INK)
        ax.set_yticks([])
    if not above:
        set_title(ax, scene.title)
    if legend:
        add_legend(ax, panel_legend(scene, panel, above))


def line_data(
    line: Line, look: dict[str, Any], columns: int
) -> tuple[Times, Values, dict[str, Any]]:
    """Return what is drawn of a line in its look: times, values, and marks for what stands alone.

    Without marks a value between two breaks would not be seen.
    """
    if look["linestyle"] == "none":
        return *decimate(line.times, line.values, columns), {}
    drawn = line.trace(columns)
    if "marker" in look:
        return drawn.times, drawn.values, {}
    marks = {
        "marker": "o" if drawn.alone else "none",
        "markersize": max(3.0, 2.5 * look["linewidth"]),
        "markeredgewidth": 0,
        "markevery": drawn.alone or None,
    }
    return drawn.times, drawn.values, marks


def set_logical(ax: Any) -> None:
    """Give Axes of what is False or True these two for a scale."""
    ax.set_ylim(-0.15, 1.15)
    ax.set_yticks([0, 1], ["False", "True"])


def png(figure: Any, *, dpi: int, compress: int = 6) -> bytes:
    """Return a figure as PNG; the same figure gives the same bytes."""
    buffer = io.BytesIO()
    write(figure, buffer, format="png", dpi=dpi, **png_settings(compress))
    return buffer.getvalue()


def png_settings(compress: int) -> dict[str, Any]:
    """Return what matplotlib is to know of a PNG: nothing in it changes with the version."""
    return {"metadata": {"Software": None}, "pil_kwargs": {"compress_level": compress}}


def write(figure: Any, target: Any, **settings: Any) -> None:
    """Write a figure to a path or stream; settings are those of `Figure.savefig`."""
    with any_glyphs():
        figure.savefig(target, **settings)


@contextlib.contextmanager
def any_glyphs() -> Iterator[None]:
    """Draw without a word about glyphs that are missing.

    A name in a script that the font lacks is no reason to write into the notebook.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        yield


def shown_size(figure: Any) -> dict[str, int]:
    """Return the pixels a page gives to a figure, whatever the image's resolution."""
    width, height = figure.get_size_inches()
    return {"width": round(width * DPI), "height": round(height * DPI)}


def line_look(scene: Scene, panel: Panel, line: Line) -> dict[str, Any]:
    """Return a line's look: an input is grey, an output has the colour of its group.

    Where there is one group only, colours tell the fields apart; else line styles do.
    """
    if not line.sent:
        style = _STYLES[panel.inputs.index(line.field) % len(_STYLES)]
        return {"color": _INPUT, "linestyle": style, "linewidth": 0.8, "zorder": 2}
    one_group = len(scene.groups) == 1
    number = 0 if one_group else panel.outputs.index(line.field)
    colour = scene.outputs.index(line.field) if one_group else scene.groups.index(line.group)
    number += colour // len(COLOURS)  # where there are more than colours
    look = {"color": COLOURS[colour % len(COLOURS)], "zorder": 3, "markeredgewidth": 0}
    marker = _MARKERS[number % len(_MARKERS)]
    if scene.batches or scene.rare(line):
        return {**look, "linestyle": "none", "marker": marker, "markersize": 4.5}
    look |= {"linestyle": _STYLES[number % len(_STYLES)], "linewidth": 1.4}
    few = len(line.times) <= _MARKED_MAX
    return {**look, "marker": marker, "markersize": 3.5} if few else look


def panel_legend(scene: Scene, panel: Panel, above: Sequence[Panel]) -> dict[str, Any]:
    """Return label → handle: the inputs, the groups, and fields where there are several.

    What a panel above says of inputs and groups holds for this one.
    """
    several = len(scene.groups) > 1
    before = [line for other in above for line in other.lines]
    named = {line.group for line in before if line.sent}
    labels = group_labels(scene.groups)
    inputs_named = any(not line.sent for line in before)
    looks: dict[str, Any] = {}
    for line in panel.lines:
        look = line_look(scene, panel, line)
        if not line.sent and len(panel.inputs) > 1:
            looks.setdefault(shorten(f"input {line.field}"), look)
        elif not line.sent and not inputs_named:
            looks.setdefault("input", look)
        elif line.sent and several and line.group not in named:
            looks.setdefault(labels[line.group], look)
        elif line.sent and not several:
            looks.setdefault(shorten(line.field), look)
    if several and len(panel.outputs) > 1:
        for line in panel.lines:
            if line.sent:
                look = {**line_look(scene, panel, line), "color": INK}
                looks.setdefault(shorten(line.field), look)
    handles = {label: Line2D([], [], **look) for label, look in looks.items()}
    notes = () if above else scene.notes
    return handles | {shorten(note): Line2D([], [], linestyle="none") for note in notes}


def new_axes(*, height: float = _AXES_ALONE, legend: int = 0) -> Any:
    """Return Axes in a new figure that pyplot does not know.

    It is so many inches high, or more, if a legend of so many rows needs them.
    """
    height = max(height, 2 * _TOP + _LEGEND_ROW * legend)
    figure = Figure(layout="constrained", figsize=(_WIDTH, height), dpi=DPI)
    FigureCanvasAgg(figure)
    return figure.subplots()


def set_style(ax: Any) -> None:
    """Give Axes the look of all our plots: a faint grid, no frame."""
    ax.grid(color="0.9", linewidth=0.6)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)


def set_title(ax: Any, text: str, *, y: float | None = None) -> Any:
    """Write a title over the left end of Axes, above all that is there or at a height."""
    title = ax.set_title(text, loc="left", fontsize="medium", fontweight="bold", y=y)
    title.set_parse_math(False)
    return title


def add_legend(ax: Any, entries: dict[str, Any]) -> None:
    """Put a legend of label → handle to the right of Axes, where it covers no data."""
    if not entries:
        return
    legend = ax.legend(
        entries.values(),
        entries,
        loc="upper left",
        bbox_to_anchor=(1.01, 1.03),
        frameon=False,
        fontsize="small",
    )
    for text in legend.get_texts():
        text.set_parse_math(False)


def _legend_width(legends: Sequence[dict[str, Any]]) -> float:
    labels = [label for legend in legends for label in legend]
    if not labels:
        return _RIGHT
    return _LEGEND_HANDLE + _LEGEND_CHARACTER * max(map(len, labels))


def group_labels(groups: Sequence[str], most: int = _LABEL_MAX) -> dict[str, str]:
    """Return the groups' ids as a legend shows them; no two are the same.

    Where the ends of long ones are, what all begin and end with gives way first.
    """
    # A group by measurement has the name and a newline in front.
    texts = {group: group.replace("\n", " ") or "no group" for group in groups}
    labels = {group: shorten(text, most) for group, text in texts.items()}
    if len(set(labels.values())) == len(labels):
        return labels
    first = _common(texts.values()).rfind(",") + 1
    last = _common(text[first:][::-1] for text in texts.values()).rfind(",") + 1
    parts = {group: f"…{text[first : len(text) - last]}…" for group, text in texts.items()}
    labels = {group: shorten(part, most) for group, part in parts.items()}
    if len(set(labels.values())) == len(labels):
        return labels
    return {
        group: shorten(f"{number}: {text}", most)
        for number, (group, text) in enumerate(texts.items(), start=1)
    }


def _common(texts: Iterable[str]) -> str:
    """Return what all texts begin with."""
    low, *_, high = sorted(texts)
    pairs = enumerate(zip(low, high, strict=False))
    return low[: next((place for place, (one, other) in pairs if one != other), len(low))]


def shorten(text: str, most: int = _LABEL_MAX) -> str:
    """Return a text as a legend can take it; the middle of a long one is left out."""
    if text.startswith("_"):
        text = f" {text}"  # matplotlib leaves such labels out
    if len(text) <= most:
        return text
    half = most // 2
    return f"{text[: half - 1]}…{text[-half:]}"


def _label(panel: Panel) -> str:
    """Return a y label: a long one is broken where one field ends, as matplotlib does not."""
    if len(panel.label) <= _LABEL_LINE_MAX:
        return panel.label
    sides = (",\n".join(shorten(name, _LABEL_LINE_MAX) for name in side) for side in panel.sides)
    return " →\n".join(sides)
