"""A Simulation as HTML."""

import re
import subprocess
import sys
from html.parser import HTMLParser

import pandas as pd
import pytest

from kapnb import Handler, Option, Point, simulate
from kapnb.notebook import plot_groups, simulation_html
from kapnb.notebook._html_parts import uncut

OPEN_ENDED = {"br"}


def rows(html):
    """Return the table cells as text, row by row."""
    return [
        [re.sub("<.*?>", "", cell) for cell in re.findall(r"<t[hd]>(.*?)</t[hd]>", row)]
        for row in re.findall(r"<tr>(.*?)</tr>", html)
    ]


class Balance(HTMLParser):
    """Fails on a tag that is not closed in order."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        if tag not in OPEN_ENDED:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_it_says_what_ran_with_which_options(run, handlers):
    """Handler, its summary, edges, what was given and what was default."""

    class Both(handlers.Mean):
        """Two options."""

        size = Option(int, default=3)

    html = simulation_html(run(Both, options={"size": 5}))
    assert "<b>Both</b>" in html
    assert "STREAM → STREAM" in html
    assert "Two options." in html
    assert "<code>size=5</code>" in html
    assert "field=&#x27;x&#x27;" in html


def test_it_counts_by_group(run, handlers):
    """In, out, and inputs to which nothing was sent; the sum below."""
    html = simulation_html(run(handlers.Peak, groups=2))
    assert rows(html)[:4] == [
        ["group", "in", "out", "in without out"],
        ["host=h0", "20", "4", "16"],
        ["host=h1", "20", "4", "16"],
        ["all groups", "40", "8", "32"],
    ]


def test_groups_stand_in_the_order_of_plots():
    """Natural, whatever came first; the frame of groups has it, too."""
    names = ["cpu10", "cpu2", "cpu-total", "cpu1"]
    data = [Point({"x": 1.0}, time=n, tags={"cpu": name}) for n, name in enumerate(names)]
    run = simulate(Handler, data, group_by="cpu")
    table = [row[0] for row in rows(simulation_html(run))[1:5]]
    drawn = [ax.get_title(loc="left") for ax in plot_groups(run)]
    assert table == drawn == list(run.group_frame.index)
    assert table == ["cpu=cpu1", "cpu=cpu2", "cpu=cpu10", "cpu=cpu-total"]


def test_one_group_needs_no_sum(run):
    """A single line counts."""
    assert rows(simulation_html(run(count=3)))[:2] == [
        ["points", "in", "out", "in without out"],
        ["", "3", "3", "0"],
    ]


class Hello(Handler):
    def init(self, request):
        self.emit(Point({"hello": 1}, time=0, name="m"))


def test_what_was_emitted_before_any_input_counts_for_the_first(run):
    """With it it goes out: before, a restore might still come."""
    html = simulation_html(run(Hello, count=4, groups=2))
    assert rows(html)[1:4] == [
        ["host=h0", "2", "3", "0"],
        ["host=h1", "2", "2", "0"],
        ["all groups", "4", "5", "0"],
    ]


def test_what_was_sent_without_any_input_is_in_the_sum(run):
    """It belongs to no group, and is counted all the same."""
    nothing = pd.DataFrame({"x": []}, pd.to_datetime([], utc=True))
    simulation = run(Hello, data=nothing, group_by=None)
    assert [output.input for output in simulation.outputs] == [-1]
    assert rows(simulation_html(simulation))[:2] == [
        ["points", "in", "out", "in without out"],
        ["", "0", "1", "0"],
    ]


def test_many_groups_become_a_number(run):
    """Ten are listed."""
    assert "and 2 more groups" in simulation_html(run(count=60, groups=12))


def test_it_shows_the_first_points_that_went_out(run, handlers, batches):
    """Time, tags of the group, fields; of batches the points."""
    table = rows(simulation_html(run(count=9)))[2:]
    assert table[0] == ["time", "host", "x", "mean"] or table[0] == ["time", "host", "mean", "x"]
    assert len(table) == 1 + 5
    assert table[1][:2] == ["1970-01-01T00:00:00Z", "h0"]
    batched = rows(simulation_html(run(handlers.BatchMean, data=batches(2), group_by=None)))
    assert batched[0][0] == "batches"
    assert batched[2:] == [
        ["time", "host", "mean"],
        ["1970-01-01T00:00:05Z", "h0", "2"],
        ["1970-01-01T00:00:10Z", "h0", "7"],
    ]


def test_an_error_is_told_in_full(run):
    """Its text is what the reader came for."""

    class Fails(Handler):
        def point(self, point):
            raise ValueError("x <" + "y" * 200)

    html = simulation_html(run(Fails, errors="keep"))
    assert "<b>ended early</b> HandlerError: ValueError: x &lt;" + "y" * 200 in html
    assert "no output" in html


def test_warnings_are_listed(run):
    """Up to ten, then their number."""
    simulation = run(count=3)
    simulation.warnings.extend([f"odd <{number}>" for number in range(12)])
    html = simulation_html(simulation)
    assert "<li>odd &lt;9&gt;</li>" in html
    assert "and 2 more warnings" in html


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "a & b", "\"'", "x" * 500])
def test_data_is_never_markup(run, text):
    """Whatever stands in a field, tag, option or warning is shown, not obeyed."""

    class Says(Handler):
        word = Option(str, default=text)

    data = [Point({"s": text}, time=0, name="m", tags={"host": text})] * 2
    simulation = run(Says, data=data, options={"word": text})
    simulation.warnings.append(text)
    html = simulation_html(simulation)
    balance = Balance()
    balance.feed(html)
    assert not balance.open
    assert "<script>" not in html
    assert "a & b" not in html


def test_one_run_gives_one_text(run):
    """Notebook tests compare it: no time of day, no address, no random id."""
    first, second = (simulation_html(run(groups=3)) for _ in range(2))
    assert first == second
    assert not re.search(r"0x[0-9a-f]{6}|\bid=", first)


def test_it_needs_neither_pandas_nor_matplotlib():
    """A rich display costs no heavy import."""
    code = (
        "import sys\n"
        "sys.modules['pandas'] = sys.modules['matplotlib'] = None\n"
        "from kapnb import Handler, Point, simulate\n"
        "run = simulate(Handler, [Point({'x': 1.5}, time=0)])\n"
        "assert run._repr_html_().startswith('<div>')"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_cannot_be_meant_is_told_with_its_line():
    """A forgotten yield gives an empty result, and a misnamed method a wrong one."""

    class Forgets(Handler):
        def points(self, point):
            point.with_fields(x=1.0)

    html = simulation_html(simulate(Forgets, [Point({"x": 0.0}, time=0)]))
    assert "looks wrong" in html
    assert "Forgets.points is never called; did you mean point?" in html
    assert "with_fields returns a new point, which is lost here" in html


def test_of_batches_the_points_are_counted_too(run, handlers, batches):
    """They are what a Handler of batches changes."""
    html = simulation_html(run(handlers.BatchMean, data=batches(2), group_by=None))
    assert rows(html)[0] == ["batches", "batches in", "out", "in without out"]
    assert "with 10 points in, 2 out" in html


def test_a_docstring_is_told_to_its_first_blank_line():
    """Not cut; what is code in it is code."""

    class Long(Handler):
        """Mean of the last `size` values of a field, which is told by the option of that name,
        for each group.

        More of it is in the class's own display.
        """

    html = simulation_html(simulate(Long, [Point({"x": 0.0}, time=0)]))
    assert "last <code>size</code> values of a field, which is told by the option of that" in html
    assert "for each group." in html
    assert "More of it" not in html


def test_a_lone_backquote_is_left_alone():
    """It opens nothing."""
    assert uncut("a ` b & `c` d") == "a ` b &amp; `c` d"
    assert uncut("a `b<` d") == "a <code>b&lt;</code> d"
