"""Two runs, output by output."""

from __future__ import annotations

import pytest

from kapnb import BATCH, Batch, Handler, Option, Point, compare, simulate, sweep


class Half(Handler):
    def point(self, point):
        yield point.with_fields(y=point.fields["x"] / 2)


class Third(Handler):
    """Differs at 3, 6 and 9 by 0.5; leaves 4 out; sends 5 twice."""

    def point(self, point):
        x = point.fields["x"]
        y = x / 2 + (0.5 if x and x % 3 == 0 else 0.0)
        for _ in range(0 if x == 4 else 2 if x == 5 else 1):
            yield point.with_fields(y=y)


def counts(comparison):
    return comparison.equal, comparison.changed, comparison.only_a, comparison.only_b


def test_a_handler_is_the_same_as_itself(points):
    """With nothing to say but how much that is."""
    same = compare(Half, Half, points(10))

    assert same.same
    assert repr(same) == "Half (a) and Half (b): 10 equal, 0 changed, 0 only in a, 0 only in b"
    same.raise_if_different()


def test_outputs_are_matched_by_their_input(points):
    """What is missing on one side shifts nothing."""
    found = compare(Half, Third, points(10))

    assert counts(found) == (6, 3, 1, 1)
    assert [(one.input, one.kind) for one in found.differences] == [
        (3, "changed"),
        (4, "only in a"),
        (5, "only in b"),
        (6, "changed"),
        (9, "changed"),
    ]
    with pytest.raises(AssertionError, match="3 changed"):
        found.raise_if_different()


def test_fields_tell_how_far_they_differ(points):
    """With where that is most."""

    class Drifting(Handler):
        def point(self, point):
            x = point.fields["x"]
            yield point.with_fields(y=x / 2 + x / 100, note="new" if x == 2 else "old")

    class Noted(Handler):
        def point(self, point):
            yield point.with_fields(y=point.fields["x"] / 2, note="old")

    found = compare(Noted, Drifting, points(5))

    assert list(found.fields) == ["y", "note"]
    assert found.fields["y"].count == 4
    assert found.fields["y"].largest == pytest.approx(0.04)
    assert found.fields["y"].input == 4
    assert found.fields["note"].count == 1
    assert "field note: 1 differ (input 2)" in repr(found)


def test_groups_are_counted_apart(points):
    """By the group of the output."""
    found = compare(Half, Third, points(10, groups=2), group_by="host")

    assert found.groups["host=h0"] == {"equal": 3, "changed": 1, "only in a": 1, "only in b": 0}
    assert found.groups["host=h1"] == {"equal": 3, "changed": 2, "only in a": 0, "only in b": 1}
    assert "<td>host=h1</td>" in found._repr_html_()


@pytest.mark.parametrize(
    ("settings", "equal"),
    [
        ({}, 0),
        ({"tolerance": 1e-3}, 2),
        ({"tolerance": 1.0}, 3),
        ({"relative": 1e-6}, 3),
        ({"relative": 1e-8}, 0),
    ],
)
def test_a_tolerance_forgives_floats(settings, equal):
    """Absolute, or relative to the larger."""

    class Nudged(Handler):
        def point(self, point):
            yield point.with_fields(x=point.fields["x"] * 1.0000001)

    data = [Point({"x": x}, time=time) for time, x in enumerate((1.0, 100.0, 1e6))]
    found = compare(Handler, Nudged, data, **settings)

    assert found.equal == equal


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"v": 1}, {"v": 1.0}),
        ({"v": 1}, {"v": 2}),
        ({"v": "a"}, {"v": "b"}),
        ({"v": True}, {"v": 1}),
        ({"v": 1.0}, {"v": 1.0, "w": 0.0}),
        ({"v": 0.5}, {"w": 0.5}),
    ],
)
def test_a_tolerance_forgives_nothing_else(one, other):
    """Neither types, nor ints, nor what is there on one side only."""

    class A(Handler):
        def point(self, point):
            yield Point(one)

    class B(Handler):
        def point(self, point):
            yield Point(other)

    assert compare(A, B, [Point({"x": 0.0}, time=0)], tolerance=1e9).changed == 1


def test_tags_times_and_the_sign_of_zero_count():
    """As they do for Kapacitor; the first two are no fields."""

    class Zero(Handler):
        def point(self, point):
            yield Point({"v": 0.0})

    class Tagged(Handler):
        def point(self, point):
            yield Point({"v": 0.0}, tags={"new": "tag"})

    class Moved(Handler):
        def point(self, point):
            yield Point({"v": 0.0}, time=point.time + 1)

    class Negative(Handler):
        def point(self, point):
            yield Point({"v": -0.0})

    data = [Point({"x": 0.0}, time=0)]
    for other in (Tagged, Moved):
        found = compare(Zero, other, data, tolerance=1.0)
        assert counts(found) == (0, 1, 0, 0)
        assert found.fields == {}
    assert compare(Zero, Negative, data).changed == 1
    assert compare(Zero, Negative, data, tolerance=1e-9).same


def test_batches_are_compared_whole_and_shown_where_they_part(points):
    """The first point that differs stands for the batch."""

    class Doubled(Handler):
        wants = provides = BATCH

        def batch(self, batch):
            members = [point.with_fields(x=2 * point.fields["x"]) for point in batch.points]
            return Batch(members)

    class Plain(Handler):
        wants = provides = BATCH

    found = compare(Plain, Doubled, points(6, groups=2), group_by="host")

    assert counts(found) == (0, 2, 0, 0)
    assert found.fields["x"].largest == 5.0
    assert "a: Point(host=h0 1970-01-01T00:00:02Z x=2.0)" in str(found.differences[0])


def test_two_runs_are_compared_without_running(points):
    """Those of a sweep, too; options tell apart what has one name."""

    class Scaled(Handler):
        by = Option(float)

        def point(self, point):
            yield point.with_fields(y=self.by * point.fields["x"])

    data = points(5)
    one, other = sweep(Scaled, data, by=[1.0, 2.0], workers=1).runs
    alone = simulate(Scaled, data, options={"by": 1.0})

    assert compare(one, alone).same
    assert repr(compare(one, other)).startswith("Scaled by=1.0 (a) and Scaled by=2.0 (b): 1 equal")


def test_a_run_that_ended_early_is_compared_as_far_as_it_came(points):
    """And what ended it is told."""

    class Fragile(Handler):
        def point(self, point):
            if point.fields["x"] == 3.0:
                raise ValueError("three")
            yield point.with_fields(y=point.fields["x"] / 2)

    found = compare(Half, Fragile, points(6))

    assert counts(found) == (3, 0, 3, 0)
    assert not found.same
    assert found.notes[0].startswith("b ended after 4 inputs: ")
    assert "three" in found.notes[0]


def failing(at, text="broken"):
    """Return a Handler like `Half` that ends with an error at a value."""

    class Failing(Half):
        def point(self, point):
            if point.fields["x"] == at:
                raise ValueError(text)
            yield from super().point(point)

    return Failing


def test_two_runs_that_fail_alike_are_not_the_same(points):
    """What comes after the error nobody has compared; it is told once."""
    found = compare(failing(3.0), failing(3.0), points(6))

    assert counts(found) == (3, 0, 0, 0)
    assert found.differences == []
    assert not found.same
    (note,) = found.notes
    assert note.startswith("both ended after 4 inputs: ValueError: broken")
    assert note in repr(found)
    assert note.partition(" (in ")[0] in found._repr_html_()
    with pytest.raises(AssertionError, match="both ended after 4 inputs"):
        found.raise_if_different()


@pytest.mark.parametrize(
    ("one", "other", "notes"),
    [
        ((3.0,), (4.0,), ["a ended after 4 inputs: ", "b ended after 5 inputs: "]),
        ((3.0, "a"), (3.0, "b"), ["a ended after 4 inputs: ", "b ended after 4 inputs: "]),
        ((3.0,), (99.0,), ["a ended after 4 inputs: "]),
        ((99.0,), (0.0,), ["b ended after 1 input: "]),
    ],
    ids=["at other inputs", "for other reasons", "the first", "the second, at once"],
)
def test_each_run_that_failed_is_told(points, one, other, notes):
    """With how far it came; inputs beyond are neither a difference of data nor compared."""
    found = compare(failing(*one), failing(*other), points(6))

    assert len(found.notes) == len(notes)
    assert all(map(str.startswith, found.notes, notes))
    assert not found.same
    assert found.changed == 0


def test_runs_of_other_data_are_refused_though_one_failed(points):
    """As far as both came, they had the same."""
    with pytest.raises(ValueError, match="different inputs, from input 1"):
        compare(
            simulate(failing(3.0), points(6), errors="keep"),
            simulate(Half, [points(6)[0], *points(6)[2:]]),
        )


def test_an_iterator_serves_both(points):
    """The second Handler gets what the first one got."""
    assert compare(Half, Half, iter(points(4))).equal == 4


def test_what_cannot_be_compared_is_refused(points):
    """Other data, other kinds of things, nothing to run on."""
    run = simulate(Half, points(4))

    with pytest.raises(ValueError, match="different inputs, from input 0"):
        compare(run, simulate(Half, [p.with_fields(x=7.0) for p in points(4)]))
    with pytest.raises(ValueError, match="4 and 5 inputs"):
        compare(run, simulate(Half, points(5)))
    with pytest.raises(ValueError, match="not one of each"):
        compare(run, Half)
    with pytest.raises(ValueError, match="compared on data"):
        compare(Half, Half)
    with pytest.raises(ValueError, match="nothing to run"):
        compare(run, run, points(4))
    with pytest.raises(ValueError, match="not negative"):
        compare(run, run, tolerance=-1.0)


def test_differences_are_a_table_too(points):
    """One row each."""
    frame = compare(Half, Third, points(10)).frame

    assert frame["kind"].tolist() == ["changed", "only in a", "only in b", "changed", "changed"]
    assert frame["b"][1] is None


def test_html_shows_values_side_by_side(points):
    """Those that differ only; where one side has nothing, the whole output."""
    html = compare(Half, Third, points(10))._repr_html_()

    assert "<th>field</th><th>Half</th><th>Third</th>" in html
    assert "<td>3</td><td>(no group)</td><td>y</td><td>1.5</td><td>2.0</td>" in html
    assert "<td>4</td><td>(no group)</td><td></td><td>Point(m " in html
    assert "<td>(nothing)</td>" in html
    assert "and 2 more outputs that differ" in html


def test_html_shows_more_than_fields_as_whole_outputs():
    """A tag that is new is in no field."""

    class Tagged(Handler):
        def point(self, point):
            yield Point({"x": 1.0}, tags={"new": "tag"})

    html = compare(Handler, Tagged, [Point({"x": 0.0}, time=0)])._repr_html_()

    assert "<td>x</td><td>0.0</td><td>1.0</td>" in html
    assert "Point(new=tag " in html
