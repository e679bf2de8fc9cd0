"""Recordings: real ones as Kapacitor replays them, and damaged ones."""

import dataclasses
import gzip
import io
import json
import re
import warnings
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kapnb.errors import SourceError
from kapnb.model import BATCH, STREAM, Batch, Point, Source
from kapnb.protocol import ProtobufCodec, split_frames
from kapnb.sources import BatchRecording, DamageWarning, StreamRecording

DATA = Path(__file__).parent.parent / "data"
RECORDINGS = DATA / "recordings"

TRIPLE = "telegraf\nautogen\ncpu,host=a usage=0.5 1700000000000000000\n"


def gathered(source):
    """Return what a Source gave before it ended or failed, and whether it failed."""
    items = []
    try:
        for item in source:
            items.append(item)
    except SourceError as error:
        return items, str(error)
    return items, None


def until_error(source):
    """Return the items given before the error, and the error's words."""
    items, error = gathered(dataclasses.replace(source, damaged="raise"))
    assert error is not None
    return items, error


def until_warning(source):
    """Return the items before the damage, and the warning."""
    with pytest.warns(DamageWarning) as caught:
        items = list(source)
    (warning,) = (entry.message for entry in caught)
    assert warning.items == len(items)
    return items, str(warning)


@pytest.fixture
def write(tmp_path):
    """Return a function that writes bytes, or text, to a file."""

    def write(data, name="rec.srpl"):
        path = tmp_path / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    return write


# ------------------------------------------------------------------------- streams


@pytest.mark.parametrize(("session", "name"), [("", "rec_stream"), (".3", "rec_query_stream")])
def test_a_stream_recording_gives_what_kapacitor_replayed(session, name):
    """Point by point, with the types, the database and the retention policy."""
    data = (DATA / "transcripts" / f"r1_replay_stream_mirror{session}.in.bin").read_bytes()
    requests = map(ProtobufCodec().decode_request, split_frames(data))
    replayed = [item for item in requests if isinstance(item, Point)]
    read = list(StreamRecording(RECORDINGS / f"{name}.srpl"))
    assert len(read) == len(replayed)
    for ours, theirs in zip(read, replayed, strict=True):
        theirs.dimensions = ()  # grouping is the TICKscript's, not the recording's
        assert ours == theirs
        assert ours.database == "telegraf"
        assert ours.retention_policy == "autogen"
        for field in ours.fields:
            assert type(ours.fields[field]) is type(theirs.fields[field])


def test_the_host_recording_is_read_whole_and_again():
    """2,484 points, the same each time."""
    source = StreamRecording(RECORDINGS / "host_cpu.srpl")
    assert isinstance(source, Source)
    assert source.edge is STREAM
    points = list(source)
    assert len(points) == 2484
    assert {point.tags["cpu"] for point in points} == {"cpu-total", "cpu0", "cpu1"}
    assert points == list(source)


def test_plain_text_in_seconds_is_a_recording_too(write):
    """As among Kapacitor's own tests, where database and policy may be empty."""
    path = write("\n\ncpu v=1 10\r\ndb\nrp\nmem v=2i 11\n")
    assert list(StreamRecording(path, precision="s")) == [
        Point({"v": 1.0}, time=10_000_000_000, name="cpu", tags={}),
        Point(
            {"v": 2}, time=11_000_000_000, name="mem", tags={}, database="db", retention_policy="rp"
        ),
    ]


def test_a_gzip_cut_off_names_the_byte_after_the_points_before_it(write):
    """And says what to do."""
    whole = (RECORDINGS / "host_cpu.srpl").read_bytes()
    points, text = until_error(StreamRecording(write(whole[:9000])))
    assert len(points) > 1000
    assert points == list(StreamRecording(RECORDINGS / "host_cpu.srpl"))[: len(points)]
    assert "the gzip data breaks off at byte 9000, where the file ends" in text
    assert "record again" in text
    assert re.search(r"rec\.srpl, line \d+: ", text)


@pytest.mark.parametrize("cut", [1, 2, 12, 100, 202])
def test_no_cut_of_a_gzip_passes_unnoticed(write, cut):
    """Not even one within its header or its last byte."""
    whole = (RECORDINGS / "rec_stream.srpl").read_bytes()
    assert len(whole) == 203
    points, _ = until_error(StreamRecording(write(whole[:cut])))
    assert points == list(StreamRecording(RECORDINGS / "rec_stream.srpl"))[: len(points)]


def test_damaged_gzip_data_is_named(write):
    """A flipped byte is found by the checksum, if not before."""
    whole = bytearray((RECORDINGS / "rec_stream.srpl").read_bytes())
    whole[-6] ^= 1
    points, text = until_error(StreamRecording(write(bytes(whole))))
    assert len(points) == 4
    assert "the gzip data is damaged at or before byte 198" in text
    assert "any value may be altered" in text


@pytest.mark.parametrize(
    ("lines", "last"), [("telegraf\n", "line 4"), ("telegraf\nautogen\n", "line 5")]
)
def test_a_point_that_lacks_lines_is_named_after_the_points_before_it(write, lines, last):
    """The byte at which the text ends is in the message."""
    size = len(TRIPLE + lines)
    points, text = until_error(StreamRecording(write(gzip.compress((TRIPLE + lines).encode()))))
    assert len(points) == 1
    assert f"{last}: the recording ends after byte {size} of its text, within a point" in text


def test_a_last_line_without_an_end_is_refused_since_its_time_may_be_cut(write):
    """1700000000000000000 less its last digits is a time as well."""
    points, text = until_error(StreamRecording(write((TRIPLE + TRIPLE)[:-5])))
    assert len(points) == 1
    assert f"line 6: the text breaks off at byte {2 * len(TRIPLE) - 5}, within a line" in text


def test_the_recording_that_breaks_kapacitors_replay_is_explained():
    """A string field with a line break; the point before it is given."""
    path = RECORDINGS / "rec_stream_multiline_BREAKS_REPLAY.srpl"
    points, text = until_error(StreamRecording(path))
    assert len(points) == 1
    at = gzip.decompress(path.read_bytes()).index("cpu,host=日本".encode())
    assert f"{path}, line 6 (byte {at} of the text): a string field holds a line break" in text
    assert "Kapacitor itself cannot replay" in text


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("db\nrp\ncpu v= 1\n", "line 3, column 7: missing field value"),
        ("db\nrp\ncpu v=1\n", "line 3, column 8: no timestamp"),
        ("db\nrp\n\n", "line 3, column 1: missing measurement"),
        ("db\nrp\n# v=1 0\n", "line 3, column 1: a line that starts with # is a comment"),
        (b"db\nrp\ncpu,a=\xff v=1 1\n", "line 3: byte 6 is not UTF-8"),
        ("", "the file is empty"),
    ],
)
def test_bad_lines_of_a_recording_are_named(write, text, problem):
    """By the number that an editor shows for the unzipped text."""
    _, error = until_error(StreamRecording(write(text)))
    assert problem in error


# ------------------------------------------------------------------------- batches


def test_a_batch_recording_gives_its_batches_again_and_again():
    """42 batches of real data, equal to the stream, which was recorded for 5 s less."""
    source = BatchRecording(RECORDINGS / "host_cpu_batch.brpl")
    assert isinstance(source, Source)
    assert source.edge is BATCH
    batches = list(source)
    assert len(batches) == 42
    assert batches == list(source)
    assert {batch.group for batch in batches} == {"cpu=cpu-total", "cpu=cpu0", "cpu=cpu1"}
    assert all(batch.name == "cpu" for batch in batches)
    stream = {
        (point.time, point.tags["cpu"]): point.fields["usage_user"]
        for point in StreamRecording(RECORDINGS / "host_cpu.srpl")
    }
    points = [point for batch in batches for point in batch.points]
    assert len(points) == 2514
    assert {point.name for point in points} == {""}
    assert (
        stream.items()
        <= {(point.time, point.tags["cpu"]): point.fields["usage_user"] for point in points}.items()
    )


def test_numbers_of_a_batch_recording_are_floats():
    """Kapacitor's replay makes them so; text and booleans stay."""
    first = next(iter(BatchRecording(RECORDINGS / "rec_batch.brpl", query=1)))
    assert first == Batch(
        [
            Point(
                {"count": 0.0, "state": "s0", "up": True, "usage": 0.5},
                time=1795300963872619682,
                tags={"host": "a"},
            )
        ],
        name="cpu",
        tags={"host": "a"},
        tmax=1795300963889819001,
        by_name=False,
    )
    assert type(first.points[0].fields["count"]) is float


def test_one_of_several_queries_must_be_chosen():
    """The message lists them."""
    path = RECORDINGS / "rec_batch.brpl"
    _, text = until_error(BatchRecording(path))
    assert "choose one entry of the recording with query=, as in query=0" in text
    assert "(it has: 0, 1)" in text
    assert len(list(BatchRecording(path, query=0))) == 3
    _, text = until_error(BatchRecording(path, query=2))
    assert "there is no entry of query 2 (it has: 0, 1)" in text


def record(**more):
    """Return one batch as JSON."""
    point = {"fields": {"v": 1}, "time": "1970-01-01T00:00:01Z"}
    return json.dumps({"name": "m", "points": [point], **more})


def one(source):
    """Return the only batch of a Source."""
    (batch,) = source
    return batch


def test_bare_json_on_several_lines_is_a_recording_too(write):
    """As among Kapacitor's own tests; it is query 0."""
    text = "\n".join(json.dumps(json.loads(record()), indent=1) for _ in range(2))
    path = write(text, "rec.brpl")
    assert len(list(BatchRecording(path))) == len(list(BatchRecording(path, query=0))) == 2
    assert "bare JSON, it has no query 1" in until_error(BatchRecording(path, query=1))[1]


def test_points_without_tags_take_the_batchs(write):
    """Those with tags keep their own."""
    points = [
        {"fields": {"v": 1}, "tags": tags, "time": "1970-01-01T00:00:01Z"}
        for tags in (None, {}, {"host": "b"})
    ]
    batch = one(BatchRecording(write(record(tags={"host": "a"}, points=points))))
    assert [point.tags for point in batch.points] == [{"host": "a"}, {"host": "a"}, {"host": "b"}]


@pytest.mark.parametrize(
    ("tmax", "expected"),
    [
        (None, 1_000_000_000),
        ("0001-01-01T00:00:00Z", 1_000_000_000),
        ("1970-01-01T00:00:00.5Z", 1_000_000_000),
        ("1970-01-01T00:00:02Z", 2_000_000_000),
    ],
)
def test_tmax_is_never_before_the_last_point(write, tmax, expected):
    """Kapacitor's replay raises it."""
    assert one(BatchRecording(write(record(tmax=tmax)))).tmax == expected


def test_the_recorded_group_is_ignored_and_byname_is_not(write):
    """The group is computed anew."""
    batch = one(BatchRecording(write(record(group="nonsense", byname=True, tags={"a": "b"}))))
    assert batch.by_name
    assert batch.group == "m\na=b"


def test_empty_batches_are_skipped(write):
    """As Kapacitor's replay does."""
    text = "\n".join([record(points=[]), record(points=None), record(), record(points=[])])
    assert len(list(BatchRecording(write(text)))) == 1


@pytest.mark.parametrize(
    ("size", "sound"), [(2, 0), (100, 0), (8000, 19), (16000, 39), (17079, 42)]
)
def test_a_zip_cut_off_gives_the_batches_that_are_left(write, size, sound):
    """Its directory stood at its end, but each entry has a head of its own."""
    path = RECORDINGS / "host_cpu_batch.brpl"
    batches, text = until_error(BatchRecording(write(path.read_bytes()[:size])))
    assert len(batches) == sound
    assert batches == list(BatchRecording(path))[:sound]
    assert f"byte {size}" in text
    assert "record again" in text


def test_a_zip_cut_off_gives_each_query_that_is_left(write):
    """Entry 0 whole, entry 1 in part."""
    path = RECORDINGS / "rec_batch.brpl"
    cut = write(path.read_bytes()[:400])
    batches, text = until_error(BatchRecording(cut, query=0))
    assert batches == list(BatchRecording(path, query=0))
    assert "entry 0, line 4: the zip has no sound directory at its end, byte 400" in text
    batches, text = until_error(BatchRecording(cut, query=1))
    assert batches == list(BatchRecording(path, query=1))[: len(batches)]
    assert "entry 1" in text
    assert "byte 400" in text
    assert "no sound directory" in until_error(BatchRecording(cut))[1]
    assert "(it has: 0, 1)" in until_error(BatchRecording(cut))[1]


def test_a_directory_that_points_nowhere_is_done_without(write):
    """The entries are found by their heads, and all is read."""
    path = RECORDINGS / "rec_batch.brpl"
    whole = bytearray(path.read_bytes())
    offset = whole.index(b"PK\x01\x02") + 42
    whole[offset : offset + 4] = b"\xff\xff\xff\x7f"
    batches, text = until_warning(BatchRecording(write(bytes(whole)), query=0))
    assert batches == list(BatchRecording(path, query=0))
    assert "it points out of the file" in text


def test_a_damaged_entry_gives_the_batches_before_the_byte(write):
    """Up to where the inflater stumbles, which is not where zipfile gives up."""
    path = RECORDINGS / "rec_batch.brpl"
    whole = bytearray(path.read_bytes())
    whole[150] ^= 0xFF
    batches, text = until_error(BatchRecording(write(bytes(whole)), query=0))
    assert 0 < len(batches) < 3
    assert "rec.srpl, entry 0, line 2: the zipped data is damaged at or before byte 1" in text


@pytest.mark.parametrize("flags", [0, 1])
def test_entries_that_are_merely_stored_are_read_without_a_directory(write, flags):
    """Their heads say how long they are; those that are encrypted are not read."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("0", record() + "\n")
        archive.writestr("1", record() + "\n" + record())
    data = bytearray(packed.getvalue()[:-120])
    data[6] = flags
    path = write(bytes(data))
    if flags:
        assert "is encrypted" in until_error(BatchRecording(path, query=0))[1]
        return
    assert len(until_error(BatchRecording(path, query=0))[0]) == 1
    batches, text = until_error(BatchRecording(path, query=1))
    assert len(batches) == 1
    assert "entry 1, line 2: the data breaks off at byte" in text


def test_json_cut_off_names_the_byte_after_the_batches_before_it(write):
    """And its line."""
    text = f"{record()}\n{record()}"
    batches, error = until_error(BatchRecording(write(text[:-3])))
    assert len(batches) == 1
    assert "line 2: the JSON of this batch is damaged or cut off at byte " in error
    assert "record again" in error


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[]", "line 1: expected a JSON object, not []"),
        (record(points=[{}]), "line 1, point 0: the point has no time"),
        (record(points=[1]), "line 1, point 0: expected a JSON object, not 1.0"),
        (record(points={}), "'points' must be an array, not {}"),
        (record(name=5), "'name' must be a string, not 5.0"),
        (record(tags={"a": 1}), "'a' must be a string, not 1.0"),
        (record(tmax="noon"), "'tmax': 'noon' is no RFC 3339 time"),
        (record().replace('"v": 1', '"v": [1]'), "point 0: field 'v' must be a float"),
        (record().replace('"v": 1', '"v": null'), "point 0: the point has no fields"),
        (record().replace('"v": 1', '"v": NaN'), "NaN is no number"),
        (record().replace('"v": 1', '"v": 1e999'), "1e999 is no number"),
        (record().replace("1970", "9999"), "does not fit"),
        ("\n\n{nonsense", "line 3: the JSON of this batch is damaged"),
        (b'{"name": "\xff"}', "byte 10 is not UTF-8"),
        ("[" * 100_000, "cannot be used"),
    ],
)
def test_bad_batches_are_refused_with_their_line(write, text, problem):
    """Kapacitor would swallow some of these; here nothing is."""
    _, error = until_error(BatchRecording(write(text)))
    assert problem in error


def test_a_bad_batch_amidst_others_is_an_error_whatever_was_chosen(write):
    """To leave it out would be a lie; its line and column are named."""
    source = BatchRecording(write(f"{record()}\n{{}}x\n{record()}\n"))
    batches, error = gathered(source)
    assert len(batches) == 1
    assert "rec.srpl, line 2, column 3: the JSON of this batch is damaged" in error


def test_bytes_that_are_no_text_amidst_batches_are_an_error(write):
    """The batches of the lines before are given, the line is named."""
    source = BatchRecording(write(f"{record()}\n".encode() + b'{"name": "\xff"}\n{}\n'))
    batches, error = gathered(source)
    assert len(batches) == 1
    assert "line 2: byte 90 is not UTF-8" in error


def test_an_entry_is_named_in_errors_of_its_lines(write):
    """The entry and the line within it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("0", record() + "\n{}x")
    batches, error = until_error(BatchRecording(write(packed.getvalue())))
    assert len(batches) == 1
    assert "entry 0, line 2: " in error


# -------------------------------------------------------------------------- damage


def test_what_stands_before_the_damage_is_kept_and_the_rest_reported_each_time(write):
    """A warning that is shown once and then swallowed would make the second run a lie."""
    path = write((RECORDINGS / "host_cpu.srpl").read_bytes()[:9000])
    source = StreamRecording(path)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        first, second = list(source), list(source)
    assert first == second == list(StreamRecording(RECORDINGS / "host_cpu.srpl"))[: len(first)]
    assert len(caught) == 2
    warning = caught[0].message
    assert isinstance(warning, DamageWarning)
    assert warning.items == len(first) > 1000
    assert warning.where == f"{path}, line {3 * len(first) + 3}"
    assert "the gzip data breaks off at byte 9000" in str(warning)
    assert str(warning).endswith(f"(number of points before it, which were read: {len(first)})")


def test_batches_before_the_damage_are_kept(write):
    """The same for a zip."""
    batches, text = until_warning(
        BatchRecording(write((RECORDINGS / "host_cpu_batch.brpl").read_bytes()[:9000]))
    )
    assert batches == list(BatchRecording(RECORDINGS / "host_cpu_batch.brpl"))[: len(batches)]
    assert "the zipped data breaks off at byte 9000" in text


def test_every_point_before_the_very_byte_is_kept(write):
    """Whatever is left of a block that is damaged, although gzip gives nothing of it."""
    text = "".join(f"db\nrp\ncpu v={n} {n}\n" for n in range(20_000))
    data = bytearray(gzip.compress(text.encode()))
    at = len(data) * 3 // 4
    data[at : at + 40] = bytes(40)
    points, report = until_warning(StreamRecording(write(bytes(data))))
    inflated = zlib.decompressobj(31).decompress(bytes(data[:at])).count(b"\n") // 3
    assert points[: inflated - 1] == list(StreamRecording(write(text)))[: inflated - 1]
    assert inflated > 10_000
    assert "may be altered" in report


def test_nothing_before_the_damage_is_nothing_to_keep(write):
    """An empty result with a warning would be taken for data."""
    _, error = gathered(StreamRecording(write(TRIPLE[:-1])))
    assert "within a line" in error


@pytest.mark.parametrize("zipped", [True, False])
def test_a_bad_line_amidst_others_is_an_error_whatever_was_chosen(write, zipped):
    """Its line and column are named, and the points before it are given."""
    text = (TRIPLE + TRIPLE.replace("=0.5", "=") + TRIPLE).encode()
    points, error = gathered(StreamRecording(write(gzip.compress(text) if zipped else text)))
    assert len(points) == 1
    assert "rec.srpl, line 6, column 18: missing field value" in error


def test_a_bad_last_line_is_damage(write):
    """Nothing stands behind it that would be left out unseen."""
    points, text = until_warning(StreamRecording(write(TRIPLE + "db\nrp\ncpu,host=a load\n")))
    assert len(points) == 1
    assert "line 6, column 16: invalid field format" in text


def test_text_that_never_was_is_laid_to_the_damage_behind_it(write):
    """A flipped bit garbles lines long before the checksum tells."""
    plain = TRIPLE + TRIPLE.replace("0.5", "?.5") + TRIPLE
    data = bytearray(gzip.compress(plain.encode()))
    data[-5] ^= 1
    points, text = until_warning(StreamRecording(write(bytes(data))))
    assert len(points) == 1
    assert "line 6, column 18: invalid number '?.5'" in text
    assert "and the gzip data is damaged at or before byte" in text


def test_members_and_padding_of_a_gzip_are_read(write):
    """As gzip itself reads files that were put together."""
    data = gzip.compress(TRIPLE.encode()) * 2 + bytes(100)
    assert len(list(StreamRecording(write(data)))) == 2
    assert len(until_warning(StreamRecording(write(data + b"x")))[0]) == 2


def test_damaged_is_one_of_two_words():
    """Anything else is a slip of the pen."""
    for kind in (StreamRecording, BatchRecording):
        with pytest.raises(SourceError, match="it must be 'keep' or 'raise'"):
            kind("rec", damaged="ignore")


@given(
    name=st.sampled_from(["rec_stream.srpl", "rec_batch.brpl"]),
    cut=st.integers(0, 800),
    flips=st.dictionaries(st.integers(0, 800), st.integers(1, 255), max_size=3),
)
def test_any_damage_gives_sound_items_or_a_source_error(tmp_path_factory, name, cut, flips):
    """Nothing but a SourceError, whatever byte is wrong."""
    data = bytearray((RECORDINGS / name).read_bytes()[:cut])
    for at, flip in flips.items():
        if at < len(data):
            data[at] ^= flip
    path = tmp_path_factory.mktemp("damaged") / name
    path.write_bytes(bytes(data))
    source = StreamRecording(path) if name.endswith(".srpl") else BatchRecording(path, query=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DamageWarning)
        gathered(source)
