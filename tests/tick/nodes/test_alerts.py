"""|alert: levels, changes, recoveries, resets, templates, what flows on."""

from __future__ import annotations

import pytest
from flow import S, points, run

from kapnb import Point
from kapnb.errors import TickError

LEVELS = """.info(lambda: "x" > 1.0).warn(lambda: "x" > 2.0).crit(lambda: "x" > 3.0)"""


def alerts(properties: str, values, **more):
    data = [
        Point({"x": float(value)}, time=number * S, name="cpu", tags={"host": "a"})
        for number, value in enumerate(values)
    ]
    return run(f"stream|from().groupBy('host')|alert(){properties}", data, **more).alerts


def levels(properties: str, values) -> list[str]:
    return [alert.level for alert in alerts(properties, values)]


def test_the_highest_level_that_holds_is_taken():
    """OK makes an event only if something was wrong before."""
    assert levels(LEVELS, (0, 2, 3, 4, 4, 0, 0)) == [
        "INFO",
        "WARNING",
        "CRITICAL",
        "CRITICAL",
        "OK",
    ]


def test_state_changes_only_drops_what_repeats():
    """With a duration it repeats after that long."""
    values = (4, 4, 4, 0, 0, 4)

    assert levels(f"{LEVELS}.stateChangesOnly()", values) == ["CRITICAL", "OK", "CRITICAL"]
    assert [
        alert.time // S for alert in alerts(f"{LEVELS}.stateChangesOnly(2s)", (4, 4, 4, 4, 4))
    ] == [0, 2, 4]


def test_no_recoveries_drops_the_ok():
    """The state changes all the same."""
    assert levels(f"{LEVELS}.noRecoveries().stateChangesOnly()", (4, 0, 4)) == [
        "CRITICAL",
        "CRITICAL",
    ]


def test_a_reset_holds_a_level_until_it_lets_go():
    """The level stays while its reset is false."""
    held = '.crit(lambda: "x" > 3.0).critReset(lambda: "x" < 1.0)'

    assert levels(held, (4, 2, 2, 0)) == ["CRITICAL", "CRITICAL", "CRITICAL", "OK"]


def test_duration_counts_from_the_first_event_that_was_not_ok():
    """It is in the recovery, too; previous levels are kept."""
    found = alerts(LEVELS, (4, 4, 0, 0, 2))

    assert [alert.duration // S for alert in found] == [0, 1, 2, 0]
    assert [alert.previous_level for alert in found] == ["OK", "CRITICAL", "CRITICAL", "OK"]


def test_flapping_silences_a_group_that_changes_all_the_time():
    """As soon as the share of changes is above the upper threshold."""
    calm = levels(LEVELS, (4, 0) * 10)
    flapping = levels(f"{LEVELS}.flapping(0.25, 0.5)", (4, 0) * 10)

    assert len(calm) == 20
    assert 0 < len(flapping) < 20


def test_id_message_and_details_are_rendered():
    """The id names task, group and tags; details are HTML."""
    (alert,) = alerts(
        LEVELS
        + ".id('{{ .TaskName }}/{{ .Name }}/{{ index .Tags \"host\" }}/{{ .Group }}')"
        + ".message('{{ .ID }}: {{ .Level }} {{ index .Fields \"x\" }}')"
        + ".details('<b>{{ .Message }}</b> & {{ .Time }}')",
        (4,),
    )

    assert alert.id == "task/cpu/a/host=a"
    assert alert.message == "task/cpu/a/host=a: CRITICAL 4"
    assert alert.details == (
        "<b>task/cpu/a/host=a: CRITICAL 4</b> & 1970-01-01 00:00:00 &#43;0000 UTC"
    )


def test_a_message_has_a_default_and_no_group_is_nil():
    """As Kapacitor prints both."""
    (alert,) = run('stream|from()|alert().crit(lambda: "x" > 0.0)', points(1, name="cpu")).alerts

    assert (alert.id, alert.message, alert.details) == ("cpu:nil", "cpu:nil is CRITICAL", "")


def test_points_that_make_an_event_flow_on_with_what_was_asked_for():
    """Level, id, message and duration as fields and tags."""
    script = (
        f"stream|from()|alert(){LEVELS}.levelField('l').levelTag('lt').idField('i').idTag('it')"
        ".messageField('m').durationField('d')|log()"
    )

    (entry,) = run(script, points(0, 4, name="cpu")).logs

    assert dict(entry.item.fields) == {
        "x": 4.0,
        "l": "CRITICAL",
        "i": "cpu:nil",
        "m": "cpu:nil is CRITICAL",
        "d": 0,
    }
    assert dict(entry.item.tags) == {"lt": "CRITICAL", "it": "cpu:nil"}


def test_a_batch_has_the_level_of_its_highest_point_or_with_all_of_its_lowest():
    """The event's time is that point's, or the batch's."""
    data = points(0, 1, 2, 4, 10)
    script = f"stream|from()|window().period(10s).every(10s)|alert(){LEVELS}"

    (highest,) = run(script, data).alerts
    lowest = run(f"{script}.all()", points(2.5, 4, 20)).alerts

    assert (highest.level, highest.time // S, highest.fields["x"]) == ("CRITICAL", 4, 4.0)
    assert [(alert.level, alert.time / S) for alert in lowest] == [("WARNING", 12.5)]


def test_handlers_and_topic_are_listed_and_nothing_is_sent():
    """What is set on a handler belongs to the handler."""
    (alert,) = alerts(
        f"{LEVELS}.topic('t').slack().channel('#x').log('/tmp/a.log').email('me@home').to('you')",
        (4,),
    )

    assert (alert.topic, alert.handlers) == ("t", ("slack", "log", "email"))


def test_a_condition_without_a_value_is_logged_and_not_met():
    """Other levels are tried."""
    done = run(
        'stream|from()|alert().warn(lambda: "x" > 0.0).crit(lambda: "nope" > 0.0)', points(1)
    )

    assert [alert.level for alert in done.alerts] == ["WARNING"]
    assert done.warnings == [
        'alert2: error evaluating expression for level CRITICAL: left reference value "nope" is '
        "missing value"
    ]


def test_each_group_has_a_state_of_its_own():
    """The recovery of one is not that of another."""
    data = [
        Point({"x": value}, time=number * S, name="cpu", tags={"host": host})
        for number, (host, value) in enumerate([("a", 4.0), ("b", 0.0), ("a", 0.0)])
    ]

    found = run(f"stream|from().groupBy('host')|alert(){LEVELS}", data).alerts

    assert [(alert.group, alert.level) for alert in found] == [
        ("host=a", "CRITICAL"),
        ("host=a", "OK"),
    ]


def test_thresholds_of_flapping_are_shares():
    """Kapacitor refuses others when the task starts."""
    with pytest.raises(TickError, match="should be between 0 and 1"):
        alerts(f"{LEVELS}.flapping(0.1, 20.0)", (1,))
