"""Each fault that would fail under Kapacitor is found, named, and comes with a remedy."""

from __future__ import annotations

import pytest

from captures import DATA
from kapnb.doctor import Level
from udf_scripts import HANG, StandingClock

MIRROR = """
class UDF(Handler):
    pass
"""
COUNTING = """
class UDF(Handler):
    def __init__(self):
        self.count = 0

    def point(self, point):
        self.count += 1
        yield point.with_fields(count=self.count)
"""


def levels(report):
    """Return the check → level of all that is not well; one check may speak twice."""
    return {f.check: f.level for f in report.findings if f.level is not Level.OK}


def only(report, level):
    """Return the one finding of a level."""
    (finding,) = (f for f in report.findings if f.level is level and f.check != "packages")
    return finding


def test_a_good_script_passes(script, diagnose):
    """Every check is made, and none of them fails."""
    report = diagnose(script(MIRROR))

    assert not report.failed
    assert levels(report) == {"packages": Level.WARN}
    assert [f.check for f in report.findings if f.level is Level.OK] == [
        *("command", "executable", "shebang", "interpreter", "info", "info, end", "init"),
        *("keepalive", "snapshot", "data", "memory", "end of input", "restore"),
        *("stdout", "stderr"),
    ]
    assert report.summary == "nothing found that would fail in production; 1 warning"


def test_options_reach_the_handler_and_name_fields(script, diagnose):
    """A text that an option holds is a field of the made-up points."""
    source = """
class UDF(Handler):
    field = Option(str)
    scale = Option(float)

    def group_state(self):
        return []

    def point(self, point, state):
        state[:] = [*state, point.fields[self.field] * self.scale][-3:]
        yield point.with_fields(sum=sum(state))
"""
    report = diagnose(script(source), ["field=usage", "scale=2.5"])

    assert not report.failed
    (data,) = [f.text for f in report.findings if f.check == "data"]
    assert data == "1000 made-up points in, 1000 points out"


def test_missing_options_are_said_and_the_rest_is_checked(script, diagnose):
    """No failure: it is not known what the TICKscript gives."""
    source = """
class UDF(Handler):
    field = Option(str)
"""
    report = diagnose(script(source))

    assert not report.failed
    init, rest = (f for f in report.findings if f.check in ("init", "not checked"))
    assert init.text == "refused: missing required option 'field'"
    assert init.remedy == "give its options by --option NAME=VALUE: field"
    assert rest.text == "keepalive, data, snapshot, memory, end of input, restore"


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        ("fields=x", 'no method or property "fields" on *pipeline.UDFNode'),
        ("size=2.5", "expects INT"),
        ("size=3", "refused: missing required option 'field'"),
    ],
)
def test_options_that_are_refused_fail(script, diagnose, pair, words):
    """In Kapacitor's words, or the Handler's."""
    source = """
class UDF(Handler):
    field = Option(str)
    size = Option(int, default=1)
"""
    finding = only(diagnose(script(source), [pair]), Level.FAIL)

    assert words in finding.text


def test_batches_are_made_up_where_batches_are_wanted(script, diagnose):
    """One a host; they are counted, and come again after the restore."""
    report = diagnose(script("class UDF(Handler):\n    wants = provides = BATCH\n"))

    assert not report.failed
    (data,) = [f.text for f in report.findings if f.check == "data"]
    assert data == "1000 made-up points in, 1000 points in 10 batches out"


@pytest.mark.parametrize("wants", ["STREAM", "BATCH"])
def test_a_file_of_data_is_fed(script, diagnose, tmp_path, wants):
    """As `kapnb simulate` reads it; a file of one point will do."""
    data = tmp_path / "data.csv"
    data.write_text("time,host,x\n2026-01-01T00:00:00Z,a,1.5\n")

    source = MIRROR if wants == "STREAM" else "class UDF(Handler):\n    wants = provides = BATCH\n"
    report = diagnose(script(source), data=str(data), group_by=["host"])

    assert not report.failed
    (text,) = [f.text for f in report.findings if f.check == "data"]
    assert text.startswith("2 points in, 2 points ")


def test_a_recording_of_batches_is_fed(script, diagnose):
    """Those of a real kapacitord."""
    recording = sorted((DATA / "recordings").glob("*.brpl"))[0]
    source = "class UDF(Handler):\n    wants = provides = BATCH\n"

    assert not diagnose(script(source), data=str(recording)).failed


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("data.csv", "time,x\n", "there is not a single point"),
        ("data.xlsx", "", "the suffix '.xlsx' is unknown"),
    ],
)
def test_data_that_cannot_be_read_fails(script, diagnose, tmp_path, name, content, words):
    """The examination goes no further."""
    (tmp_path / name).write_text(content)

    finding = only(diagnose(script(MIRROR), data=str(tmp_path / name)), Level.FAIL)

    assert finding.check == "data"
    assert words in finding.text


def test_real_data_without_output_is_worth_a_look(script, diagnose, tmp_path):
    """A filter may be meant to be silent; it may also look for the wrong field."""
    data = tmp_path / "data.csv"
    data.write_text("time,x\n2026-01-01T00:00:00Z,1.5\n")
    source = "class UDF(Handler):\n    def point(self, point):\n        return None\n"

    finding = only(diagnose(script(source), data=str(data)), Level.WARN)

    assert (finding.check, finding.text) == ("data", "2 points in, 0 points out")


NOISY = """
class UDF(Handler):
    def point(self, point):
        os.write(1, b"got a point\\n")
        return point
"""
LONE_END = """
from kapnb.model import EndBatch
from kapnb.protocol import ProtobufCodec

class UDF(Handler):
    def point(self, point):
        os.write(1, ProtobufCodec().encode_response(EndBatch("m"), in_batch=True))
"""

#: name → (source, what stands after run, the check that fails, words of the finding)
FAULTS = {
    "a print while handling": (NOISY, "", "stdout", ["'got a point\\n", "claim_stdio"]),
    "a print at import": (
        'os.write(1, b"loading" + b"." * 200)\n' + MIRROR,
        "",
        "stdout",
        ["'loading..."],
    ),
    "binary noise": (
        'os.write(1, b"\\xff" * 9)\n' + MIRROR,
        "",
        "stdout",
        ["'\\\\xff"],
    ),
    "a print at the exit": (MIRROR, 'os.write(1, b"bye\\n")', "stdout", ["'bye\\n'"]),
    "an end without a begin": (LONE_END, "", "protocol", ["an end without a begin"]),
    "an import that fails": (
        "import not_installed_anywhere\n" + MIRROR,
        "",
        "info",
        ["exit status 1", "No module named 'not_installed_anywhere'", "install that package"],
    ),
    "the official API without its package": (
        "from kapacitor.udf.agent import Agent\n" + MIRROR,
        "",
        "info",
        ["No module named 'kapacitor'", "official API"],
    ),
    "an exit in the constructor": (
        "class UDF(Handler):\n    def __init__(self):\n        sys.exit(0)\n",
        "",
        "info",
        ["ended before it answered: exit status 0"],
    ),
    "a status at the end": (MIRROR, "sys.exit(3)", "info, end", ["exit status 3"]),
    "an exception while handling": (
        "class UDF(Handler):\n    def point(self, point):\n        return 1 / 0\n",
        "",
        "data",
        ["ZeroDivisionError: division by zero (in UDF.point, line 7 of udf.py"],
    ),
    "a signal while handling": (
        "class UDF(Handler):\n    def point(self, point):\n        os.kill(os.getpid(), 9)\n",
        "",
        "data",
        ["signal SIGKILL"],
    ),
    "an exception in init": (
        "class UDF(Handler):\n    def init(self):\n        open('model.pkl')\n",
        "",
        "init",
        ["refused: FileNotFoundError", "model.pkl", "line 7 of udf.py"],
    ),
    "a restore that refuses": (
        "class UDF(Handler):\n"
        "    def restore(self, snapshot):\n"
        "        return RestoreResponse(False, 'not implemented')\n",
        "",
        "restore",
        ["its own snapshot is refused: not implemented", "could not start again"],
    ),
    "a restore that dies": (
        "class UDF(Handler):\n    def restore(self, snapshot):\n        os._exit(4)\n",
        "",
        "restore",
        ["exit status 4"],
    ),
    "a restore that forgets": (
        COUNTING + "    def snapshot(self):\n        return b'all is well'\n\n"
        "    def restore(self, snapshot):\n        pass\n",
        "",
        "restore",
        ["accepted, but then it answers otherwise", '"count": 1', '"count": 501'],
    ),
    "a long line of stderr": (
        "print('x' * 70_000, file=sys.stderr)\n" + MIRROR,
        "",
        "stderr",
        ["a line of 70000 bytes"],
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found(script, diagnose, name):
    """By the check it belongs to, and no other fails."""
    source, ending, check, words = FAULTS[name]

    report = diagnose(script(source, ending))

    finding = next(f for f in report.findings if f.level is Level.FAIL)
    assert finding.check == check
    assert finding.remedy
    assert [word for word in words if word not in f"{finding.text} {finding.remedy}"] == []


def test_a_leak_is_found(script, diagnose):
    """Memory that grows with every point."""
    source = """
kept = []

class UDF(Handler):
    def point(self, point):
        kept.append(bytearray(os.urandom(8)) * 1000)
        return point
"""
    finding = only(diagnose(script(source), points=4000), Level.FAIL)

    assert finding.check == "memory"
    assert "over 4,000 points" in finding.text
    grown = int(finding.text.partition("points: ")[2].split()[0])
    assert 6000 < grown < 20_000


#: Answers info, or init, and then nothing more.
DEAF = f"""
asked = os.read(0, 3)
os.write(1, bytes.fromhex("020a00" if asked == bytes.fromhex("020a00") else "0412020801"))
if asked != bytes.fromhex("020a00"):
    {HANG}
sys.exit(0)
"""
HANGS = {
    "an import": (f"{HANG}\n{MIRROR}", "", "info", "silent for the timeout of 0.2 s"),
    "an import after a print": (
        f'os.write(1, b"hello")\n{HANG}\n{MIRROR}',
        "",
        "stdout",
        "'hello'",
    ),
    "init": (
        f"class UDF(Handler):\n    def init(self):\n        {HANG}\n",
        "",
        "init",
        "silent for the timeout of 0.2 s",
    ),
    "a keepalive": (DEAF, "", "keepalive", "silent for the timeout of 0.2 s"),
    "a point": (
        f"class UDF(Handler):\n    def point(self, point):\n        {HANG}\n",
        "",
        "data",
        "silent for the timeout of 0.2 s",
    ),
    "the end of its input": (
        MIRROR,
        HANG,
        "info, end",
        "still there 0.2 s after the end of its input",
    ),
}


@pytest.mark.parametrize("name", HANGS)
def test_a_process_that_hangs_is_found(script, diagnose, name):
    """By the clock: Kapacitor would kill it, or wait for ever."""
    source, ending, check, words = HANGS[name]
    path = script(source, ending)

    report = diagnose(path, timeout_s=0.2, exit_s=0.2, clock=StandingClock(path))

    finding = next(f for f in report.findings if f.level is Level.FAIL)
    assert finding.check == check
    assert words in finding.text


def test_a_heartbeat_keeps_a_slow_start_alive(script, diagnose):
    """Any frame is a sign of life: it is no silence, and no answer either."""
    source = (
        """
def beat():
    while True:
        os.write(1, bytes.fromhex("041a02082a"))
        threading.Event().wait(0.01)

threading.Thread(target=beat, daemon=True).start()
threading.Event().wait()
"""
        + MIRROR
    )
    report = diagnose(script(source), answer_s=1.0)

    finding = next(f for f in report.findings if f.level is Level.FAIL)
    assert (finding.check, finding.text) == ("info", "alive, but without the answer asked for")


def test_a_missing_field_of_made_up_points_is_no_failure(script, diagnose):
    """The data may be at fault; real data will tell."""
    source = """
class UDF(Handler):
    def point(self, point):
        yield point.with_fields(double=2 * point.fields["usage_user"])
"""
    report = diagnose(script(source))

    assert not report.failed
    (data,) = (f for f in report.findings if f.check == "data")
    assert data.level is Level.WARN
    assert "no field 'usage_user'" in data.text
    assert "--data FILE" in data.remedy


def test_state_that_is_not_kept_is_worth_a_look(script, diagnose):
    """An empty snapshot is legal, and loses the state."""
    source = COUNTING + "    def snapshot(self):\n        return b''\n"

    finding = only(diagnose(script(source)), Level.WARN)

    assert finding.check == "restore"
    assert "state is lost at every restart" in finding.text


def test_answers_that_differ_from_run_to_run_are_no_failure(script, diagnose):
    """Nothing can be said about their restore."""
    source = """
class UDF(Handler):
    def point(self, point):
        yield point.with_fields(dice=random.random())
"""
    finding = only(diagnose(script(source)), Level.WARN)

    assert (finding.check, finding.text) == (
        "restore",
        "accepted; answers differ from run to run anyhow",
    )


def test_a_process_that_stays_after_it_refused_is_worth_a_look(script, diagnose):
    """Kapacitor forgets it without closing it."""
    source = """
class UDF(Handler):
    field = Option(str)
"""
    path = script(source, f"if agent.session.refused: {HANG}")

    report = diagnose(path, exit_s=0.2, clock=StandingClock(path))

    assert not report.failed
    (stays,) = (f for f in report.findings if f.check == "init, end")
    assert stays.text == "still there 0.2 s after it refused; Kapacitor forgets it so"
