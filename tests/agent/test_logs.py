"""What goes to stderr: lines that Kapacitor can read, records as text or JSON."""

import io
import json
import logging
import random
import subprocess
import sys

import pytest

from kapnb.agent._json_log import JsonFormatter
from kapnb.agent._logs import LINE_MAX, LineLimited, configure_logging

KAPACITORS_LIMIT = 65_536


def below(encoding="utf-8", errors="backslashreplace"):
    """Return a text stream as stderr is one."""
    return io.TextIOWrapper(
        io.BytesIO(), encoding=encoding, errors=errors, newline="\n", line_buffering=True
    )


def written(stream):
    """Return the bytes that have gone through `stream`."""
    stream.flush()
    return stream.buffer.getvalue()


def longest(data):
    """Return the length of the longest line, with its end."""
    return max(len(line) + 1 for line in data.split(b"\n"))


# ------------------------------------------------------------------------------ LineLimited


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
@pytest.mark.parametrize("character", ["x", "é", "中", "😀", "\udc80", "\r", "\x0b", "\u2028"])
@pytest.mark.parametrize("times", [LINE_MAX // 10, LINE_MAX - 1, LINE_MAX, 3 * LINE_MAX])
def test_no_line_is_too_long_in_any_encoding(encoding, character, times):
    """However many bytes a character takes, and whatever else looks like the end of a line."""
    stream = below(encoding)

    LineLimited(stream).write(character * times + "\n")

    data = written(stream)
    assert longest(data) <= LINE_MAX
    spelled = character.encode(encoding, "backslashreplace")
    assert data.replace(b"\n", b"") == spelled * times


@pytest.mark.parametrize("seed", range(20))
def test_any_sequence_of_writes_has_the_same_text_and_no_long_line(seed):
    """Also if a line comes in many pieces, as progress bars write theirs."""
    choose = random.Random(seed)
    stream = below()
    limited = LineLimited(stream)
    pieces = [
        choose.choice("aé\r") * choose.choice([0, 1, 70, 8000, LINE_MAX, 2 * LINE_MAX])
        + choose.choice(["", "", "\n", "\r", "\nb\n"])
        for _ in range(60)
    ]

    for piece in pieces:
        assert limited.write(piece) == len(piece)

    data = written(stream)
    assert longest(data) <= LINE_MAX
    assert data.replace(b"\n", b"").decode() == "".join(pieces).replace("\n", "")


def test_lines_that_are_short_enough_stay_as_they_are():
    """Nothing is added to them."""
    stream = below()
    text = "one\n\ntwo\r\n  three" + "x" * (LINE_MAX - 9) + "\n" + "y" * (LINE_MAX - 1) + "\n"

    LineLimited(stream).write(text)

    assert written(stream).decode() == text


def test_a_line_is_written_out_at_its_end():
    """Kapacitor logs it when it happens, not when the process ends."""
    stream = below()
    stream.reconfigure(line_buffering=False)
    limited = LineLimited(stream)

    limited.write("a")
    assert stream.buffer.getvalue() == b""

    limited.write("b\nc")
    assert stream.buffer.getvalue() == b"ab\nc"


def test_a_line_written_from_one_call_is_one_write_below():
    """Other threads write, too; a log record is not torn apart."""

    class Counting(io.StringIO):
        calls = 0

        def write(self, text):
            self.calls += 1
            return super().write(text)

    stream = Counting()

    LineLimited(stream).write("one\ntwo\nthree\n")

    assert stream.calls == 1


def test_it_is_as_the_stream_below_in_all_else():
    """User code asks sys.stdout for a lot."""
    stream = below("latin-1")
    limited = LineLimited(stream)

    assert (limited.encoding, limited.errors) == ("latin-1", "backslashreplace")
    assert limited.buffer is stream.buffer
    assert limited.writable()
    assert not limited.isatty()
    assert limited.line_buffering
    limited.reconfigure(encoding="utf-8")
    assert limited.encoding == "utf-8"
    with pytest.raises(io.UnsupportedOperation):
        limited.fileno()
    with pytest.raises(AttributeError, match="no_such_thing"):
        limited.no_such_thing


def test_the_last_words_are_kept():
    """They say why a script has ended itself."""
    limited = LineLimited(below())
    assert limited.last_words == ""

    for piece in ["first\n", "MODEL_PATH is not set", "\n", ""]:
        limited.write(piece)

    assert limited.last_words == "MODEL_PATH is not set"


# ------------------------------------------------------------------------ configure_logging

LOG = """
import sys, logging
from kapnb.agent._logs import configure_logging
{before}
configure_logging({environ})
log = logging.getLogger("mine.part")
log.debug("d"); log.info("i"); log.warning("w")
logging.getLogger("kapnb").error("e")
"""


def log_of(environ, before=""):
    """Return what a process that has configured logging writes to stderr."""
    source = LOG.format(environ=environ, before=before)
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, check=True)
    assert done.stdout == b""
    return done.stderr.decode().splitlines()


INFO = ["INFO mine.part: i", "WARNING mine.part: w", "ERROR kapnb: e"]


@pytest.mark.parametrize(
    ("level", "lines"),
    [
        (None, INFO),
        ("", INFO),
        ("info", INFO),
        ("DEBUG", ["DEBUG mine.part: d", *INFO]),
        ("TRACE", ["DEBUG mine.part: d", *INFO]),
        ("WARN", INFO[1:]),
        (" Warning ", INFO[1:]),
        ("ERROR", INFO[2:]),
        ("OFF", []),
    ],
)
def test_the_level_is_the_one_kapacitors_services_have(level, lines):
    """KAPACITOR_LOGGING_LEVEL, by its own names of levels."""
    environ = {} if level is None else {"KAPACITOR_LOGGING_LEVEL": level}

    assert log_of(environ) == lines


def test_a_level_that_is_none_is_named():
    """And INFO holds."""
    first, *rest = log_of({"KAPACITOR_LOGGING_LEVEL": "loud"})

    assert first == (
        "WARNING kapnb: KAPACITOR_LOGGING_LEVEL is 'LOUD', which is no level: use DEBUG, INFO, "
        "WARN or ERROR"
    )
    assert rest == INFO


def test_what_the_user_has_set_up_stays():
    """Their format, their level, their handlers."""
    before = "logging.basicConfig(level=logging.ERROR, format='mine %(message)s')"

    assert log_of({"KAPACITOR_LOGGING_LEVEL": "DEBUG"}, before) == ["mine e"]


def test_records_may_be_json():
    """One object a line."""
    *_, last = lines = log_of({"KAPNB_LOG_FORMAT": "JSON"})

    assert len(lines) == 3
    entry = json.loads(last)
    assert entry.pop("time").endswith("+00:00")
    assert entry == {"level": "error", "logger": "kapnb", "message": "e"}


def test_the_environment_of_the_process_counts(monkeypatch):
    """Read when it is needed, so that a test can set it."""
    monkeypatch.setenv("KAPACITOR_LOGGING_LEVEL", "loud")
    records = []
    log = logging.getLogger("kapnb")
    listener = logging.Handler()
    listener.emit = records.append
    log.addHandler(listener)

    configure_logging()

    log.removeHandler(listener)
    assert [record.args for record in records] == [("LOUD",)]


# ---------------------------------------------------------------------------- JsonFormatter


def json_of(message, *args, error=None, **extra):
    """Return the line of a record, and what a strict reader makes of it."""
    exc_info = (type(error), error, error.__traceback__) if error is not None else None
    record = logging.LogRecord("kapnb", logging.INFO, "f.py", 1, message, args, exc_info)
    vars(record).update(extra)
    line = JsonFormatter().format(record)
    return line, json.loads(line, parse_constant=pytest.fail)


def test_an_error_is_in_its_record():
    """By its name and with its traceback; still one line."""
    try:
        raise ValueError("bad\nvalue")
    except ValueError as caught:
        line, entry = json_of("failed: %s", "x", error=caught)

    assert "\n" not in line
    assert entry["message"] == "failed: x"
    assert entry["error"] == "ValueError"
    assert entry["traceback"].startswith("Traceback")
    assert entry["traceback"].endswith("ValueError: bad\nvalue")


@pytest.mark.parametrize("character", ["x", "\x00", "中", "😀", "\udc80", '"'])
def test_a_long_record_is_cut_and_not_broken(character):
    """Half of an object is no JSON; beginning and end are what matters."""
    error = ValueError("a" + character * 100_000 + "z")

    line, entry = json_of("a" + character * 100_000 + "z", error=error)

    assert len(line.encode()) < LINE_MAX
    assert (entry["message"][0], entry["message"][-1]) == ("a", "z")
    assert " … " in entry["message"]
    assert entry["traceback"].endswith(character + "z")


def test_counters_are_numbers_that_any_reader_takes():
    """JSON has no NaN."""
    _, entry = json_of(
        "c", counters={"points_in": 3, "p50_ms": float("nan"), "p99_ms": 1.5, "x": "y"}
    )

    assert entry["counters"] == {"points_in": 3, "p50_ms": None, "p99_ms": 1.5, "x": "y"}


def test_counters_that_are_none_are_left_out():
    """Another library may use the name."""
    assert "counters" not in json_of("c", counters=5)[1]
