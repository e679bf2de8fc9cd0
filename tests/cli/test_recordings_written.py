"""`kapnb record`: recordings from files, and what it refuses."""

import gzip
import zipfile
from pathlib import Path

import pytest

from kapnb.sources import BatchRecording, StreamRecording

RECORDINGS = Path(__file__).parent.parent / "data" / "recordings"

ROWS = """\
time,host,n,x
2026-01-01T00:00:01Z,b,1,0.5
2026-01-01T00:00:02Z,a,2,
2026-01-01T00:00:11Z,b,3,1.5
"""


@pytest.fixture
def rows(tmp_path):
    """A CSV file."""
    path = tmp_path / "cpu.csv"
    path.write_text(ROWS)
    return path


def test_a_csv_file_becomes_a_stream_recording(kapnb, tmp_path, rows):
    """Three lines a point, as Kapacitor writes them."""
    done = kapnb(
        *("record", "--data", rows, "--tags", "host", "-o", "cpu.srpl"),
        *("--database", "telegraf", "--type", "stream"),
    )
    assert done.returncode == 0
    assert done.stdout == b"cpu.srpl: 3 points\n"
    assert not done.stderr
    assert gzip.decompress((tmp_path / "cpu.srpl").read_bytes()).decode() == (
        "telegraf\nautogen\ncpu,host=b n=1i,x=0.5 1767225601000000000\n"
        "telegraf\nautogen\ncpu,host=a n=2i 1767225602000000000\n"
        "telegraf\nautogen\ncpu,host=b n=3i,x=1.5 1767225611000000000\n"
    )


def test_without_a_database_it_is_said_that_no_task_will_see_the_points(kapnb, tmp_path, rows):
    """Kapacitor hands them on by database and retention policy."""
    done = kapnb("record", "--data", rows, "--group-by", "host", "-o", "cpu.srpl")
    assert done.returncode == 0
    assert b"a replay reaches no task; give --database" in done.stderr
    assert next(iter(StreamRecording(tmp_path / "cpu.srpl"))).tags == {"host": "b"}


def test_a_csv_file_becomes_a_batch_recording(kapnb, tmp_path, rows):
    """One batch a group and window."""
    done = kapnb(
        *("record", "--data", rows, "--group-by", "host", "--period", "10s", "-o", "cpu.brpl")
    )
    assert done.stdout == b"cpu.brpl: 3 batches\n"
    batches = list(BatchRecording(tmp_path / "cpu.brpl"))
    assert [(batch.group, batch.tmax // 10**9 % 100, len(batch)) for batch in batches] == [
        ("host=a", 10, 1),
        ("host=b", 10, 1),
        ("host=b", 20, 1),
    ]


def test_one_query_of_several_can_be_chosen(kapnb, tmp_path):
    """What the refusal says to write is what works."""
    recording = RECORDINGS / "rec_batch.brpl"
    refused = kapnb("record", "--data", recording, "-o", "one.brpl")
    done = kapnb("record", "--data", recording, "--query", "1", "-o", "one.brpl")

    assert b"on the command line with --query 0 (it has: 0, 1)" in refused.stderr
    assert done.returncode == 0
    assert list(BatchRecording(tmp_path / "one.brpl")) == list(BatchRecording(recording, query=1))


def test_a_damaged_recording_is_mended_and_the_loss_reported(kapnb, tmp_path):
    """Exit status 1: what was given has a fault."""
    cut = tmp_path / "cut.srpl"
    cut.write_bytes((RECORDINGS / "host_cpu.srpl").read_bytes()[:9000])
    done = kapnb("record", "--data", cut, "-o", "whole.srpl")
    assert done.returncode == 1
    assert done.stdout == b"whole.srpl: 1318 points\n"
    assert b"warning: " in done.stderr
    assert b"byte 9000" in done.stderr
    assert len(list(StreamRecording(tmp_path / "whole.srpl"))) == 1318


def test_a_batch_recording_is_written_again_to_the_letter(kapnb, tmp_path):
    """Through the command, too."""
    source = RECORDINGS / "host_cpu_batch.brpl"
    assert kapnb("record", "--data", source, "-o", "copy.brpl").returncode == 0
    with zipfile.ZipFile(tmp_path / "copy.brpl") as copy, zipfile.ZipFile(source) as original:
        assert copy.read("0") == original.read("0")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["-o", "cpu.txt"], "the suffix must be .srpl or .brpl"),
        (["-o", "cpu.srpl", "--type", "batch"], "a .srpl file is of --type stream, not batch"),
        (["-o", "cpu.srpl", "--period", "1s"], "--period is for --type batch, not stream"),
        (["-o", "cpu.brpl", "--database", "db"], "--database is for --type stream, not batch"),
        ([], "required: -o/--out"),
    ],
)
def test_wrong_usage_is_told(kapnb, tmp_path, rows, arguments, problem):
    """Exit status 2, and no file."""
    done = kapnb("record", "--data", rows, *arguments)
    assert done.returncode == 2
    assert problem in done.stderr.decode()
    assert list(tmp_path.iterdir()) == [rows]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--data", "cpu.csv", "--period", "ten"], "period: 'ten' is no duration"),
        (["--data", "cpu.csv", "--time", "at"], "there is no time column 'at'"),
        (["--data", "no.csv"], "no.csv: there is no such file"),
        (["--data", "influxdb://localhost/db"], "the address of a query is influxdb://"),
    ],
)
def test_bad_input_is_one_message(kapnb, tmp_path, rows, arguments, problem):
    """Exit status 1, and no file."""
    done = kapnb("record", *arguments, "-o", "cpu.brpl")
    assert done.returncode == 1
    assert problem in done.stderr.decode()
    assert done.stderr.count(b"\n") == 1
    assert list(tmp_path.iterdir()) == [rows]
