"""The choice of fields."""

import pytest

from kapnb import Handler, Option, Point
from kapnb.notebook._fields import choose_fields, spread


def check(simulation, inputs, outputs, wanted=None):
    shown = choose_fields(simulation, wanted)
    assert (shown.inputs, shown.outputs) == (inputs, outputs)


def test_a_new_field_is_drawn_over_the_only_field_there_was(run, handlers):
    """A moving average shows its mean over the raw values."""
    check(run(handlers.Mean), ("x",), ("mean",))


def test_the_field_that_an_option_names_is_the_one_behind(run, handlers, points):
    """Of several input fields the one given as an option is the raw one."""
    data = points(9, y=1.0, z=2)
    check(run(handlers.Mean, data=data, options={"field": "y"}), ("y",), ("mean",))
    check(run(handlers.Mean, data=data), ("x",), ("mean",))


def test_the_field_that_the_code_spells_out_is_the_one_behind(run, points):
    """A Handler without options says in its code what it works on."""

    class Twice(Handler):
        def point(self, point):
            yield Point({"twice": 2 * point.fields["z"]})

    check(run(Twice, data=points(9, y=1.0, z=2)), ("z",), ("twice",))


def test_nothing_is_drawn_behind_where_it_would_be_a_guess(run, points):
    """A ratio of two fields is drawn alone."""

    class Ratio(Handler):
        def point(self, point):
            yield Point({"ratio": point.fields["x"] / point.fields["z"]})

    check(run(Ratio, data=points(9, z=2)), (), ("ratio",))


def test_a_changed_field_is_drawn_over_itself(run, points):
    """Values that a Handler replaces are shown before and after."""

    class Clamp(Handler):
        def point(self, point):
            yield point.with_fields(x=min(point.fields["x"], 5.0))

    check(run(Clamp, data=points(20, y=1.0)), ("x",), ("x",))


def test_a_field_that_changes_rarely_is_found(run, points):
    """One change among thousands of points counts if the sample meets it at its place."""

    class Late(Handler):
        def point(self, point):
            x = point.fields["x"]
            yield point.with_fields(x=x + 1 if point.time > 3_000 * 10**9 else x)

    check(run(Late, data=points(4_000, y=1.0)), ("x",), ("x",))


def test_a_filter_shows_what_it_lets_through(run, handlers):
    """Where nothing is new or changed, the field the Handler works on is drawn."""
    check(run(handlers.Peak), ("x",), ("x",))


def test_text_is_no_field_to_draw(run, points):
    """Strings are left out; truth values are drawn as 0 and 1."""

    class Level(Handler):
        def point(self, point):
            yield point.with_fields(level="high", alert=True)

    check(run(Level, data=points(9)), ("x",), ("alert",))


def test_inputs_are_drawn_where_nothing_came_out(run, handlers):
    """A Handler that sends nothing shows what it was given."""
    check(run(handlers.Peak, options={"limit": 99.0}), ("x",), ())


def test_too_many_new_fields_are_counted(run, points):
    """Four are drawn; the rest is a number in a note."""

    class Many(Handler):
        def point(self, point):
            yield point.with_fields({f"f{number}": number for number in range(9)})

    shown = choose_fields(run(Many))
    assert shown.outputs == ("f0", "f1", "f2", "f3")
    assert shown.hidden == 5


@pytest.mark.parametrize("wanted", ["mean", ["mean"], ("mean",)])
def test_named_fields_are_looked_up_in_both(run, handlers, wanted):
    """A name is found wherever it is."""
    check(run(handlers.Mean), (), ("mean",), wanted)


def test_a_named_field_that_is_only_passed_on_is_an_input(run, handlers):
    """Beside a new field, the raw one is not drawn twice; alone it is."""
    simulation = run(handlers.Mean)
    check(simulation, ("x",), ("mean",), ["x", "mean"])
    check(simulation, ("x",), ("x",), "x")


def test_false_draws_nothing(run, handlers):
    """No fields are no fields."""
    check(run(handlers.Mean), (), (), wanted=False)


def test_batches_are_compared_point_by_point(run, handlers, batches):
    """A batch of as many points at the same times may be a changed copy."""

    class Doubled(handlers.BatchMean):
        scale = Option(float, default=2.0)

        def batch(self, batch):
            return [point.with_fields(x=2 * point.fields["x"]) for point in batch.points]

    check(run(Doubled, data=batches(3), group_by=None), ("x",), ("x",))
    check(run(handlers.BatchMean, data=batches(3), group_by=None), ("x",), ("mean",))


@pytest.mark.parametrize("period", [2, 3, 5, 64])
def test_a_spread_sees_all_that_take_turns(period):
    """A sample of 256 in 10,000 meets each of many groups."""
    assert {position % period for position in spread(0, 10_000, 256)} == set(range(period))


def test_a_spread_of_few_is_all_of_them():
    """What is no more than asked for is taken whole."""
    assert list(spread(3, 8, 5)) == [3, 4, 5, 6, 7]
    assert list(spread(3, 3, 5)) == []
