"""CSV files: times, types, and what is refused."""

import re

import pytest

from kapnb.errors import SourceError
from kapnb.model import STREAM, Point, Source
from kapnb.sources import Csv


@pytest.fixture
def csv(tmp_path):
    """Return a function that writes a file and makes a Source of it."""

    def write(text, **more):
        path = tmp_path / "cpu.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return Csv(path, **more)

    return write


def refused(source):
    """Return the words with which the file is refused, without its folder."""
    with pytest.raises(SourceError) as caught:
        list(source)
    return str(caught.value).replace(f"{source.path.parent}/", "")


def column(source, name="v"):
    """Return the values of one field, None where it is absent."""
    return [point.fields.get(name) for point in source]


def test_rows_are_points_in_the_order_of_the_file(csv):
    """With tags, typed fields and the file's stem for a name."""
    source = csv("time,host,n,x\n2026-01-31T12:00:00.5+01:00,a,1,0.5\n0,b,2,1\n", tags=["host"])
    assert isinstance(source, Source)
    assert source.edge is STREAM
    assert list(source) == list(source)
    assert list(source) == [
        Point({"n": 1, "x": 0.5}, time=1769857200_500000000, name="cpu", tags={"host": "a"}),
        Point({"n": 2, "x": 1.0}, time=0, name="cpu", tags={"host": "b"}),
    ]


def test_the_measurement_and_the_time_column_can_be_chosen(csv):
    """A single tag may be given as text."""
    source = csv("at,time,host\n5,1,a\n", time="at", tags="host", name="m")
    assert list(source) == [Point({"time": 1}, time=5, name="m", tags={"host": "a"})]


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1", "-2", "+3"], [1, -2, 3]),
        (["1", "2.0", "-.5e1"], [1.0, 2.0, -5.0]),
        (["1", "", "3"], [1, None, 3]),
        (["true", "False", "TRUE"], [True, False, True]),
        (["true", "1", ""], ["true", "1", None]),
        (["1", "2", "n/a"], ["1", "2", "n/a"]),
        (["1_0", " 2", "٣"], ["1_0", " 2", "٣"]),
        (['"a,b"', '"c ""d"""', '"e\nf"'], ["a,b", 'c "d"', "e\nf"]),
    ],
)
def test_the_whole_column_decides_its_type(csv, cells, values):
    """So that a field has one type from the first point to the last."""
    text = "time,v,w\n" + "".join(f"{i},{cell},0\n" for i, cell in enumerate(cells))
    found = column(csv(text))
    assert found == values
    assert [type(value) for value in found] == [type(value) for value in values]


def test_an_empty_cell_is_an_absent_field_or_tag(csv):
    """Neither zero nor empty text."""
    assert list(csv("time,host,v,w\n0,,,1\n", tags=["host"])) == [
        Point({"w": 1}, time=0, name="cpu", tags={})
    ]


def test_a_csv_without_a_time_column_is_refused_with_the_columns_it_has(csv):
    """The message names the file, the columns and the remedy."""
    text = refused(csv("when,usage\n0,1\n"))
    assert text == (
        "cpu.csv: there is no time column 'time': the columns are 'when', 'usage'; "
        "rename the column that holds the times, or name it with time="
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("time,v\n2026-01-31T12:00:00,1\n", "row 2: the time '2026-01-31T12:00:00' has no zone"),
        ("time,v\n0,1\nnoon,1\n", "row 3: bad time: 'noon' is no RFC 3339 time"),
        ("time,v\n1.5,1\n", "row 2: bad time"),
        ("time,v\n,1\n", "row 2: the time is empty"),
        ("time,v\n2026-13-01T00:00:00Z,1\n", "row 2: bad time"),
        ("time,v\n9999-01-01T00:00:00Z,1\n", "row 2: the time '9999-01-01T00:00:00Z' does not fit"),
        (f"time,v\n{2**63},1\n", "does not fit 64 bits"),
        ("time,v\n0,1\n1\n", "row 3: 1 cells where the header names 2 columns"),
        ("time,v\n0,1,2\n", "row 2: 3 cells"),
        ("time,v,v\n0,1,2\n", "two columns are called 'v'"),
        (",time,v\n0,1,2\n", "column 1 has no name"),
        ("time\n0\n", "no column is left for fields"),
        ("time,v,w\n0,1,1\n1,,\n", "row 3: no field has a value"),
        ("time,v\n0,1\n1,nan\n", "row 3: column 'v': nan is no value a field can have"),
        ("time,v\n0,1e999\n", "row 2: column 'v': 1e999 is no value"),
        (f"time,v\n0,{2**63}\n", "row 2: column 'v': 9223372036854775808 does not fit 64 bits"),
        ('time,v\n0,1\n1,"a\n', "row 3: this is no CSV"),
        ("\n\n", "there is no time column 'time': the columns are none at all"),
        ("", "cpu.csv: the file is empty"),
        (b"time,v\n0,\xff\n", "byte 9 is not UTF-8"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_row(csv, text, problem):
    """Nothing is skipped or guessed."""
    assert problem in refused(csv(text))


def test_tags_must_be_columns_other_than_the_time(csv):
    """A name that is no column is a slip of the pen."""
    assert "the tag column 'hots' does not exist: the columns are 'time', 'v'" in refused(
        csv("time,v\n0,1\n", tags=["hots"])
    )
    assert "holds the times" in refused(csv("time,v\n0,1\n", tags=["time"]))


def test_blank_lines_and_a_byte_order_mark_are_no_data(csv):
    """A header alone gives no points."""
    assert column(csv("\ufefftime,v\r\n\r\n0,1\r\n\r\n")) == [1]
    assert list(csv("time,v\n")) == []


def test_rows_are_numbered_as_a_spreadsheet_does(csv):
    """The header is row 1, and blank rows count."""
    assert "row 5: bad time" in refused(csv("time,v\n0,1\n\n1,1\nx,1\n"))


@pytest.mark.parametrize("sign", [";", "\t"])
def test_another_separator_is_named_with_what_reads_it(tmp_path, sign):
    """Spreadsheets write semicolons where the comma is in the numbers."""
    path = tmp_path / "a.csv"
    path.write_text(f"Date{sign}v\n2026-01-01T00:00:00Z{sign}1,5\n")
    with pytest.raises(SourceError, match=re.escape(f"pandas.read_csv(path, sep={sign!r})")):
        list(Csv(path))
