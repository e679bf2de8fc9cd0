"""The TICKscript that goes with an export feeds the UDF as the notebook did."""

from __future__ import annotations

import re
from statistics import fmean

import pytest

from kapnb import BATCH, STREAM, Duration, Handler, Option, Point, simulate
from kapnb.model import Batch, parse_duration
from kapnb.simulation import check_tick
from kapnb_exporter._tickscript import Feed, feed_of, tickscript

SECOND = 10**9


class High(Handler):
    limit = Option(float, default=3.0)
    field = Option(str, default="x")
    spans = Option(Duration, int, default=None, name="between")
    loud = Option()
    rungs = Option(int, many=True)

    def point(self, point):
        yield point.with_fields(high=point.fields[self.field] > self.limit)


class Mean(Handler):
    wants, provides = BATCH, STREAM

    def batch(self, batch):
        values = [point.fields["x"] for point in batch.points]
        if values:
            yield Point({"mean": fmean(values)}, time=batch.tmax, name=batch.name, tags=batch.tags)


class Named(Handler):
    def point(self, point):
        yield point.with_fields(**{"it's": f"{point.name} \\ '"})


def points(late=0, **changes):
    """Return twenty points of two hosts, a second apart."""
    common = {"name": "m", "database": "plant", "retention_policy": "week"}
    return [
        Point(
            {"x": float(n)}, time=n * SECOND + late, tags={"host": "ab"[n % 2]}, **common | changes
        )
        for n in range(20)
    ]


def written(handler, data, **settings):
    """Return the TICKscript after one simulation, and the simulation."""
    run = simulate(handler, data, **settings)
    return tickscript("udf", feed_of(run.info, run.transcript)), run


SIMULATED = {
    "no grouping": (High, points(), {}),
    "grouped": (High, points(), {"group_by": "host"}),
    "by all tags": (High, points(), {"group_by": "*"}),
    "by measurement": (High, points(), {"group_by": "host", "by_measurement": True}),
    "no database": (High, points(database="", retention_policy=""), {}),
    "quotes": (High, points(name="it's", database='a "b"'), {}),
    "several measurements": (Named, [*points(), *points(name="n", late=SECOND // 2)], {}),
    "options": (
        High,
        points(),
        {"options": {"limit": -2.5, "between": (Duration.parse("90s"), -4), "loud": True}},
    ),
    "repeated": (High, points(), {"options": {"rungs": [1, -2], "field": "x"}}),
}


@pytest.mark.parametrize("case", SIMULATED)
def test_a_task_with_it_sends_what_the_simulation_sent(case):
    """Kapacitor's checks find nothing, and the UDF gives the same answers."""
    handler, data, settings = SIMULATED[case]
    data = sorted(data, key=lambda point: point.time)
    text, run = written(handler, data, **settings)

    check = check_tick(text, {"udf": handler}, data=data)
    task = simulate({"udf": handler}, data, tick=text)

    assert not check.refused
    assert check.lints == []
    assert [(o.item.time, dict(o.item.fields)) for o in task.udf("udf").outputs] == [
        (o.item.time, dict(o.item.fields)) for o in run.outputs
    ]
    assert [p.dimensions for p in task.udf("udf").inputs] == [p.dimensions for p in run.inputs]
    assert task.udf("udf").options == settings.get("options", {})


@pytest.mark.parametrize(
    ("period", "every"), [("4s", "4s"), ("8s", "4s"), ("1m", "1m")], ids=lambda text: text
)
def test_batches_come_from_the_window_that_made_them(period, every):
    """Found in the times of the batches; one of each group leaves but a guess."""
    script = (
        "stream|from().measurement('m').groupBy('host')"
        f"|window().period({period}).every({every})@mean()|log()"
    )
    late = [Point({"x": 1.0}, time=70 * SECOND, name="m", tags={"host": h}) for h in "ab"]
    run = simulate({"mean": Mean}, [*points(), *late], tick=script, database="plant").udf("mean")

    feed = feed_of(run.info, run.transcript)

    assert (feed.dimensions, feed.measurements) == (("host",), ("m",))
    if period == "1m":
        assert feed.period == feed.every
        assert feed.period >= 19 * SECOND
    else:
        assert feed.every == parse_duration(every)
        assert feed.period == parse_duration(period)
    text = tickscript("mean", feed)
    assert not check_tick(text, {"mean": Mean}).refused


def test_queried_batches_get_a_window_that_holds_one():
    """A DataFrame's points are one batch a group."""
    text, _ = written(Mean, points(), group_by="host")
    assert ".period(30s)\n        .every(30s)" in text
    assert not check_tick(text, {"udf": Mean}, data=points()).refused


def test_a_batch_longer_than_any_usual_window_gets_whole_days():
    """Nine days of data: nine days, for the points to fit."""
    day = 86400 * SECOND
    batch = Batch([Point({"x": 1.0}, time=0), Point({"x": 1.0}, time=8 * day + 1)], name="m")
    run = simulate(Mean, [batch])
    assert feed_of(run.info, run.transcript).period == 9 * day


def test_it_never_writes_what_it_reads():
    """A task that feeds itself would never end."""
    for names in (("m",), ("m", "n"), ()):
        text = tickscript("udf", Feed(STREAM, STREAM, measurements=names))
        read = set(re.findall(r"measurement\('(.*)'\)", text.partition("influxDBOut")[0]))
        target = re.findall(r"measurement\('(.*)'\)", text.partition("influxDBOut")[2])
        assert len(read) == max(1, len(names))
        assert not read & set(target)


def test_what_the_data_leaves_open_is_said():
    """In comments on top."""
    text = tickscript("udf", Feed(STREAM, STREAM))
    assert text.startswith(
        "// The notebook's data names no database: put yours in.\n"
        "// The notebook's data names no measurement: put yours in.\n"
    )
    feed = Feed(STREAM, STREAM, database="d", measurements=("m",))
    assert tickscript("udf", feed).startswith("dbrp ")


def uncommented(text):
    """Return a script with the alert that stood in its comments."""
    script, _, alert = text.partition("// An alert")
    return script + "\n".join(line[3:] for line in alert.split("\n")[1:])


@pytest.mark.parametrize(("handler", "fires"), [(High, True), (Mean, False), (Named, True)])
def test_the_alert_can_be_taken_out_of_its_comment(handler, fires):
    """A flag fires, a number only above all that was simulated, a text unless it is empty."""
    script = "stream|from().measurement('m')|window().period(4s).every(4s)@udf()|log()"
    if handler is Mean:
        run = simulate({"udf": Mean}, points(), tick=script).udf("udf")
        text = tickscript("udf", feed_of(run.info, run.transcript))
    else:
        text, _ = written(handler, points())
    script = uncommented(text)

    assert not check_tick(script, {"udf": handler}).refused
    task = simulate({"udf": handler}, points(), tick=script)
    assert any(alert.level == "CRITICAL" for alert in task.alerts) is fires


def test_options_are_explained():
    """Above those that are given, and by name where they have their defaults."""
    run = simulate(High, points(), options={"limit": 1.5})
    feed = feed_of(run.info, run.transcript)
    text = tickscript("udf", feed, explained={"limit": "above it (default 3.0)", "field": "which"})
    assert "// .field(): which\nvar results" in text
    assert "        // above it (default 3.0)\n        .limit(1.5)" in text


def test_further_branches_take_the_place_of_the_hint():
    """As another service's alert."""
    feed = Feed(STREAM, STREAM, measurements=("m",), added={"high": True})
    text = tickscript("udf", feed, branches=["|alert().crit(lambda: \"high\").topic('t')"])
    assert "// An alert" not in text
    assert "results\n    |alert()" in text


class Changing(Handler):
    def point(self, point):
        x = point.fields["x"]
        yield point.with_fields(label="low" if x < 3.0 else x)


def test_a_field_that_changes_its_type_is_no_number():
    """What comes first counts."""
    text, _ = written(Changing, points())
    assert ".crit(lambda: \"label\" != '')" in text
