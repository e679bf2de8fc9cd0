"""Points as line protocol, the way a dead-letter file holds them."""

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness import exact
from kapnb.errors import SourceError
from kapnb.model import INT_MAX, INT_MIN, Point, render_line, to_comment, to_line
from kapnb.sources import LineProtocol, parse_line, parse_lines
from strategies import points

odd = 'aB_é日\\,= "#\t\r\n.-'
texts = st.text(st.sampled_from(odd) | st.characters(codec="utf-8"), max_size=6)
values = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(INT_MIN, INT_MAX),
    st.booleans(),
    texts,
)
#: Names that line protocol can hold, however odd: no line break, no backslash at the end.
names = texts.filter(lambda text: text and "\n" not in text and not text.endswith("\\"))


@given(
    st.dictionaries(
        names.filter(lambda t: "\\" not in t and t[0] not in "\t\0"), values, min_size=1
    ),
    names.filter(lambda text: text[0] not in "#\t\0"),
    st.dictionaries(names, st.just("") | names),
    st.integers(INT_MIN, INT_MAX),
)
@example({"s": 'two\nlines\n# "no comment"\\', "n": INT_MIN, "x": -0.0, "b": False}, "m", {}, 0)
@example({"v": 5e-324, "w": 1.7976931348623157e308, "s": ""}, "cpu,a b=c", {"a": "="}, INT_MIN)
def test_what_is_written_reads_back(fields, name, tags, time):
    """Measurement, tags, fields with their types, time; an empty tag is an absent one."""
    point = Point(fields, time=time, name=name, tags=tags)

    back = parse_line(to_line(point))

    assert (back.name, back.time) == (name, time)
    assert back.tags == {tag: value for tag, value in tags.items() if value}
    assert exact(dict(back.fields)) == exact(fields)
    assert to_line(point) == render_line(point)


@given(st.lists(points(), max_size=4), texts)
def test_a_file_of_lines_and_reasons_reads_back(items, reason):
    """Any points of any task: those that have a line come back, the others are comments."""
    lines = [text for item in items for text in (to_comment(reason), to_line(item), "")]

    back = list(parse_lines("\n".join(lines)))

    written = [item for item in items if not to_line(item).startswith("# no line: ")]
    assert [(b.name, b.time, b.fields) for b in back] == [
        (item.name, item.time, item.fields) for item in written
    ]


@pytest.mark.parametrize(
    ("point", "reason"),
    [
        (Point({}, time=0, name="m"), "line protocol has no points without fields"),
        (Point({"v": math.nan}, time=0, name="m"), "leave the field 'v' out"),
        (Point({"v": 1.0}, name="m"), "this point has no time yet"),
        (Point({"v": 1.0}, time=0), "line protocol cannot hold the measurement ''"),
        (Point({"v": 1.0}, time=0, name="m", tags={"a": "b\nc"}), "cannot hold the tag 'b\\nc'"),
        (Point({"v": "\ud800"}, time=0, name="m"), "a lone surrogate is no UTF-8"),
        (Point({"a\n": 1, "v": "x\ny"}, time=0, name="m"), "cannot hold the field"),
    ],
)
def test_what_has_no_line_becomes_a_comment(point, reason):
    """With the reason and the point, so that nothing is lost to a person; no reader stumbles."""
    text = to_line(point)

    assert reason in text
    assert text.startswith("# no line: ")
    assert list(parse_lines(text)) == []
    assert text.encode()


@pytest.mark.parametrize("break_", ["\n", "\r\n", "\r", "\u2028", "\x0b", "\x85"])
def test_a_comment_stays_one_whatever_is_in_it(break_):
    """The message of an exception may hold line breaks, and look like data."""
    text = to_comment(f"reason{break_}m v=1 0{break_}")

    assert text == "# reason\n# m v=1 0"
    assert list(parse_lines(f"{text}\nm v=2 0")) == [Point({"v": 2.0}, time=0, name="m", tags={})]


def test_an_empty_comment_is_one():
    """Rather than an empty line."""
    assert to_comment("") == "#"


def test_places_are_right_after_comments_and_strings_of_several_lines(tmp_path):
    """A person edits such a file; the error names the line that their editor shows."""
    path = tmp_path / "dead.lp"
    good = to_line(Point({"s": "one\ntwo\n\nfour"}, time=0, name="m"))
    path.write_text(f"{to_comment('a' + chr(10) + 'b')}\n\n{good}\n# c\n\nm v=oops 1\n")
    read = []

    with pytest.raises(SourceError, match=r"dead\.lp, line 10, column 5: "):
        read.extend(LineProtocol(path))

    assert [dict(point.fields) for point in read] == [{"s": "one\ntwo\n\nfour"}]
    assert path.read_text().splitlines()[9] == "m v=oops 1"
