"""Transcripts: recorded, saved, read back, compared."""

from __future__ import annotations

import math

import pytest

from captures import read_session, sessions
from harness import exact
from kapnb import BATCH, Batch, Handler, Option, Point, SourceError, simulate
from kapnb.model import Duration
from kapnb.protocol import ProtobufCodec, split_frames
from kapnb.simulation import Transcript


class Plus(Handler):
    n = Option(int, default=1)
    d = Option(Duration, default=0)
    flag = Option()

    def point(self, point):
        yield point.with_fields(y=point.fields["x"] + self.n)


DATA = [Point({"x": x}, time=n, name="m", tags={"t": "ü,="}) for n, x in enumerate((1.5, -0.0))]


def run(**options) -> Transcript:
    return simulate(Plus, DATA, options=options, group_by="t").transcript


def test_it_reads_as_one_line_a_message():
    """Fixed columns, a legend, JSON."""
    lines = str(run(n=2, flag=True)).splitlines()

    assert lines[0] == "# kapnb transcript 1: > Kapacitor to UDF, < UDF to Kapacitor"
    assert [line[:11] for line in lines[1:]] == [
        "> init     ",
        "< init     ",
        "> point    ",
        "< point    ",
        "> point    ",
        "< point    ",
        "> snapshot ",
        "< snapshot ",
    ]
    assert '"options": [["n", ["INT", 2]], ["flag"]]' in lines[1]


def test_saving_and_loading_loses_nothing(tmp_path):
    """Equal messages, equal bytes."""
    transcript = run(n=2, d=Duration.parse("5m"))
    transcript.save(tmp_path / "t.txt")

    loaded = Transcript.load(tmp_path / "t.txt")

    assert loaded == transcript
    assert loaded.requests == transcript.requests
    assert loaded.responses == transcript.responses


@pytest.mark.parametrize(
    "change", [lambda p: p, lambda p: p.with_fields(y=1.0), lambda p: Point({})]
)
def test_points_that_went_into_a_batch_lose_nothing(tmp_path, change):
    """Those of a stream travel with more than a batch's points need; it is compared, too."""

    class Windows(Handler):
        provides = BATCH

        def point(self, point):
            yield Batch([change(point)])

    transcript = simulate(Windows, DATA, group_by="t").transcript
    transcript.save(tmp_path / "t.txt")

    loaded = Transcript.load(tmp_path / "t.txt")

    assert exact([message for _, message in loaded]) == exact(
        [message for _, message in transcript]
    )
    assert loaded.difference(transcript.responses) is None


TASKS = [session for session in sessions("a", "b", "c", "d", "f", "r") if "info" not in session]


@pytest.mark.parametrize("session", TASKS)
def test_captures_survive_the_text_form(session, tmp_path):
    """All that a real kapacitord sent, through text and back."""
    transcript = Transcript()
    transcript.add(True, read_session(session)[0])
    transcript.save(tmp_path / "t.txt")

    loaded = Transcript.load(tmp_path / "t.txt")

    assert [exact(message) for _, message in loaded] == [
        exact(message) for _, message in transcript
    ]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "line 1: this is no kapnb transcript"),
        ("{header}\n> nonsense  {{}}\n", "line 2: 'nonsense' is no kind of request"),
        ("{header}\n> point     {{\n", "line 2: Expecting"),
        ('{header}\n\n< init      {{"sucess": true}}\n', "line 3: not the content of a init"),
    ],
)
def test_a_damaged_file_is_refused_with_its_line(tmp_path, text, where):
    """Nothing is guessed."""
    header = str(Transcript()).splitlines()[0]
    (tmp_path / "t.txt").write_text(text.format(header=header))

    with pytest.raises(SourceError, match=where):
        Transcript.load(tmp_path / "t.txt")


def test_equal_answers_do_not_differ():
    """The same Handler, the same requests."""
    assert run().difference(run().responses) is None


def test_the_first_difference_is_shown_side_by_side():
    """Number, expected, found."""
    difference = run(n=1).difference(run(n=2).responses)

    assert difference is not None
    assert difference.number == 2
    assert '"y": 2.5' in difference.expected
    assert '"y": 3.5' in difference.found


def test_missing_and_further_answers_are_differences():
    """The shorter side shows nothing."""
    transcript, bodies = run(), list(split_frames(run().responses))

    def frames(some: list[bytes]) -> bytes:
        return b"".join(bytes([len(body)]) + body for body in some)

    missing = transcript.difference(frames(bodies[:2]))
    further = transcript.difference(transcript.responses + frames(bodies[1:2]))

    assert missing is not None
    assert (missing.number, missing.found) == (3, "")
    assert further is not None
    assert (further.number, further.expected) == (5, "")


@pytest.mark.parametrize(("one", "other", "same"), [
    (math.nan, math.nan, True),
    (0.0, -0.0, False),
    (1, 1.0, False),
    (1, True, False),
])  # fmt: skip
def test_values_are_compared_with_their_types(one, other, same):
    """NaN equals itself; zeros, ints, floats and bools are told apart."""
    codec = ProtobufCodec(deterministic=True)

    def frame(value):
        return codec.encode_response(Point({"x": value}, time=0), in_batch=False)

    transcript = Transcript()
    transcript.add(False, frame(one))

    assert (transcript.difference(frame(other)) is None) is same
