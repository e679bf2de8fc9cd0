"""Line protocol: what it reads, what it refuses, and the way back."""

import re
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kapnb.errors import SourceError
from kapnb.model import INT_MAX, INT_MIN, STREAM, Point, Source
from kapnb.protocol import ProtobufCodec, split_frames
from kapnb.sources import LineProtocol, parse_line, parse_lines, render_line

TRANSCRIPTS = Path(__file__).parent.parent / "data" / "transcripts"

#: What was written for the transcripts a1 to a6, but for the points of another measurement.
WRITTEN = r"""
cpu,host=serverA,region=us-west,cpu=cpu0 usage=12.5,count=42i,state="ok",up=true 1700000000000000001
cpu,host=serverB,region=us-west,cpu=cpu0 usage=-0.0,count=-9223372036854775808i,state="",up=false 1700000000000000002
cpu,host=serverA,region=eu-central,cpu=cpu1 usage=1e308,count=9223372036854775807i,state="a \"quoted\" string, with = and \\ backslash",up=t 1700000000000000003
cpu,host=s\ p\,a\=ce,region=z\ürich usage=5e-324,count=0i,state="ünïcødé ✓ 日本語 🚀",up=F 1700000000000000004
cpu,host=日本,région=Île-de-France,t=🚀 usage=3 1700000000000000005
cpu,host=serverA,back=a\\b usage=100,only_int=7i 1700000000000000006
cpu,region=no-host usage=1.5 1700000000000000007
cpu usage=2.5 1700000000000000008
cpu,host=serverC usage=-1.25,multiline="line1
line2" -1000000001
cpu,host=serverC big=123456789012345678901234567890,neg=-1e-10 0
"""


def read(line, **more):
    """Return the fields of one line, with their types."""
    return {name: (type(v), v) for name, v in parse_line(f"m {line} 0", **more).fields.items()}


def refused(text, **more):
    """Return the words with which `text` is refused."""
    with pytest.raises(SourceError) as caught:
        list(parse_lines(text, **more))
    return str(caught.value)


def test_reads_what_kapacitor_read():
    """The points that kapacitord sent for these very lines are the points parsed."""
    codec = ProtobufCodec()
    frames = split_frames((TRANSCRIPTS / "a1_stream_mirror_groupby_host.in.bin").read_bytes())
    sent = [item for item in map(codec.decode_request, frames) if isinstance(item, Point)]
    parsed = list(parse_lines(WRITTEN))
    assert len(parsed) == len(sent) == 10
    for ours, theirs in zip(parsed, sent, strict=True):
        assert (ours.time, ours.name, ours.tags) == (theirs.time, theirs.name, theirs.tags)
        assert ours.fields == theirs.fields
        for name in ours.fields:
            assert type(ours.fields[name]) is type(theirs.fields[name])


@pytest.mark.parametrize("text", ["t", "T", "true", "True", "TRUE"])
def test_all_spellings_of_true_are_true(text):
    """InfluxDB knows five."""
    assert read(f"v={text}") == {"v": (bool, True)}


@pytest.mark.parametrize("text", ["f", "F", "false", "False", "FALSE"])
def test_all_spellings_of_false_are_false(text):
    """InfluxDB knows five."""
    assert read(f"v={text}") == {"v": (bool, False)}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1.0),
        ("-1.5", -1.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("-.5e-3", -0.0005),
        ("1E+2", 100.0),
        ("1e-999", 0.0),
        ("0i", 0),
        ("-7i", -7),
        ("007i", 7),
        (f"{INT_MAX}i", INT_MAX),
        (f"{INT_MIN}i", INT_MIN),
    ],
)
def test_numbers_are_float_unless_they_end_in_i(text, value):
    """A number without a suffix is a float, whole or not."""
    assert read(f"v={text}") == {"v": (type(value), value)}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('""', ""),
        (r'"a \"b\" c"', 'a "b" c'),
        (r'"a\\b"', r"a\b"),
        (r'"\\"', "\\"),
        (r'"a\nb\,c"', r"a\nb\,c"),
        ('"two\nlines, a=b"', "two\nlines, a=b"),
        ('"# no comment"', "# no comment"),
    ],
)
def test_strings_unescape_quotes_and_backslashes_only(text, value):
    """Any other backslash stays, and a string may hold line breaks."""
    assert read(f"v={text},w=1i") == {"v": (str, value), "w": (int, 1)}


@pytest.mark.parametrize(
    ("key", "name", "tags"),
    [
        (r"a\ b\,c\=d\"e", 'a b,c=d"e', {}),
        ("a=b", "a=b", {}),
        (r"m,a\ b\,c\=d=e\ f\,g\=h", "m", {"a b,c=d": "e f,g=h"}),
        (r"m,t=a\\\ b", "m", {"t": r"a\\ b"}),
        (r'm,t=\"x"', "m", {"t": r'\"x"'}),
        (r"m,t=a\tb", "m", {"t": r"a\tb"}),
        ("m,b=1,a=2", "m", {"a": "2", "b": "1"}),
    ],
)
def test_names_and_tags_unescape_as_in_influxdb(key, name, tags):
    """A backslash that escapes nothing stays, doubled or not."""
    point = parse_line(f"{key} v=1 0")
    assert (point.name, point.tags) == (name, tags)
    assert list(point.tags) == sorted(tags)


def test_field_keys_unescape_as_in_influxdb():
    """Quotes count, as in measurements."""
    assert read(r"a\ b\,c\=d\"e\f=1i") == {r'a b,c=d"e\f': (int, 1)}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (",a=b v=1 0", "missing measurement"),
        ("cpu", "missing fields"),
        ("cpu,host=a", "missing fields"),
        ("cpu ", "missing fields"),
        ("cpu,host= v=1 0", "missing tag value"),
        ("cpu,host v=1 0", "missing tag value"),
        ("cpu,=a v=1 0", "missing tag key"),
        ("cpu, v=1 0", "missing tag key"),
        ("cpu,a=b=c v=1 0", "invalid tag format"),
        ("cpu,a=1,b=2,a=3 v=1 0", "duplicate tags"),
        ("cpu v 0", "invalid field format"),
        ("cpu v= 0", "missing field value"),
        ("cpu v=1,=2 0", "missing field key"),
        ("cpu v=1, 0", "missing field key"),
        ("cpu v=1,v=2 0", "duplicate field 'v'"),
        ('cpu v="a 0', "unbalanced quotes"),
        ('cpu v="a"b 0', "text follows a closing quote"),
        (r"cpu v\\=1 0", "cannot end in a backslash"),
        ("cpu v=a 0", "invalid number 'a'; a string needs double quotes"),
        ("cpu v=tRUE 0", "invalid boolean"),
        ("cpu v=1_0 0", "invalid number"),
        ("cpu v=+1 0", "invalid number"),
        ("cpu v=1e 0", "invalid number"),
        ("cpu v=1.5i 0", "invalid number"),
        ("cpu v=0x1 0", "invalid number"),
        ("cpu v=٣ 0", "invalid number"),
        ("cpu v=NaN 0", "leave the field out"),
        ("cpu v=-inf 0", "leave the field out"),
        ("cpu v=1e999 0", "too large"),
        ("cpu v=5u 0", "write i"),
        (f"cpu v={INT_MAX + 1}i 0", "does not fit 64 bits"),
        (f"cpu v={'9' * 5000}i 0", "invalid number"),
        ("cpu v=1 12x", "bad timestamp"),
        ("cpu v=1 1 2", "bad timestamp"),
        ("cpu v=1 -", "bad timestamp"),
        (f"cpu v=1 {INT_MAX + 1}", "out of range"),
        ("cpu v=1", "no timestamp"),
    ],
)
def test_what_influxdb_refuses_is_refused(text, problem):
    """In its words where it has any, and with the line's number."""
    assert problem in refused(f"# one\nok v=1 0\n{text}\n")
    assert refused(f"# one\nok v=1 0\n{text}\n").startswith("line 3, column ")


def test_points_before_a_bad_line_are_given():
    """The error comes when its line is reached."""
    points = parse_lines("a v=1 1\nb v=\n")
    assert next(points).name == "a"
    with pytest.raises(SourceError, match="line 2, column 5: missing field value for 'v'"):
        next(points)


def test_lines_are_counted_within_strings_too():
    """Two lines in a string are two lines of the file."""
    assert refused('a v="1\n2" 0\nb v=x 0').startswith("line 3, column 5")


def test_windows_line_ends_are_named_as_the_cause():
    """InfluxDB refuses them with a puzzling text."""
    assert r"\r\n" in refused("a v=1 0\r\n")
    assert r"\r\n" in refused('a v="x"\r\n')


def test_blank_lines_and_comments_hold_no_points():
    """Anywhere, indented or not, and the last line needs no end."""
    text = "\n# a v=1 0\n  \t\n   a v=1 1\n#\n\nb v=2 2"
    assert [point.name for point in parse_lines(text)] == ["a", "b"]
    assert list(parse_lines("# nothing")) == list(parse_lines("")) == []


@pytest.mark.parametrize(
    ("precision", "factor"), [("ns", 1), ("us", 1000), ("ms", 10**6), ("s", 10**9)]
)
def test_times_are_turned_to_nanoseconds(precision, factor):
    """Whatever the precision of the text, negative ones too."""
    assert parse_line("m v=1 -15", precision=precision).time == -15 * factor


def test_now_is_the_time_of_points_without_one():
    """It is in nanoseconds, whatever the precision."""
    points = list(parse_lines("a v=1\nb v=1 7\nc v=1 \n", now=5, precision="s"))
    assert [point.time for point in points] == [5, 7_000_000_000, 5]


def test_an_unknown_precision_is_refused_at_once():
    """Not when the first line is read."""
    with pytest.raises(SourceError, match="one of ns, us, ms, s"):
        LineProtocol("x.lp", precision="h")


@pytest.mark.parametrize("text", ["", "# comment", "a v=1 0\nb v=1 0"])
def test_parse_line_takes_exactly_one_point(text):
    """Neither none nor two."""
    with pytest.raises(SourceError, match="expected one point"):
        parse_line(text)


def test_a_file_is_a_source_that_starts_over(tmp_path):
    """Iterating twice gives the same points."""
    path = tmp_path / "x.lp"
    path.write_bytes("\ufeff# BOM\ncpu,host=日 v=1 0\n".encode())
    source = LineProtocol(path)
    assert isinstance(source, Source)
    assert source.edge is STREAM
    assert (
        list(source) == list(source) == [Point({"v": 1.0}, time=0, name="cpu", tags={"host": "日"})]
    )


def test_errors_of_a_file_name_it_and_the_line(tmp_path):
    """With the column, as editors show it."""
    path = tmp_path / "x.lp"
    path.write_text("a v=1 0\na,b v=1 0\n")
    with pytest.raises(
        SourceError, match=re.escape(f"{path}, line 2, column 4: missing tag value")
    ):
        list(LineProtocol(path))


def test_a_file_that_is_not_utf8_is_refused_with_the_byte(tmp_path):
    """Nothing is replaced by question marks."""
    path = tmp_path / "x.lp"
    path.write_bytes(b"a v=1 0\nb\xe4 v=1 0\n")
    with pytest.raises(SourceError, match="byte 9 is not UTF-8"):
        list(LineProtocol(path))


# --------------------------------------------------------------------- the way back


def test_rendering_sorts_and_escapes():
    """So that equal points are equal lines."""
    point = Point(
        {"b": 'q"\\', "a": 1, "c c": True, "d": 1e22},
        time=-5,
        name="m m",
        tags={"z": "1,2", "a": "x=y", "empty": ""},
    )
    assert render_line(point) == r'm\ m,a=x\=y,z=1\,2 a=1i,b="q\"\\",c\ c=true,d=1e+22 -5'


@pytest.mark.parametrize(
    "point",
    [
        Point({}, time=0, name="m"),
        Point({"v": 1}, time=0),
        Point({"v": 1}, name="m"),
        Point({"v": float("nan")}, time=0, name="m"),
        Point({"v": float("inf")}, time=0, name="m"),
        Point({"v": 1}, time=0, name="#m"),
        Point({"v": 1}, time=0, name="\tm"),
        Point({"v": 1}, time=0, name="m\n"),
        Point({"v": 1}, time=0, name="m\\"),
        Point({"v\\=": 1}, time=0, name="m"),
        Point({"": 1}, time=0, name="m"),
        Point({"v": 1}, time=0, name="m", tags={"a": "b\\"}),
        Point({"v": 1}, time=0, name="m", tags={"a": "b\nc"}),
    ],
)
def test_what_line_protocol_cannot_hold_is_not_rendered(point):
    """Rather than written so that it reads as something else."""
    with pytest.raises(ValueError, match=r"line protocol|no time"):
        render_line(point)


_names = st.text(st.sampled_from('aB_é日\\,= "#\t\r.-') | st.characters(codec="utf-8"), min_size=1)
_fields = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(INT_MIN, INT_MAX),
    st.booleans(),
    st.text(st.sampled_from('a\\"\n, =i#') | st.characters(codec="utf-8")),
)


@given(
    st.builds(
        Point,
        st.dictionaries(_names, _fields, min_size=1, max_size=4),
        time=st.integers(INT_MIN, INT_MAX),
        name=_names,
        tags=st.dictionaries(_names, _names, max_size=3),
    )
)
def test_parsing_undoes_rendering(point):
    """Every point that can be rendered comes back, type by type."""
    try:
        line = render_line(point)
    except ValueError:
        assume(False)
    back = parse_line(line)
    assert back == point
    assert [type(back.fields[name]) for name in point.fields] == [
        type(value) for value in point.fields.values()
    ]
    assert list(parse_lines(f"{line}\n{line}\n")) == [point, point]


@given(st.text(st.sampled_from('cpv=", \\\n#1i.e-tT"') | st.characters(codec="utf-8")))
def test_any_text_gives_points_or_a_source_error(text):
    """Nothing else, whatever the text."""
    try:
        points = list(parse_lines(text, now=0))
    except SourceError:
        return
    for point in points:
        assert point.name
        assert point.fields
