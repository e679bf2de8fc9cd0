"""What is wrong in a Handler's class before any data."""

import re
import textwrap

import pytest

from kapnb import Handler
from kapnb.notebook._definition import check_definition
from shells import run

WRONG = {
    "a method's name": (
        "def points(self, point):\n    yield point",
        2,
        "A.points is never called; did you mean point?",
    ),
    "group state": (
        "def point(self, point, state): yield point\ndef grup_state(self): return {}",
        3,
        "A.grup_state is never called; did you mean group_state?",
    ),
    "a point thrown away": (
        "def point(self, point):\n    point.with_fields(x=1)",
        3,
        "with_fields returns a new point, which is lost here",
    ),
    "a dict": (
        "def point(self, point):\n    yield {'x': 1}",
        3,
        "a Handler sends Points and Batches, and this yields a dict; yield point.with_fields",
    ),
    "a number": ("def point(self, point):\n    return 5", 3, "this returns a int"),
    "a comparison": (
        "def point(self, point):\n    return point.fields['x'] > 5",
        3,
        "this returns a comparison",
    ),
    "a return beside a yield": (
        "def point(self, point):\n    if point.time:\n        return point\n    yield point",
        4,
        "what it returns is lost",
    ),
    "an option's name": (
        "size = Option(int, default=3)\ndef point(self, point):\n    return self.sizee",
        4,
        "self.sizee is set nowhere; did you mean the option size?",
    ),
    "an option without self": (
        "size = Option(int, default=3)\ndef point(self, point):\n    if size: yield point",
        4,
        "size is an option; write self.size",
    ),
    "arguments of restore": (
        "def restore(self): pass",
        2,
        "A.restore must take (self, snapshot); it is called so",
    ),
    "arguments of group_state": (
        "def group_state(self, group): return {}",
        2,
        "A.group_state must take (self)",
    ),
}
RIGHT = {
    "a plain one": "def point(self, point):\n    yield point.with_fields(x=1)",
    "nothing, at times": "def point(self, point):\n    if point.time: return\n    yield point",
    "None": "def point(self, point):\n    return None",
    "a list of points": "def point(self, point):\n    return [point, point]",
    "helpers": "def points(self): return 1\ndef point(self, point):\n    if self.points(): yield point",
    "a name that is set": "size = Option(int, default=3)\n"
    "def init(self, request):\n    self.sizes = [self.size]\n"
    "def point(self, point):\n    if self.sizes: yield point",
    "a local variable": "size = Option(int, default=3)\n"
    "def point(self, point):\n    size = self.size\n    yield point.with_fields(size=size)",
    "a helper for others": "def pointer(self): return 1",
    "a frame compared": "from kapnb import BATCH\nwants = provides = BATCH\n"
    "def frame(self, frame):\n    return frame > 1",
    "init without a request": "def init(self): pass",
    "a function within": "def point(self, point):\n"
    "    def double(x): return {'x': 2 * x}\n    yield point.with_fields(double(1))",
    "a match": "size = Option(int, default=3)\n"
    "def point(self, point):\n    match point.time:\n        case size if size > 3: yield point",
}


def cell(body):
    return "class A(Handler):\n" + textwrap.indent(body, "    ")


@pytest.mark.parametrize(("body", "line", "message"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_meant_is_shown_at_its_line(shell, body, line, message):
    """At once, in the cell that defines it."""
    source = f"%%udf\n{cell(body)}"
    shown = run(shell, source)
    assert message in shown
    (marked,) = re.findall(rf"----> {line + 1} +(.*)", shown)
    assert marked == source.splitlines()[line].strip()


@pytest.mark.parametrize("body", RIGHT.values(), ids=RIGHT)
def test_what_may_be_meant_is_let_pass(shell, body):
    """A check that cries wolf is turned off."""
    assert run(shell, f"%%udf\n{cell(body)}") == ""


def test_several_are_told_together(shell):
    """The first at its line, the others by theirs."""
    body = "def points(self, point): pass\ndef restore(self): pass"
    shown = run(shell, f"%%udf\n{cell(body)}")
    assert "did you mean point?" in shown
    assert "line 4: A.restore must take" in shown


def test_what_a_constructor_does_is_tried_as_kapacitor_would(shell):
    """It is started once to say what it is."""
    shown = run(shell, "%%udf\nclass A(Handler):\n    def __init__(self):\n        1 / 0")
    assert "ZeroDivisionError" in shown
    assert "----> 2 class A(Handler):" in shown
    assert "1 / 0" in shown
    assert "kapnb/" not in shown


def test_the_function_says_what_the_magic_says(shell):
    """Of a class of any cell; it needs no magic."""
    run(shell, cell(WRONG["a dict"][0]))
    (problem,) = check_definition(shell.user_ns["A"])
    assert problem.line == 3
    assert "yields a dict" in str(problem)


class InAFile(Handler):
    def point(self, point):
        point.with_tags(a="b")


def test_a_class_of_a_file_is_read_there():
    """The line is the file's."""
    (problem,) = check_definition(InAFile)
    assert "with_tags returns a new point" in problem.text


def test_without_a_source_there_is_nothing_to_say():
    """As with a class that exec made."""
    names = {}
    exec("from kapnb import Handler\nclass A(Handler):\n def points(self): pass", names)
    assert check_definition(names["A"]) == []
