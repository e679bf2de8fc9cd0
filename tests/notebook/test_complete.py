"""Completion of names that only the data and the Handlers know."""

import pandas as pd
import pytest
from IPython.core.completer import provisionalcompleter

from kapnb import Batch, Handler, Option, Point, simulate
from kapnb.notebook._complete import complete


class Mean(Handler):
    field = Option(str, default="x")
    size = Option(int, default=3)

    def point(self, point):
        yield point.with_fields(mean=1.0)


class Peak(Handler):
    limit = Option(float, default=3.0)


NAMES = {"Mean": Mean, "Peak": Peak}


@pytest.fixture
def last():
    """A run, so that there is a last one."""
    points = [Point({"x": 1.5, "y": 2}, time=n, name="m", tags={"host": "a"}) for n in range(3)]
    return simulate(Mean, points, group_by="host")


@pytest.mark.parametrize(
    ("before", "part", "names"),
    [
        ('point.fields["', "", ["x", "y", "mean"]),
        ("point.fields['m", "m", ["mean"]),
        ('point.fields.get("', "", ["x", "y", "mean"]),
        ('point.tags["h', "h", ["host"]),
        ('plot_run(run, fields=["x", "', "", ["x", "y", "mean"]),
        ("plot_run(run, groups='", "", ["host=a"]),
        ('simulate(Mean, d, group_by="', "", ["host"]),
    ],
)
def test_names_come_from_the_last_run(last, before, part, names):
    """What went in, and what came out."""
    found = complete(f"x = 1\n{before}", {})
    assert found.part == part
    assert sorted(found.names) == sorted(names)


def test_names_come_from_frames_and_points_of_the_notebook():
    """Before anything ran."""
    frame = pd.DataFrame({"usage": [1.5], "cpu": ["a"]})
    batch = Batch([Point({"inner": 1})], tags={"rack": "b"})
    names = {"frame": frame, "batches": [batch]}
    assert {"usage", "cpu", "inner"} <= set(complete('point.fields["', names).names)
    assert "rack" in complete('point.tags["', names).names


@pytest.mark.parametrize(
    ("before", "names"),
    [
        ('simulate(Mean, data, options={"', ["field", "size"]),
        ('simulate(Mean, data, options={"size": 3, "', ["field", "size"]),
        ("run = simulate(\n    Peak, data,\n    options={'l", ["limit"]),
        ('check_resume(Peak, data, options={"', ["limit"]),
        ('mine(options={"', ["field", "size", "limit"]),
        ('simulate(Mean, d)\nstress(Peak, d, options={"', ["limit"]),
    ],
)
def test_options_are_those_of_the_handler_that_is_run(before, names):
    """Of all Handlers if it is not known."""
    assert complete(before, NAMES).names == names


@pytest.mark.parametrize(
    ("before", "names"),
    [
        ("sweep(Mean, data, s", ["size="]),
        ("sweep(Mean, data, ", ["field=", "size="]),
        ("Peak\nsweep(\n    Mean,\n    data(x, [1]),\n    size=[1, 2],\n    ", ["field="]),
        ('sweep(Mean, data, grid={"s', ["size"]),
        ('sweep(Mean, read("a, (b"), alert="x", f', ["field="]),
    ],
)
def test_options_are_arguments_of_a_sweep(before, names):
    """Those of its Handler that are not given yet."""
    assert complete(before, NAMES).names == names


@pytest.mark.parametrize(
    "before",
    [
        "sweep(Mean, s",
        "sweep(Mean, data, size=[s",
        "sweep(Mean, data, alert='",
        "sweep(Mean, data, size=s",
        "sweep(Mean, data)\ns",
        "sweep(Unknown, data, s",
    ],
)
def test_no_option_is_offered_where_no_argument_begins(before):
    """A value is the reader's own."""
    assert complete(before, NAMES) is None


def test_what_cannot_be_an_argument_is_not_offered_as_one():
    """An option called as a keyword of Python goes into the grid."""

    class Odd(Handler):
        as_ = Option(str, default="x", name="as")

    assert complete("sweep(Odd, data, a", {"Odd": Odd}).names == []
    assert complete('sweep(Odd, data, grid={"', {"Odd": Odd}).names == ["as"]


@pytest.mark.parametrize("attribute", ["frame", "input_frame", "pair_frame"])
def test_columns_are_those_of_the_runs_frame(last, attribute):
    """Tags and fields, in its order, without the frame itself being made."""
    found = complete(f'x = 1\nrun.{attribute}["', {"run": last})
    assert found.names == list(getattr(last, attribute).columns)
    assert complete(f'run.{attribute}[["input", "x', {"run": last}).part == "x"


def test_columns_of_what_is_no_run_are_left_to_others():
    """Some other object may have a frame, too."""
    assert complete('thing.frame["', {"thing": object()}) is None
    assert complete('nothing.frame["', {}) is None


@pytest.mark.parametrize(
    ("before", "names"),
    [
        ("%%tick\nstream|from()@", ["mean", "peak"]),
        ("%%tick\nstream|from()@p", ["peak"]),
        ("%%tick\nstream|from()\n    @mean()\n        .size(3)\n        .", ["field", "size"]),
        ("%%tick\nstream|from()@peak().l", ["limit"]),
    ],
)
def test_a_scripts_cell_knows_udfs_and_their_options(before, names):
    """By the name that a class has in a script."""
    assert complete(before, NAMES).names == names


@pytest.mark.parametrize(
    "before",
    [
        "x = 1",
        'print("a',
        "%%tick\nstream|fr",
        "%%tick\nstream|from().me",
        'point.fields["x"]',
        "@mean",
    ],
)
def test_the_rest_is_left_to_others(before):
    """Nothing of IPython's is hidden."""
    assert complete(before, NAMES) is None


def offered(shell, code):
    with provisionalcompleter():
        return [found.text for found in shell.Completer.completions(code, len(code))]


def test_ipython_offers_them(shell):
    """Through the completer that front ends ask."""
    shell.push({"Mean": Mean, "point": Point({"abc": 1, "abe": 2}, tags={"rack": "b"})})
    assert offered(shell, 'x = 1\nsimulate(Mean, data, options={"si') == ["size"]
    assert "from" not in offered(shell, 'point.fields["')
    assert {"abc", "abe"} <= set(offered(shell, 'point.fields["ab'))
    assert offered(shell, "%%tick\nstream|from()@me") == ["mean"]
    shell.push({"run": simulate(Mean, [Point({"abc": 1}, time=0)]), "sweeping": 1})
    assert sorted(offered(shell, 'run.frame["')) == ["abc", "input", "mean"]
    assert {"size=", "sweeping"} <= set(offered(shell, "sweep(Mean, data, s"))
    assert len([m for m in shell.Completer.custom_matchers if m.matcher_identifier == "kapnb"]) == 1


def test_the_keys_of_a_point_are_known_without_us():
    """Any front end asks the mapping itself."""
    point = Point({"x": 1}, tags={"host": "a"})
    assert point.fields._ipython_key_completions_() == ["x"]
    assert point.tags._ipython_key_completions_() == ["host"]


def test_floats_are_no_tags():
    """Grouping by a measured value makes a group of each."""
    frame = pd.DataFrame({"usage": [1.5], "cpu": ["a"], "slot": [1]})
    assert complete('simulate(Mean, frame, group_by="', {"frame": frame}).names == ["cpu", "slot"]
