"""The one sentence of an error that Kapacitor shows."""

import asyncio
import json
import statistics
import threading
from functools import wraps
from itertools import chain
from types import SimpleNamespace

import pytest

from harness import cpu, started
from kapnb.agent import _blame
from kapnb.agent._async import outcome
from kapnb.agent._blame import blame, comes_from
from kapnb.errors import HandlerError
from kapnb.handler import Handler


class Unsayable(Exception):
    def __str__(self):
        raise ValueError("no text")


class Leaving(Exception):
    def __str__(self):
        raise SystemExit(3)


class _Hidden(KeyError):
    pass


def error_of(point):
    """Return the error text after a point method failed."""
    (answer,) = started(type("Failing", (Handler,), {"point": point})).feed(cpu())
    return answer.error


def _raise(error):
    raise error


@pytest.mark.parametrize(
    ("point", "start", "line"),
    [
        (lambda self, point: point.fields["nope"], "KeyError: no field 'nope' in this", "nope"),
        (lambda self, point: point.with_fields(x=None), "TypeError: field 'x' must be", "x=None"),
        (lambda self, point: statistics.mean([]), "StatisticsError: mean requires", "mean([])"),
        (lambda self, point: json.loads("{"), "JSONDecodeError: Expecting", "json.loads"),
        (
            lambda self, point: _raise(_Hidden("x")),
            "KeyError: 'x' (in _raise",
            "raise error",
        ),
        (lambda self, point: _raise(ValueError()), "ValueError: no message (in", "raise error"),
        (lambda self, point: _raise(Unsayable), "Unsayable: no message (in", "raise error"),
        (lambda self, point: _raise(Leaving), "Leaving: no message (in", "raise error"),
        (lambda self, point: _raise(asyncio.CancelledError), "CancelledError: no m", "raise error"),
        (lambda self, point: _raise(SystemExit(3)), "SystemExit: 3 (in", "raise error"),
        (
            lambda self, point: _raise(HandlerError("mine")),
            "mine (in _raise",
            "raise error",
        ),
    ],
)
def test_the_text_names_the_error_and_the_users_own_line(point, start, line):
    """Not a line of kapnb, nor of the library that the user's line called."""
    text = error_of(point)

    assert text.startswith(start)
    assert "of test_blame.py: " in text
    assert line in text.split("of test_blame.py: ")[1]


def fail(*_):
    return 1 / 0


def logged(function):
    @wraps(function)
    def wrapper(*arguments):
        return function(*arguments)

    return wrapper


class Model:
    def predict(self):
        return fail(self)

    @property
    def size(self):
        return 1 / 0


class Failing(Handler):
    def helper(self):
        return 1 / 0

    @staticmethod
    def fixed():
        return 1 / 0

    @classmethod
    def made(cls):
        return 1 / 0

    @logged
    def decorated(self):
        return 1 / 0


@pytest.mark.parametrize("has_qualname", [True, False])
@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: Failing().helper(), "Failing.helper"),
        (lambda: type("Derived", (Failing,), {})().helper(), "Derived.helper"),
        (lambda: Failing.fixed(), "Failing.fixed"),
        (lambda: Failing.made(), "Failing.made"),
        (lambda: Failing().decorated(), "Failing.decorated"),
        (lambda: fail(Failing()), "fail"),
        (lambda: Model().predict(), "fail"),
        (lambda: Model().size, "Model.size"),
    ],
)
def test_what_failed_is_called_as_its_author_does(call, name, has_qualname, monkeypatch):
    """A method with its class, a function alone; where no code knows its full name, too."""
    if not has_qualname:
        monkeypatch.setattr(_blame, "_QUALIFIED", "nowhere")
    with pytest.raises(ZeroDivisionError) as raised:
        call()

    assert f"(in {name}, line " in str(blame(raised.value, "Failing"))


def test_what_has_no_name_is_part_of_what_it_stands_in():
    """A lambda, say: its line is known."""
    with pytest.raises(ZeroDivisionError) as raised:
        (lambda: 1 / 0)()

    assert f"(in {test_what_has_no_name_is_part_of_what_it_stands_in.__name__}, line " in str(
        blame(raised.value, "Failing")
    )


def test_without_a_line_the_handler_is_named():
    """What kapnb found by itself has no line of the user's."""
    assert error_of(lambda self, point: [5]).endswith("or nothing (in Failing)")


def test_a_notebook_cell_is_called_by_its_name():
    """Not by the made-up file."""
    code = compile("def point(self, point):\n    return 1 / 0", "/tmp/ipykernel_1/2.py", "exec")
    names = {}
    exec(code, names)

    assert "(in Failing.point, line 2 of the notebook cell)" in error_of(names["point"])


def test_an_error_of_a_library_alone_names_its_line():
    """Better than nothing: a Handler may itself be a library's."""
    try:
        json.loads("{")
    except ValueError as error:
        error.__traceback__ = error.__traceback__.tb_next
        assert "of decoder.py" in str(blame(error, Handler()))


def test_the_cause_is_kept():
    """For the traceback on stderr."""
    error = ValueError("x")

    assert blame(error, Handler()).__cause__ is error


def test_a_thread_that_waits_for_an_async_call_is_known():
    """What waits looks from within, so nobody has to hit the moment."""
    here = threading.get_ident()
    waited = SimpleNamespace(result=lambda: chain(map(comes_from, [here], [outcome]), [None]))

    assert outcome(waited) is True
    assert comes_from(here, outcome) is False
