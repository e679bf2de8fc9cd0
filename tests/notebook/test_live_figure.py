"""The figure that live frames share: as good as a new one, and let go of in time."""

import gc
import weakref

import numpy as np
import pytest
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from kapnb.notebook._figure import DPI, draw_figure, png
from kapnb.notebook._live_figure import LiveFigure
from kapnb.notebook._live_marks import Marks, parse_thresholds
from kapnb.notebook._live_meter import Reading
from kapnb.notebook._live_overlay import draw_marks
from kapnb.notebook._live_strip import add_strip, cells
from kapnb.notebook._scene import Line, Scene

SECOND = 1_000_000_000


def nothing(scene, *, columns):
    """Mark nothing."""
    return []


def scene(count, *, groups=("a", "b"), scale=1.0, step=SECOND, score=None, **settings):
    """Return a scene of so many inputs and outputs a group."""
    times = np.arange(count, dtype=np.int64) * step
    values = np.sin(np.arange(count)) * scale
    lines = [
        Line("x" if not sent else "mean", group, sent, times, values / (1 + sent))
        for sent in (False, True)
        for group in groups
    ]
    if score is not None:  # of another scale: a second panel
        lines += [Line("score", group, True, times, values * score) for group in groups]
    return Scene("Mean", tuple(lines), tuple(groups), **settings)


def broken(count, hole, *, few=0):
    """Return a scene of two groups with a hole in their lines, and some values alone in it."""
    there = np.r_[
        0:count, count + hole // 2 : count + hole // 2 + few, count + hole : 2 * count + hole
    ]
    times = there.astype(np.int64) * SECOND
    lines = [
        Line("x" if not sent else "mean", group, sent, times, np.sin(there / 9.0))
        for sent in (False, True)
        for group in ("a", "b")
    ]
    return Scene("Mean", tuple(lines), ("a", "b"))


def flags(count):
    """Return a scene of a field that is False or True."""
    times = np.arange(count, dtype=np.int64) * SECOND
    lines = [
        Line("ok", group, True, times, times // SECOND % 2 * 1.0, False, True) for group in "ab"
    ]
    return Scene("Mean", tuple(lines), ("a", "b"))


def strip(rate):
    """Return what the strip shows at a rate."""
    return cells([Reading(rate * n, 0.0, 1e-5, 1e-3, 100) for n in (1, 2, 3)], 10.0)


def new_png(scene, marks=nothing, strip=None):
    """Return a scene as a figure of its own gives it."""
    figure = draw_figure(scene, columns=400)
    if strip is not None:
        add_strip(figure, strip)
    draw_marks(figure, scene, marks(scene, columns=400))
    return png(figure, dpi=DPI, compress=1)


@pytest.mark.parametrize(
    "scenes",
    [
        [scene(count) for count in (50, 300, 2000)],
        [scene(count, groups=("a",), notes=("group a",)) for count in (50, 90)],
        [scene(60, scale=scale) for scale in (1.0, 5.0)],
        [scene(60, scale=scale) for scale in (1e9, 3e9)],
        [scene(count, score=1000.0) for count in (50, 70)],
        [scene(count, step=3) for count in (50, 90)],
        [scene(50, batches=True), scene(70, batches=True)],
        [
            broken(60, 0),
            broken(60, 40),
            broken(60, 80, few=1),
            broken(70, 0),
            broken(5000, 2000, few=1),
        ],
        [flags(50), flags(90)],
    ],
    ids=[
        "longer",
        "one group",
        "another scale",
        "an exponent",
        "two panels",
        "nanoseconds",
        "marks",
        "pauses",
        "bools",
    ],
)
def test_a_frame_is_what_a_new_figure_gives(scenes):
    """Whatever stood in the shared one before; to the byte."""
    picture = LiveFigure(nothing)
    figures = set()
    for rate, one in enumerate(scenes):
        assert picture.draw(one, strip(rate)) == new_png(one, strip=strip(rate))
        figures.add(picture.figure)
    assert len(figures) == 1


@pytest.mark.parametrize(
    "other",
    [
        scene(50, groups=("a", "b", "c")),
        scene(50, notes=("and 2 more groups",)),
        scene(50, score=1000.0),
        scene(50, scale=1e9),  # an exponent, to which the title gives way
        scene(30),  # so few are marked one by one
        scene(50, step=3),
        Scene("Mean", ()),
        flags(50),
    ],
    ids=["groups", "notes", "panels", "exponent", "looks", "times", "nothing", "bools"],
)
def test_another_form_is_another_figure(other):
    """There and back, it is always what a new one gives."""
    picture = LiveFigure(nothing)
    for one in (scene(50), other, scene(60)):
        before = picture.figure
        assert picture.draw(one) == new_png(one)
        assert picture.figure is not before


def test_a_strip_that_comes_or_goes_is_another_form():
    """Before the first reading its place is empty."""
    picture = LiveFigure(nothing)
    for shown in (None, (), strip(5), strip(6), ()):
        assert picture.draw(scene(50), shown) == new_png(scene(50), strip=shown)


def test_what_is_laid_over_one_frame_is_gone_from_the_next(run):
    """Thresholds move, anomalies come; nothing of the frame before is left."""
    simulation = run(count=50)
    marks = Marks(simulation, parse_thresholds([7, "mean"]), lambda point: point.fields["x"] > 8)
    picture = LiveFigure(marks.shown)
    one = scene(50, groups=("host=h0",))
    frames = []
    for _ in range(3):
        frames.append(picture.draw(one))
        assert frames[-1] == new_png(one, marks.shown)
        marks.read(10)
    assert frames[0] != frames[1]


def test_a_drawing_that_failed_leaves_no_half_of_a_figure(monkeypatch):
    """The next frame makes a whole one."""
    picture = LiveFigure(nothing)
    with monkeypatch.context() as patched:
        patched.setattr("kapnb.notebook._live_figure._draw_paper", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            picture.draw(scene(50))
    assert picture.draw(scene(50)) == new_png(scene(50))


def test_frames_leave_nothing_behind(run):
    """However many there are: neither artists in a figure, nor figures of another form."""
    simulation = run(count=50)
    marks = Marks(simulation, parse_thresholds([0.5, "mean"]), True)
    marks.read()
    picture = LiveFigure(marks.shown)
    counts, figures = [], weakref.WeakSet()
    for number in range(4):
        for count in range(50, 60):
            picture.draw(scene(count, groups=("host=h0", "host=h1")[: 1 + number % 2]), strip(1))
            figures.add(picture.figure)
        gc.collect()
        assert list(figures) == [picture.figure]
        counts.append(sum(isinstance(thing, Artist) for thing in picture.figure.findobj()))
    assert counts[0] == counts[2]
    assert counts[1] == counts[3]


def test_a_view_keeps_no_figure_but_the_last(handlers, points, display, clock):
    """Live frames, and what was made for them, go with the run."""
    from kapnb.notebook import LiveView
    from kapnb.simulation import Simulation

    known = {id(thing) for thing in gc.get_objects() if isinstance(thing, Figure)}
    view = LiveView(True, clock=clock(1.0), display=display, share=0.9)
    Simulation(handlers.Mean, points(500, groups=2), group_by="host", observers=[view]).run()
    gc.collect()
    left = [thing for thing in gc.get_objects() if isinstance(thing, Figure)]
    assert len(display.bundles) > 3
    assert [thing for thing in left if id(thing) not in known] == [view.figure]
