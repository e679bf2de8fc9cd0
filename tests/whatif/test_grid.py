"""What may vary, and what is said of what may not."""

from __future__ import annotations

import numpy as np
import pytest

from kapnb import Handler, Option, OptionError, sweep


@pytest.mark.parametrize(
    ("varying", "text"),
    [
        ({"limits": [1.0]}, 'no method or property "limits"'),
        ({"limit": []}, "'limit': the list is empty"),
        ({"limit": 1.0}, "limit=1.0 is one value; what varies is a list"),
        ({"limit": "abc"}, "is one value"),
        ({"limit": [1.0, 2]}, r"limit\[1\] = 2: unexpected arg to limit, got INT expected DOUBLE"),
        ({"limit": [1.0, 2.0, 1.0]}, "1.0 is there twice"),
        ({"every": [1]}, "missing required option 'limit'"),
        ({"limit": [1.0], "options": {"limit": 2.0}}, "in options and varies"),
        ({"limit": [1.0], "grid": {"limit": [2.0]}}, "a keyword and in grid"),
    ],
)
def test_what_cannot_vary_is_refused_before_anything_runs(handlers, points, varying, text):
    """With the option, the value's place, and Kapacitor's words."""
    with pytest.raises(OptionError, match=text):
        sweep(handlers.Peak, points(3), workers=1, **varying)


def test_an_option_that_is_called_as_a_parameter_goes_into_grid(points):
    """As a keyword it is the parameter, and a list of it is refused with that advice."""

    class Named(Handler):
        name = Option(str)

        def point(self, point):
            yield point.with_fields(called=self.name)

    with pytest.raises(OptionError, match=r"write grid=\{'name'"):
        sweep(Named, points(3), name=["a", "b"], workers=1)

    found = sweep(Named, points(3), grid={"name": ["a", "b"]}, workers=1)

    assert [run.outputs[0].item.fields["called"] for run in found.runs] == ["a", "b"]


def test_the_last_option_varies_fastest(handlers, points):
    """As nested loops in the order of the call would."""
    found = sweep(handlers.Peak, points(3), every=[1, 2], limit=(1.0, 2.0), workers=1)

    assert [(run.chosen["every"], run.chosen["limit"]) for run in found] == [
        (1, 1.0),
        (1, 2.0),
        (2, 1.0),
        (2, 2.0),
    ]


def test_numpy_values_become_plain_ones(handlers, points):
    """In the table they are as if they had been written out."""
    found = sweep(handlers.Peak, points(3), limit=np.linspace(0, 1, 3), workers=1)

    assert [type(run.chosen["limit"]) for run in found] == [float] * 3


def test_no_option_at_all_is_one_run(handlers, points):
    """A Handler without options can be swept, too."""
    found = sweep(Handler, points(3), workers=1)

    assert repr(found) == "Sweep(Handler: 1 combination, 3 points each)"
