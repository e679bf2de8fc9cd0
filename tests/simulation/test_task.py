"""A whole script: UDFs, data, warnings, errors, what a TaskRun tells."""

from __future__ import annotations

import pandas as pd
import pytest

from captures import DATA, requests
from kapnb import BATCH, Batch, Handler, HandlerError, Option, Point, last_run, simulate
from kapnb.errors import OptionError, SourceError, TargetError, TickError
from kapnb.model import BeginBatch, Duration
from kapnb.simulation import TaskRun
from kapnb.sources import DamageWarning

S = 10**9


class Mirror(Handler):
    """Sends back what comes."""

    def point(self, point):
        yield point


class Counter(Handler):
    """Counts the points of a group, from `start` on."""

    start = Option(int, default=0)
    unit = Option(Duration, default=0)

    def group_state(self):
        return [self.start]

    def point(self, point, state):
        state[0] += 1
        yield point.with_fields(count=state[0])


class Spans(Handler):
    """The span of a batch, as a point."""

    wants = BATCH

    def batch(self, batch):
        values = [point.fields["x"] for point in batch.points]
        yield Point({"span": max(values) - min(values)})


def points(*hosts: str, name: str = "m") -> list[Point]:
    return [
        Point({"x": float(number)}, time=number * S, name=name, tags={"host": host})
        for number, host in enumerate(hosts)
    ]


def test_one_handler_is_that_of_the_only_udf():
    """Options come from the script, and reach the Handler typed."""
    run = simulate(
        Counter,
        points("a", "b", "a"),
        tick="stream|from().groupBy('host')@anything().start(5).unit(1m)|influxDBOut()",
    )

    assert isinstance(run, TaskRun)
    assert [point.fields["count"] for point in run.written] == [6, 6, 7]
    assert run.udf().options == {"start": 5, "unit": Duration.parse("1m")}
    assert repr(run) == "TaskRun(3 points in, anything2: 3 out, influxdb_out3: 3 points)"


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            "|mirror()",
            'line 1 char 15: no chaining method "mirror" on *pipeline.FromNode, but dynamic method '
            "does exist. Use '@' operator instead: 'node@mirror(..)'.",
        ),
        ("@mirrors()", 'line 1 char 15: no method or property "mirrors" on *pipeline.FromNode'),
    ],
)
def test_a_udf_that_the_script_fails_to_call_is_kapacitors_refusal(call, text):
    """That the script does not use the UDF is what the refusal is about."""
    with pytest.raises(TickError) as caught:
        simulate({"mirror": Mirror}, points("a"), tick=f"stream|from(){call}")

    assert str(caught.value) == text


def test_a_udf_that_the_script_does_not_use_is_a_warning():
    """Kapacitor's configuration has others, too."""
    udfs = {"mirror": Mirror, "counter": Counter}
    run = simulate(udfs, points("a"), tick="stream|from()@mirror()|log()")

    assert run.warnings == ["the script does not use @counter"]
    assert len(run.logs) == 1


def test_what_is_refused_has_the_name_that_the_script_has():
    """deadman is short for stats, derivative and alert."""
    with pytest.raises(TickError) as caught:
        simulate({}, points("a"), tick="stream|from()\n  |deadman(100.0, 10s)")

    assert str(caught.value) == "line 2 char 4: |deadman is not simulated"


def test_udfs_in_a_chain_and_in_branches_each_get_a_handler_of_their_own():
    """The same UDF twice is two processes with two states."""
    script = """
        var data = stream|from().groupBy('host')
        data@counter()|window().period(2s).every(2s)@spans()|log().prefix('spans')
        data@counter().start(10)|influxDBOut()
    """

    run = simulate({"counter": Counter, "spans": Spans}, points(*"aaaaa"), tick=script)

    assert [view.name for view in run.udfs.values()] == ["counter", "spans", "counter"]
    assert [point.fields["count"] for point in run.written] == [11, 12, 13, 14, 15]
    assert [(entry.item.time // S, entry.item.fields["span"]) for entry in run.logs] == [
        (2, 1.0),
        (4, 1.0),
    ]


def test_a_handler_is_found_by_its_name_among_several_udfs():
    """Underscores and capitals do not matter; otherwise a mapping is needed."""
    script = "stream|from()@span_s()@mirror()"
    batches = "stream|from()|window().period(2s).every(2s)@spans()@mirror()"

    with pytest.raises(TickError, match='no method or property "span_s"'):
        simulate(Mirror, points("a"), tick=script)
    with pytest.raises(TargetError, match="the script uses @spans, @mirror; say which is which"):
        simulate(Counter, points("a"), tick=batches)


def test_what_a_udf_sends_is_regrouped_by_what_it_carries():
    """Its group id is never believed; a point without dimensions is in no group."""

    class Moved(Handler):
        def point(self, point):
            yield Point({"x": 1.0}, tags={"host": "z"}, dimensions=("host",))
            yield Point({"x": 2.0}, tags={"host": "z"}, dimensions=())

    run = simulate(Moved, points("a"), tick="stream|from().groupBy('host')@moved()|log()")

    assert [entry.item.group for entry in run.logs] == ["host=z", ""]


def test_batches_of_a_udf_have_the_group_of_their_end():
    """Dimensions are the sorted names of the batch's tags; points keep only their own tags."""

    class Cut(Handler):
        provides = BATCH

        def point(self, point):
            yield Batch([Point({"x": 1.0}, tags={})], tags={"b": "2", "a": "1"}, tmax=7)

    run = simulate(Cut, points("c"), tick="stream|from()@cut()|log()|count('x')|influxDBOut()")

    (batch,) = (entry.item for entry in run.logs)
    (point,) = run.written
    assert (batch.group, dict(batch.points[0].tags)) == ("a=1,b=2", {})
    assert (point.time, dict(point.tags), point.fields["count"]) == (7, {"a": "1", "b": "2"}, 1)


def test_the_script_is_checked_in_kapacitors_words():
    """Options and edges are refused before any data flows."""
    with pytest.raises(TickError, match=r"^line 1 char 25: unexpected arg to start, got STRING"):
        simulate(Counter, points("a"), tick="stream|from()@counter().start('5')")
    with pytest.raises(TickError, match="mismatched edges: from1:stream -> spans2:batch"):
        simulate(Spans, points("a"), tick="stream|from()@spans()")


def test_what_init_refuses_ends_the_run_with_the_run_attached():
    """Semantic checks are the Handler's; the words are those of `kapacitor show`."""

    class Picky(Handler):
        field = Option(str)

    with pytest.raises(TickError) as caught:
        simulate(Picky, points("a"), tick="stream|from()@picky()")

    assert str(caught.value) == (
        "picky2: failed to initialize processes missing required option 'field'"
    )
    assert isinstance(caught.value.__cause__, OptionError)
    assert isinstance(caught.value.simulation, TaskRun)


def test_an_error_in_a_udf_keeps_what_came_before():
    """With errors="keep" the run tells; otherwise the error carries it."""

    class Fails(Handler):
        def point(self, point):
            if point.fields["x"] == 2.0:
                raise ValueError("no twos")
            yield point

    script = "stream|from()@fails()|influxDBOut()"
    kept = simulate(Fails, points(*"aaaa"), tick=script, errors="keep")
    with pytest.raises(HandlerError) as caught:
        simulate(Fails, points(*"aaaa"), tick=script)

    assert len(kept.written) == len(caught.value.simulation.written) == 2
    assert "no twos" in str(kept.error)
    assert kept.udf().error is kept.error
    assert "ended by HandlerError" in repr(kept)


def test_an_interrupted_run_is_with_the_interrupt():
    """What was produced until then is not lost."""

    class Stopped(Handler):
        def point(self, point):
            yield point
            if point.fields["x"] == 2.0:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        simulate(Stopped, points(*"aaaa"), tick="stream|from()@stopped()|influxDBOut()")

    run = caught.value.simulation
    assert len(run.written) == 2
    assert (run.interrupted, last_run()) == (True, run)
    assert repr(run).endswith(", interrupted)")


def test_an_interrupted_run_can_be_kept():
    """With errors="keep" it is what simulate returns."""

    class Stopped(Handler):
        def point(self, point):
            raise KeyboardInterrupt

    run = simulate(Stopped, points("a"), tick="stream|from()@stopped()|log()", errors="keep")

    assert str(run.error) == "interrupted after 1 input"


@pytest.mark.parametrize(("typing", "value"), [("written", 3), ("query", 3.0)])
def test_fields_arrive_with_the_types_asked_for(typing, value):
    """In a task and without."""

    class Mirror(Handler):
        def point(self, point):
            return point

    data = [Point({"n": 3}, time=1, name="m")]
    alone = simulate(Mirror, data, typing=typing)
    within = simulate(Mirror, data, tick="stream|from()@mirror()|log()", typing=typing)

    for run in (alone, within.udf()):
        (output,) = run.outputs
        assert repr(output.item.fields["n"]) == repr(value)


def test_state_goes_on_with_the_snapshot_of_the_run_before():
    """One UDF takes bytes; several take them by name."""
    script = "stream|from().groupBy('host')@counter()|influxDBOut()"
    first = simulate(Counter, points("a", "a"), tick=script)

    second = simulate(Counter, points("a"), tick=script, snapshot=first.udf().snapshot)
    named = simulate(
        {"counter": Counter}, points("a"), tick=script, snapshot={"counter": first.udf().snapshot}
    )

    assert [point.fields["count"] for point in second.written] == [3]
    assert [point.fields["count"] for point in named.written] == [3]


def test_a_field_that_no_udf_can_be_sent_is_refused():
    """Kapacitord would panic."""
    script = "stream|from()|eval(lambda: 10s).as('d')@mirror()"

    with pytest.raises(HandlerError, match="field 'd' is a duration, which no UDF can be sent"):
        simulate(Mirror, points("a"), tick=script)


def test_what_a_udf_gets_is_what_it_gets_without_a_script():
    """Grouping in a script and grouping in `simulate` send the same frames."""
    alone = simulate(Counter, points(*"aba"), group_by="host")
    task = simulate(
        Counter,
        points(*"aba"),
        tick="stream|from().groupBy('host')@counter()",
        database="d",
        retention_policy="r",
    )

    def shown(transcript) -> list[str]:
        text = str(transcript).replace('"database": "d", "retention_policy": "r", ', "")
        return [line for line in text.splitlines() if "init" not in line]

    assert shown(task.udf().transcript) == shown(alone.transcript)


def test_a_begin_announces_points_only_if_none_can_have_been_dropped():
    """where and eval announce nothing; a node that waits for the end announces what is left."""

    class Sizes(Handler):
        wants, provides = BATCH, BATCH

    script = "stream|from()|window().period(2s).every(2s){}@sizes()"

    def sizes(between: str) -> list[int]:
        run = simulate(Sizes, points(*"aaaaa"), tick=script.format(between))
        sent = requests(run.udf().transcript.requests)
        return [message.size for message in sent if isinstance(message, BeginBatch)]

    where = '|where(lambda: "x" != 1.0)'
    assert sizes("") == [2, 2]
    assert sizes(where) == [0, 0]
    assert sizes("|eval(lambda: \"x\").as('y')") == [0, 0]
    assert sizes("|default().field('z', 1.0)") == [2, 2]
    assert sizes(f"{where}|log()") == [1, 2]


# ------------------------------------------------------------------------------------ data


def test_a_frame_gets_measurement_database_and_tags_from_the_script():
    """So that the script's from() selects it."""
    frame = pd.DataFrame({"time": [0, S], "host": ["a", "b"], "x": [1.0, 2.0]})
    script = (
        "stream|from().database('plant').retentionPolicy('week').measurement('m').groupBy('host')"
        "@mirror()|influxDBOut()"
    )

    run = simulate(Mirror, frame, tick=script)

    assert [(p.name, dict(p.tags), p.database, p.retention_policy) for p in run.written] == [
        ("m", {"host": "a"}, "plant", "week"),
        ("m", {"host": "b"}, "plant", "week"),
    ]


def test_points_without_a_database_are_telegraf_s():
    """Unless the script's dbrp, or the caller, says otherwise."""

    def database(script: str, **given) -> str:
        run = simulate({}, points("a"), tick=f"{script}|influxDBOut()", **given)
        return f"{run.written[0].database}.{run.written[0].retention_policy}"

    assert database("stream|from()") == "telegraf.autogen"
    assert database('dbrp "d"."r"\nstream|from()') == "d.r"
    assert database("stream|from()", database="mine", retention_policy="r") == "mine.r"


def test_a_mapping_gives_several_measurements_in_the_order_of_time():
    """Frames and files go by measurement."""
    cpu = pd.DataFrame({"time": [0, 2 * S], "x": [1.0, 2.0]})
    mem = pd.DataFrame({"time": [S, 3 * S], "y": [1, 2]})

    run = simulate({}, {"cpu": cpu, "mem": mem}, tick="stream|from()|log()")

    assert [(entry.item.name, entry.item.time // S) for entry in run.logs] == [
        ("cpu", 0),
        ("mem", 1),
        ("cpu", 2),
        ("mem", 3),
    ]


def test_a_csv_alone_is_the_measurement_of_the_script_and_several_are_their_own(tmp_path):
    """Several files cannot all be what one from() selects; grouping makes tags."""
    for name in ("one", "two"):
        (tmp_path / f"{name}.csv").write_text("time,host,x\n1,a,0.5\n", encoding="utf-8")
    script = "stream|from().measurement('one').groupBy('host','dc')|log()"

    alone = simulate({}, tmp_path / "two.csv", tick=script)
    both = simulate({}, [tmp_path / "one.csv", tmp_path / "two.csv"], tick=script)

    assert [(entry.item.name, entry.item.group) for entry in alone.logs] == [("one", "dc=,host=a")]
    assert [entry.item.name for entry in both.logs] == ["one"]


def test_a_from_that_selects_nothing_is_named():
    """Silence would look like success."""
    run = simulate({}, points("a"), tick="stream|from().measurement('cpu')|log()")

    assert run.logs == []
    assert run.warnings == [
        "from1 (line 1) selected none of 1 points: it wants measurement 'cpu'; "
        "the data has telegraf.autogen.m"
    ]


def test_a_dbrp_keeps_points_of_other_databases_from_the_task():
    """As the task master does, live and in a replay; and that is said."""
    data = [
        Point({"x": 1.0}, time=1, name="m", tags={}, database="d", retention_policy="r"),
        Point({"x": 2.0}, time=2, name="m", tags={}, database="other", retention_policy="r"),
        Point({"x": 3.0}, time=3, name="m", tags={}),
    ]

    run = simulate({}, data, tick='dbrp "d"."r"\nstream|from()|log()')

    assert [entry.item.time for entry in run.logs] == [1, 3]
    assert run.warnings == [
        'dbrp "d"."r" keeps 1 points from the task; the data has d.r.m, other.r.m'
    ]


def test_batches_are_not_for_a_stream_task():
    """Nor points without a time for any."""
    batch = Batch([Point({"x": 1.0}, time=0)], name="m", tags={}, tmax=1)

    with pytest.raises(SourceError, match="the script is a stream task and the data is batches"):
        simulate({}, [batch], tick="stream|from()|log()")
    with pytest.raises(SourceError, match="a point of the data needs a time"):
        simulate({}, [Point({"x": 1.0}, name="m")], tick="stream|from()|log()")


def test_the_data_goes_into_a_batch_task_query_by_query():
    """The number of entries must be that of the queries; their batches go by tmax."""
    recording = DATA / "recordings" / "rec_batch.brpl"
    two = """
        var a = batch|query('SELECT x FROM m').every(1s)
        var b = batch|query('SELECT y FROM m').every(1s)
        a|log().prefix('a')
        b|log().prefix('b')
    """

    run = simulate({}, recording, tick=two)
    with pytest.raises(SourceError, match="exp 2 got 3: the script has 3 queries, the data 2"):
        simulate({}, recording, tick=two + "batch|query('SELECT z FROM m').every(1s)|log()")
    with pytest.raises(SourceError, match="exp 2 got 1: the script has 1 query, the data 2"):
        simulate({}, recording, tick="batch|query('SELECT x FROM m').every(1s)|log()")

    assert {entry.prefix for entry in run.logs} == {"a", "b"}
    tmaxes = [entry.item.tmax for entry in run.logs]
    assert tmaxes == sorted(tmaxes)


def test_a_damaged_recording_is_named(tmp_path):
    """And what stands before the damage is used."""
    whole = (DATA / "recordings" / "host_cpu_batch.brpl").read_bytes()
    cut = tmp_path / "cut.brpl"
    cut.write_bytes(whole[: len(whole) // 2])
    empty = tmp_path / "empty.brpl"
    empty.write_bytes(b"PK\3\4")
    script = "batch|query('q').every(1s)|log()"

    with pytest.warns(DamageWarning, match=r"cut\.brpl, entry 0"):
        run = simulate({}, cut, tick=script)
    with pytest.raises(SourceError, match=r"empty\.brpl"):
        simulate({}, empty, tick=script)

    assert 0 < len(run.logs) < 42


def test_variables_have_the_values_that_are_given():
    """As a vars file gives them."""
    script = 'var limit = 1.0\nstream|from()|where(lambda: "x" > limit)|log()'

    few = simulate({}, points(*"aaaa"), tick=script, variables={"limit": 2.0})

    assert len(simulate({}, points(*"aaaa"), tick=script).logs) == 2
    assert len(few.logs) == 1


def test_a_script_may_be_a_file_and_names_the_task(tmp_path):
    """The id in messages and in init is the file's stem."""
    path = tmp_path / "hot.tick"
    path.write_text(
        "stream|from()@mirror()|alert().crit(lambda: TRUE).message('{{ .TaskName }}')",
        encoding="utf-8",
    )

    run = simulate(Mirror, points("a"), tick=path)
    with pytest.raises(TargetError, match="the script cannot be read"):
        simulate(Mirror, points("a"), tick=str(tmp_path / "none.tick"))

    assert run.alerts[0].message == "hot"
    assert '"task_id": "hot"' in str(run.udf().transcript)


def test_options_of_simulate_do_not_go_with_a_script():
    """They are the script's affair."""
    with pytest.raises(ValueError, match="options and grouping are the script's"):
        simulate(Mirror, points("a"), tick="stream|from()@mirror()", options={"x": 1})


# --------------------------------------------------------------------------------- results


def test_frames_are_told_by_sink():
    """By id or kind; the only influxDBOut by default."""
    script = (
        "stream|from().groupBy('host')@counter()|log()"
        "|alert().crit(lambda: \"count\" > 1)|influxDBOut().measurement('out')"
    )
    run = simulate(Counter, points("a", "b", "a"), tick=script)

    assert list(run.frame()["name"]) == ["out"]
    assert list(run.frame("log3")["count"]) == [1, 1, 2]
    assert list(run.frame("alert")["level"]) == ["CRITICAL"]
    assert list(run.udf().frame["count"]) == [1, 1, 2]
    assert list(run.udf("counter").input_frame["x"]) == [0.0, 1.0, 2.0]
    with pytest.raises(KeyError, match="'httpOut' is not one node that keeps records"):
        run.frame("httpOut")
    with pytest.raises(KeyError, match="'nope' is not one UDF"):
        run.udf("nope")


def test_html_shows_alerts_sinks_and_warnings():
    """The same run gives the same text."""
    script = "stream|from()|alert().crit(lambda: \"x\" > 0.5).message('<hot>')|influxDBOut()"

    html = simulate({}, points(*"aa"), tick=script)._repr_html_()

    assert "&lt;hot&gt;" in html
    assert "<b>influxdb_out3</b>" in html
    assert html == simulate({}, points(*"aa"), tick=script)._repr_html_()


def test_a_udf_s_run_is_shown_and_drawn_like_a_simulation():
    """Its table and its picture are those that a single Handler has."""
    view = simulate(Counter, points(*"aba"), tick="stream|from()@counter().start(2)").udf()

    assert "<code>start=2</code>" in view._repr_html_()
    assert view.plot(fields=["count"]) is not None
    assert [len(outputs) for _, outputs in view.pairs()] == [1, 1, 1]
    assert repr(view) == "UdfRun(counter2: 3 points in, 3 points out)"
