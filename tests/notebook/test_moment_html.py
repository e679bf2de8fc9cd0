"""A moment as HTML."""

from __future__ import annotations

import re

from test_html import Balance

import handlers_of_faults as zoo
import walks
from kapnb import Handler, Point, simulate
from kapnb.notebook import moment_html


def html_of(run, position=-1):
    return run.travel().go(position)._repr_html_()


def cells(html):
    """Return the text of the cells, tags taken out."""
    return [re.sub("<.*?>", "", cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", html)]


def test_it_is_one_balanced_element_with_its_position():
    """The classes are those that others look for; every tag is closed."""
    html = html_of(walks.run_of(walks.Windowed, zoo.points(9), group_by="host"), 4)
    assert html.startswith('<div class="kapnb-moment">')
    assert re.search(
        r'<div class="kapnb-position"><b>input 4 of 0…8</b> · 1970-01-01T00:00:05Z · '
        r"group <code>host=b</code></div>",
        html,
    )
    check = Balance()
    check.feed(html)
    assert check.open == []


def test_changes_stand_side_by_side():
    """What was, what is; nothing where there was, or is, nothing."""
    html = html_of(walks.run_of(walks.Windowed, zoo.points(9), group_by="host"))
    found = cells(html)
    assert "state.values[0]" in found
    at = found.index("state.values[0]")
    assert found[at + 1].startswith("- ")
    assert found[at + 2] == ""
    assert "state.total" in found


def test_what_users_wrote_is_escaped():
    """Names, values, errors, logs and variables."""
    evil = "<img src=x onerror=alert(1)>"

    class Evil(Handler):
        def point(self, point, state):
            state[evil] = evil
            print(evil)
            variable = evil
            raise ValueError(variable)

    data = [Point({"x": evil}, time=0, name=evil, tags={"host": evil})]
    html = html_of(simulate(Evil, data, group_by="host", errors="keep"))
    assert "<img" not in html
    assert html.count("&lt;img") >= 7


def test_errors_variables_and_doubts_are_marked():
    """The message whole, the variables as a table."""
    run = walks.run_of(walks.Failing, zoo.points(60), group_by="host")
    html = run.travel().next_error()._repr_html_()
    assert "ZeroDivisionError: division by zero (in Failing.point, line " in html
    assert {"self", "point", "state"} <= set(cells(html))
    doubtful = simulate(zoo.Random, zoo.points(5)).travel().last()
    assert "<b>doubtful</b> led here once more" in moment_html(doubtful)


def test_the_same_moment_gives_the_same_text():
    """No ids, no addresses, no times of day."""
    texts = {html_of(walks.run_of(walks.OnItself, zoo.points(9)), 5) for _ in range(2)}
    assert len(texts) == 1
    assert "0x" not in texts.pop()


def test_a_batch_shows_its_points():
    """The first of them."""
    html = html_of(walks.run_of(walks.Spans, zoo.batches()))
    assert html.count("Point(") >= 6
