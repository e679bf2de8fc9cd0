"""from, groupBy, where, eval, default, delete, union: on streams and on batches."""

from __future__ import annotations

import pytest
from flow import S, flowed, points, run

from kapnb import Batch, Point
from kapnb.errors import TickError

DAY = 86_400 * S


def test_from_selects_by_database_policy_measurement_and_condition():
    """Each property excludes what differs; several conditions are one."""
    data = [
        Point({"x": 1.0}, time=1, name="m", tags={}, database="d", retention_policy="r"),
        Point({"x": 2.0}, time=2, name="m", tags={}, database="d", retention_policy="other"),
        Point({"x": 3.0}, time=3, name="n", tags={}, database="d", retention_policy="r"),
        Point({"x": 4.0}, time=4, name="m", tags={}, database="e", retention_policy="r"),
        Point({"x": 9.0}, time=5, name="m", tags={}, database="d", retention_policy="r"),
    ]
    script = (
        "stream|from().database('d').retentionPolicy('r').measurement('m')"
        """.where(lambda: "x" < 9.0).where(lambda: "x" > 0.0)"""
    )

    assert [point.time for point in flowed(script, data)] == [1]


def test_grouping_keeps_all_tags_and_gives_a_missing_one_an_empty_value():
    """Dimensions are sorted; the id has an empty value where the tag is missing."""
    data = [
        Point({"x": 1.0}, time=1, name="m", tags={"b": "2", "a": "1", "c": "3"}),
        Point({"x": 1.0}, time=2, name="m", tags={"c": "3"}),
    ]

    by_name = flowed("stream|from().groupBy('b','a')", data)
    star = flowed("stream|from().groupBy(*)", data)
    measured = flowed("stream|from().groupBy('a').groupByMeasurement()", data)

    assert [(point.group, point.dimensions) for point in by_name] == [
        ("a=1,b=2", ("a", "b")),
        ("a=,b=", ("a", "b")),
    ]
    assert [point.group for point in star] == ["a=1,b=2,c=3", "c=3"]
    assert [point.group for point in measured] == ["m\na=1", "m\na="]
    assert dict(by_name[0].tags) == {"a": "1", "b": "2", "c": "3"}


def test_a_star_in_quotes_is_a_tag_of_that_name():
    """Only the bare one stands for all tags (determineTagNames in group_by.go)."""
    data = [Point({"x": 1.0}, time=1, name="m", tags={"a": "1"})]

    (quoted,) = flowed("stream|from().groupBy('*')", data)
    (regrouped,) = flowed("stream|from()|groupBy('a', '*')", data)

    assert (quoted.group, regrouped.group) == ("*=", "*=,a=1")


def test_group_by_regroups_excludes_and_adds_the_measurement():
    """`exclude` goes with the star; byMeasurement stays once it is set."""
    data = [Point({"x": 1.0}, time=1, name="m", tags={"a": "1", "b": "2"})]

    (excluded,) = flowed("stream|from().groupBy('a')|groupBy(*).exclude('b')", data)
    (named,) = flowed("stream|from()|groupBy().byMeasurement()|groupBy('a')", data)

    assert excluded.group == "a=1"
    assert named.group == "m\na=1"


def test_times_are_truncated_and_rounded_since_year_one():
    """A week begins on a Monday, since Go counts from one; halves are rounded up."""
    monday = 4 * DAY  # 5 January 1970
    data = points(monday / S + 100_000, 12.5)

    weeks = flowed("stream|from().truncate(1w)", data)
    rounded = flowed("stream|from().round(5s)", data)
    negative = flowed("stream|from().truncate(10s)", points(-1.0))

    assert weeks[0].time == monday
    assert [point.time // S for point in rounded][1] == 15
    assert negative[0].time == -10 * S


def test_where_drops_what_has_no_value_and_says_so_once():
    """A missing field is an error in the log, not a match."""
    data = [*points(1, x=1.0), *points(2, y=1.0), *points(3, y=2.0), *points(4, x=5.0)]

    done = run('stream|from()|where(lambda: "x" > 0.5)|log()', data)

    assert [entry.item.time // S for entry in done.logs] == [1, 4]
    assert done.warnings == [
        'where2: error while evaluating expression: left reference value "x" is missing value '
        "(2 times)"
    ]


def test_where_keeps_a_memory_for_each_group():
    """count() counts the points of a group."""
    data = [
        Point({"x": 1.0}, time=number, name="m", tags={"host": host})
        for number, host in enumerate("aabab")
    ]

    passed = flowed("stream|from().groupBy('host')|where(lambda: count() == 2)", data)

    assert [point.time for point in passed] == [1, 4]


def test_a_batch_that_loses_all_points_goes_on_empty():
    """Its begin announces nothing, but a node that waits for its end announces what is left."""
    data = points(0, 1, 2, 10, 11, 20)
    script = "stream|from()|window().period(10s).every(10s)"

    where = flowed(f'{script}|where(lambda: "x" > 100.0)', data)

    assert [len(batch) for batch in where] == [0, 0]
    assert [batch.tmax // S for batch in where] == [10, 20]


def test_eval_names_its_results_and_keeps_what_it_is_told():
    """Without keep only the results; with it all fields, or the named ones."""
    data = [Point({"a": 2.0, "b": 3.0}, time=0, name="m", tags={"t": "v"})]
    script = 'stream|from()|eval(lambda: "a" * "b", lambda: "p" + 1.0).as(\'p\', \'q\')'

    (plain,) = flowed(script, data)
    (all_kept,) = flowed(f"{script}.keep()", data)
    (some,) = flowed(f"{script}.keep('q','b')", data)

    assert dict(plain.fields) == {"p": 6.0, "q": 7.0}
    assert dict(all_kept.fields) == {"a": 2.0, "b": 3.0, "p": 6.0, "q": 7.0}
    assert dict(some.fields) == {"q": 7.0, "b": 3.0}


def test_a_field_hides_an_earlier_result_of_its_name():
    """References are filled from the point again for each expression, and results are read last."""
    data = [Point({"a": 2.0}, time=0, name="m", tags={})]

    (point,) = flowed("stream|from()|eval(lambda: \"a\" + 1.0, lambda: \"a\").as('a', 'b')", data)

    assert dict(point.fields) == {"a": 2.0, "b": 2.0}


def test_eval_makes_tags_of_strings_only():
    """The group follows; a number as a tag drops the point."""
    data = [Point({"n": 2}, time=0, name="m", tags={"t": "v"})]

    (point,) = flowed(
        "stream|from().groupBy('t')|eval(lambda: string(\"n\")).as('t').tags('t').keep('n')", data
    )
    failed = run("stream|from()|eval(lambda: \"n\").as('t').tags('t')|log()", data)

    assert (point.group, dict(point.tags)) == ("t=2", {"t": "2"})
    assert not failed.logs
    assert failed.warnings == [
        "eval2: error evaluating expression: result of a tag expression must be of type string, "
        "got int64"
    ]


def test_quiet_keeps_errors_out_of_the_log_and_drops_the_point_all_the_same():
    """As Kapacitor's .quiet() does."""
    done = run("stream|from()|eval(lambda: \"nope\").as('x').quiet()|log()", points(1))

    assert (done.logs, done.warnings) == ([], [])


def test_default_fills_fields_and_tags_that_are_missing_or_empty():
    """The group follows the tag; a batch gets the tag, too."""
    data = [
        Point({"x": 1.0}, time=0, name="m", tags={"host": "a"}),
        Point({"x": 1.0, "y": 2.0}, time=S, name="m", tags={}),
        Point({"x": 1.0}, time=20 * S, name="m", tags={}),
    ]
    script = "stream|from().groupBy('host')"
    default = "|default().field('y', 0.5).tag('host', 'none')"

    first, second, _ = flowed(f"{script}{default}", data)
    (batch,) = flowed(f"{script}|window().period(10s).every(10s){default}", data)

    assert (dict(first.fields), first.group) == ({"x": 1.0, "y": 0.5}, "host=a")
    assert (dict(second.fields), second.group) == ({"x": 1.0, "y": 2.0}, "host=none")
    assert (dict(batch.tags), batch.group) == ({"host": "none"}, "host=none")


def test_delete_takes_a_dimension_out_of_the_group():
    """Of a point its dimension goes, of a batch its tag."""
    data = [
        Point({"x": 1.0, "y": 2.0}, time=time * S, name="m", tags={"a": "1", "b": "2"})
        for time in (0, 20)
    ]
    script = "stream|from().groupBy('a','b')"

    point, _ = flowed(f"{script}|delete().field('y').tag('a')", data)
    (batch,) = flowed(f"{script}|window().period(10s).every(10s)|delete().tag('a')", data)

    assert (dict(point.fields), dict(point.tags)) == ({"x": 1.0}, {"b": "2"})
    assert (point.dimensions, point.group) == (("b",), "b=2")
    assert (batch.group, dict(batch.points[0].tags)) == ("b=2", {"b": "2"})


def test_group_by_splits_batches_and_waits_for_the_next():
    """Batches of one tmax are split together; the last stay, as in Kapacitor."""
    data = [
        Point({"x": float(time)}, time=time * S, name="m", tags={"host": host})
        for time in (0, 1, 12, 24)
        for host in "ab"
    ]

    batches = flowed("stream|from()|window().period(10s).every(10s)|groupBy('host')", data)

    assert [(batch.group, len(batch), batch.size) for batch in batches] == [
        ("host=a", 2, 2),
        ("host=b", 2, 2),
    ]


def test_union_goes_by_time_and_waits_for_every_parent():
    """Nothing overtakes what another parent may still send; the rest goes out at the end."""
    script = """
        var a = stream|from().measurement('a')
        var b = stream|from().measurement('b')
        a|union(b).rename('u')
    """
    data = sorted(
        [*points(1, 2, 6, name="a"), *points(3, 5, name="b")], key=lambda point: point.time
    )

    joined = flowed(script, data)

    assert [point.time // S for point in joined] == [1, 2, 3, 5, 6]
    assert {point.name for point in joined} == {"u"}


def test_several_branches_get_the_same_points_unchanged():
    """What one branch does to a point, another does not see."""
    script = """
        var data = stream|from().groupBy('host')
        data|eval(lambda: "x" * 2.0).as('x').keep()|log().prefix('double')
        data|default().tag('host', 'z')|log().prefix('plain')
    """

    done = run(script, points(1))

    assert {entry.prefix: dict(entry.item.fields) for entry in done.logs} == {
        "double": {"x": 2.0},
        "plain": {"x": 1.0},
    }


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("stream|from()|derivative('x')", "line 2 char 3: |derivative is not simulated"),
        ("stream|from()|flatten().on('x')", "line 2 char 3: |flatten is not simulated"),
        (
            "stream|from()|alert().crit(lambda: TRUE).inhibit('a')",
            "property .inhibit of |alert is not simulated",
        ),
    ],
)
def test_what_is_not_simulated_is_refused_by_name_and_line(script, message):
    """Never skipped: a result without it would be another task's."""
    with pytest.raises(TickError) as caught:
        run(script.replace("|from()", "|from()\n ", 1), points(1))

    assert message in str(caught.value)
    assert caught.value.line == 2


def test_a_window_within_a_batch_task_is_refused_by_the_script():
    """Kapacitor says so when the task is defined."""
    with pytest.raises(TickError, match="cannot Window batch edge"):
        run("batch|query('q').every(1s)|window().period(1s)", [Batch([], tags={}, tmax=0)])
