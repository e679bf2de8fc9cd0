"""Thresholds and anomalies in a live picture."""

import pytest

from kapnb import Handler
from kapnb.notebook import LiveView
from kapnb.notebook._live_marks import Marks, Threshold, parse_thresholds
from kapnb.simulation import Simulation


@pytest.fixture
def axes(handlers, points):
    """Run, and return the Axes of the picture with these marks."""

    def axes(handler=handlers.Mean, count=40, **settings):
        view = LiveView(True, **settings)
        Simulation(handler, points(count, groups=2), group_by="host", observers=[view]).run()
        return view.figure.axes

    return axes


def rings(ax):
    return [line for line in ax.lines if line.get_marker() == "o" and line.get_mfc() == "none"]


def test_what_a_threshold_can_be():
    """A number, a field, names and numbers, or several of these."""
    assert parse_thresholds(None) == ()
    assert parse_thresholds([1, "upper", {"mean": 2}]) == (
        Threshold("", 1.0),
        Threshold("upper", None),
        Threshold("mean", 2.0),
    )


@pytest.mark.parametrize("wanted", [{"mean": "high"}, [object()], {"mean": None}])
def test_anything_else_is_refused(wanted):
    """When it is given, not when a frame is drawn."""
    with pytest.raises(ValueError, match="a threshold is a number"):
        LiveView(True, thresholds=wanted)


def test_a_number_is_a_line_with_its_value(axes):
    """Across the picture."""
    (ax,) = axes(thresholds=7.5)
    assert [list(line.get_ydata()) for line in ax.lines if line.get_linestyle() == "--"] == [
        [7.5, 7.5]
    ]
    assert [text.get_text() for text in ax.texts] == ["7.5"]


def test_a_named_threshold_stands_in_the_panel_of_its_field(axes):
    """Where it can be compared."""

    class Scores(Handler):
        def point(self, point):
            yield point.with_fields(far=1000 * point.fields["x"] + 5000, score=0.01)

    panels = axes(Scores, thresholds={"score": 0.02})
    assert len(panels) > 1
    named = [[text.get_text() for text in ax.texts] for ax in panels]
    place = next(place for place, ax in enumerate(panels) if "score" in ax.get_ylabel())
    assert named[place] == ["score 0.02"]
    assert sum(map(len, named)) == 1


def test_a_bare_number_is_no_limit_of_what_is_false_or_true(axes):
    """It goes where numbers are, though the outputs have none."""

    class Judge(Handler):
        def point(self, point):
            yield point.with_fields(high=point.fields["x"] > 7)

    numbers, bools = axes(Judge, thresholds=7)
    assert [text.get_text() for text in numbers.texts] == ["7"]
    assert not bools.texts


def test_a_field_may_hold_the_threshold(axes):
    """It is drawn as it changes, for each group that is drawn."""

    class Bands(Handler):
        def point(self, point):
            yield point.with_fields(mean=5.0, upper=point.fields["x"] + 3)

    lines = [line for ax in axes(Bands, thresholds="upper") for line in ax.lines]
    dashed = [line for line in lines if line.get_linestyle() == "--" and line.get_c() == "black"]
    assert len(dashed) == 2
    assert list(dashed[0].get_ydata())[:3] == [3.0, 5.0, 7.0]


@pytest.mark.parametrize(
    ("anomalies", "count"),
    [
        (None, 0),
        (False, 0),
        (True, 40),
        ("busy", 8),
        (lambda point: point.fields["x"] == 9, 4),
    ],
)
def test_anomalies_are_rings(axes, anomalies, count):
    """All outputs, those where a field is true, or those that a function finds."""

    class Busy(Handler):
        def point(self, point):
            x = point.fields["x"]
            yield point.with_fields(mean=x / 2, busy=x > 7)

    panels = axes(Busy, anomalies=anomalies)
    found = rings(panels[0])
    assert sum(len(line.get_xdata()) for line in found) == count


def test_an_event_without_numbers_is_marked_on_its_input(axes):
    """Where else."""

    class Alarm(Handler):
        def point(self, point):
            if point.fields["x"] == 8:
                event = point.copy()
                event.fields.clear()
                event.fields["alarm"] = True
                yield event

    heights = [list(line.get_ydata()) for ax in axes(Alarm, anomalies=True) for line in rings(ax)]
    assert [8.0] * 4 in heights


def test_a_wanted_group_that_never_comes_leaves_the_others(axes):
    """A live picture cannot know."""
    (ax,) = axes(groups=["host=h1", "host=h7"])
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert "group host=h1" in labels


class Levels(Handler):
    """Text, numbers, booleans, and nothing, by turns."""

    def point(self, point):
        number = int(point.fields["x"])
        level = {0: "high", 1: 0, 2: 2.5, 3: False, 4: True, 5: ""}.get(number)
        yield point.with_fields(mean=1.0, **({} if level is None else {"level": level}))


@pytest.mark.parametrize("kept", ["as bytes", "as objects"])
@pytest.mark.parametrize("most", [None, 30])
def test_a_field_that_is_true_is_found_in_the_bytes_as_in_the_points(run, kept, most):
    """Numbers other than 0, True and text that is not empty; nothing else."""
    simulation = run(Levels, count=100, groups=2)
    if kept == "as objects":
        simulation.outputs = list(simulation.outputs)
    marks = Marks(simulation, (), "level")
    marks.read(most)
    assert {int(values["x"]) for _, _, values in marks._found} == {0, 2, 4}
    assert (len(marks._found) == 30) is (most is None)
    assert list(marks.missing()) == []


def test_only_what_may_be_an_anomaly_is_decoded(run, monkeypatch):
    """Of the others a look at the bytes of all together is enough."""

    class Seldom(Handler):
        def point(self, point):
            yield point.with_fields(odd=point.fields["x"] == 9)

    marks = Marks(run(Seldom, count=200), (), "odd")
    looked = []
    monkeypatch.setattr(marks, "_look", looked.append)
    marks.read()
    assert len(looked) == 20


def test_a_field_that_is_never_true_is_there_all_the_same(run):
    """No anomaly is no mistake."""

    class Calm(Handler):
        def point(self, point):
            yield point.with_fields(odd=False)

    marks = Marks(run(Calm), (), "odd")
    marks.read()
    assert list(marks.missing()) == []
    assert marks._found == []
