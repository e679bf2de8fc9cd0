"""HTML and text of points, batches, transcripts, Handlers and reports."""

import re

import pytest

from kapnb import Batch, Handler, Option, Point, simulate
from kapnb.notebook import (
    Report,
    batch_html,
    handler_html,
    handler_text,
    point_html,
    simulation_html,
    transcript_html,
)
from kapnb.notebook._displays import register_displays


def rows(html):
    """Return the table cells as text, row by row."""
    return [
        [re.sub("<.*?>", "", cell) for cell in re.findall(r"<t[hd]>(.*?)</t[hd]>", row)]
        for row in re.findall(r"<tr>(.*?)</tr>", html)
    ]


class Mean(Handler):
    """Mean of a field.

    Not shown: the rest.
    """

    field = Option(str, doc="field to <average>")
    size = Option(int, default=10)
    names = Option(str, many=True)
    quick = Option()
    error_policy = "skip"

    def group_state(self):
        return []

    def point(self, point, state):
        yield point


# ------------------------------------------------------------------------- point, batch


def test_a_point_shows_what_its_values_are():
    """With Kapacitor's types, and what it is grouped by."""
    point = Point(
        {"d": 0.5, "n": 2, "s": "<b>", "f": True},
        time=0,
        name="m",
        tags={"host": "a", "dc": "eu"},
        dimensions=["host"],
    )
    html = point_html(point)
    assert rows(html) == [
        ["name", "what", "type", "value"],
        ["host", "tag, grouped by", "string", "a"],
        ["dc", "tag", "string", "eu"],
        ["d", "field", "double", "0.5"],
        ["n", "field", "int", "2"],
        ["s", "field", "string", "&lt;b&gt;"],
        ["f", "field", "bool", "True"],
    ]
    assert "<b>m</b> 1970-01-01T00:00:00Z" in html
    assert "group host=a" in html


def test_a_point_says_what_it_inherits():
    """Made from scratch, it has no time yet."""
    assert "(time inherited)" in point_html(Point({"x": 1}))


def test_a_batch_shows_its_first_points():
    """Tags of the group stand above, own ones in a column."""
    points = [Point({"x": float(n)}, time=n, tags={"host": "a", "core": str(n)}) for n in range(12)]
    html = batch_html(Batch(points, name="m", tags={"host": "a"}, tmax=20))
    table = rows(html)
    assert table[0] == ["time", "core", "x"]
    assert table[1] == ["1970-01-01T00:00:00Z", "0", "0"]
    assert len(table) == 11
    assert "and 2 more points" in html
    assert "12 points" in html
    assert "(tmax inherited), 0 points" in batch_html(Batch([]))


# --------------------------------------------------------------------------- transcript


def test_a_transcript_has_one_line_a_message_in_fixed_columns(run):
    """Number, direction, kind, group, time, content; a legend above."""
    text = run(count=4, groups=2).transcript.table()
    legend, *lines = text.splitlines()
    assert legend.startswith("> to the UDF, < from the UDF; number")
    assert lines[2] == " 3 > point     host=h0  1970-01-01T00:00:00Z  m x=0"
    assert lines[3] == " 4 < point     host=h0  1970-01-01T00:00:00Z  m mean=0 x=0"
    assert {line.index("1970") for line in lines if "1970" in line} == {24}


def test_a_long_transcript_leaves_its_middle_out_and_says_how_much(run):
    """First and last messages stay, numbers go on."""
    transcript = run(count=500).transcript
    lines = transcript.table(20).splitlines()[1:]
    assert len(lines) == 21
    assert lines[12].strip() == f"… {len(transcript) - 20} messages left out …"
    assert [int(line.split()[0]) for line in lines[13:]] == list(range(997, 1005))
    assert list(transcript.between(700, 703)) == list(transcript)[700:703]


def test_a_transcript_tells_what_each_kind_says(batches, handlers):
    """Batches, snapshots, refusals, errors."""

    class Refuses(Handler):
        def init(self, request):
            raise ValueError("not <today>")

    simulation = simulate(Refuses, [Point({"x": 1}, time=0)], errors="keep")
    assert "refused: " in simulation.transcript.table()
    assert "&lt;today&gt;" in transcript_html(simulation.transcript)
    of_batches = simulate(handlers.BatchMean, batches(1)).transcript.table()
    assert re.search(r"> begin +host=h0 +m, 5 points", of_batches)
    assert re.search(r"< end +host=h0 +1970-01-01T00:00:05Z", of_batches)
    assert re.search(r"< snapshot +\d+ bytes", of_batches)


def test_a_transcript_shows_itself(run):
    """And escapes what came."""
    data = [Point({"s": "<script>"}, time=0, name="m")] * 2
    html = run(handler=Handler, data=data, group_by=None).transcript._repr_html_()
    assert "<script>" not in html
    assert "&#x27;&lt;script&gt;&#x27;" in html


# ------------------------------------------------------------------------------ Handler


def test_a_handler_shows_what_it_takes_and_how_it_is_used():
    """Edges, options with types, defaults and docs, what it defines, TICKscript."""
    html = handler_html(Mean)
    assert "<b>Mean</b>" in html
    assert "STREAM → STREAM" in html
    assert "Mean of a field." in html
    assert "the rest" not in html
    assert rows(html) == [
        ["option", "type", "default", "what for"],
        ["field", "string", "required", "field to &lt;average&gt;"],
        ["size", "int", "10", ""],
        ["names", "string (many)", "[]", ""],
        ["quick", "flag", "not set", ""],
    ]
    assert "defines group_state, point" in html
    assert "error_policy = &#x27;skip&#x27;" in html
    assert "<pre style='font-family:monospace;white-space:pre;overflow-x:auto'>@mean()" in html
    assert "\n    // field to &lt;average&gt; (required)" in html


def test_a_handlers_text_says_the_same():
    """In columns, for a terminal."""
    text = handler_text(Mean, "avg")
    assert text.startswith("Mean: STREAM → STREAM\n\nMean of a field.\n\noption  type ")
    assert "field   string         required  field to <average>" in text
    assert "@avg()" in text
    assert handler_text(Handler) == "Handler: STREAM → STREAM\n\n" + "\n\n".join(
        [Handler.__doc__.split("\n\n")[0], "no options", "@handler()"]
    )


def test_a_notebook_shows_them_once_the_extension_is_loaded(shell):
    """A class, too, which IPython asks nothing."""
    html = shell.display_formatter.formatters["text/html"]
    assert html(Mean) == handler_html(Mean)
    assert html(Point({"x": 1}, time=0)) == point_html(Point({"x": 1}, time=0))
    assert "1 point" in html(Batch([Point({"x": 1}, time=0)], tmax=1))
    (output,) = simulate(Handler, [Point({"x": 1.5}, time=0)]).outputs
    assert "Point" in html(output.item)
    assert html(int) is None


def test_other_displays_of_classes_stay(shell):
    """Whoever was there before is asked for what is no Handler; once, however often we load."""
    html = type(shell.display_formatter.formatters["text/html"])()
    html.for_type(type, lambda cls: f"class {cls.__name__}")
    register_displays(html)
    register_displays(html)
    assert html(int) == "class int"
    assert html(Mean) == handler_html(Mean)


# ------------------------------------------------------------------- simulation, report


class Bare(Handler):
    def point(self, point):
        if point.fields["x"] > 1:
            yield Point({"x": point.fields["x"]}, tags={}, dimensions=())


def test_a_simulation_shows_what_looks_wrong_and_what_gave_nothing(run):
    """Without running anything again."""
    html = simulation_html(run(Bare))
    assert "<b>looks wrong</b>" in html
    assert "<code>group-lost</code>" in html
    assert "the first points that gave nothing" in html
    assert rows(html)[-2:] == [
        ["1970-01-01T00:00:01Z", "h0", "1"],
        ["1970-01-01T00:00:10Z", "h0", "0"],
    ]


def test_batches_that_gave_nothing_are_named(batches):
    """In one line."""

    class Some(Handler):
        from kapnb import BATCH

        wants = provides = BATCH

        def batch(self, batch):
            return batch if batch.tmax > 6 * 10**9 else None

    html = simulation_html(simulate(Some, batches(2)))
    assert "the first batches that gave nothing: <code>Batch(m host=h0 1970" in html


def test_a_report_has_what_takes_another_run(run, handlers):
    """All lints; its short form is the same each time."""
    simulation = run(count=200)
    report = simulation.report()
    assert repr(report) == "Report(Mean: 1 lint)"
    assert "state-grows" in str(report)
    assert "<code>state-grows</code>" in report._repr_html_()
    assert re.search(r"group +in +out +in without out\nhost=h0 +200 +200 +0", str(report))
    assert str(report) == str(Report(simulation))
    clean = run(handlers.Mirror).report()
    assert repr(clean) == "Report(Mirror: 0 lints)"
    assert "nothing looks wrong" in clean._repr_html_()


def test_a_report_has_times_on_request_only(run, handlers):
    """They differ from run to run, so nothing else shows them."""
    simulation = run(handlers.Mirror)
    assert "Latencies(" not in str(simulation.report())
    timed = simulation.report(timing=True)
    assert "Latencies(40 points: p50 " in str(timed)
    assert "Latencies(40 points: p50 " in timed._repr_html_()
    assert "Timing(40 inputs in" in str(timed)
    assert "Timing" not in simulation._repr_html_() + repr(simulation)


def test_a_run_knows_how_long_it_took():
    """By the clock that it is given."""
    from kapnb.simulation import Simulation

    ticks = iter([10.0, 12.5])
    points = [Point({"x": 1.5}, time=n) for n in range(5)]
    run = Simulation(Handler, points, clock=lambda: next(ticks)).run()
    assert (run.timing.seconds, run.timing.inputs, run.timing.rate) == (2.5, 5, 2.0)


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "a & b", "\"'"])
def test_nothing_is_ever_markup(text):
    """Names, values, docs, groups."""

    class Says(Handler):
        __doc__ = text
        word = Option(str, default=text, doc=text)

    point = Point({text: text}, time=0, name=text, tags={text: text}, dimensions=[text])
    batch = Batch([point], name=text, tags={text: text}, tmax=1)
    run = simulate(Says, [point] * 2, group_by=text)
    shown = [
        point_html(point),
        batch_html(batch),
        handler_html(Says, "says"),
        run.transcript._repr_html_(),
        run.report()._repr_html_(),
    ]
    for html in shown:
        assert "<script>" not in html
        assert "a & b" not in html
