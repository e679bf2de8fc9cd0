"""From the start of an agent's process to its end, in real processes on real pipes."""

import signal
import sys

import pytest

from harness import cpu, option
from kapnb.agent import EXIT_BROKEN_PIPE, EXIT_FAILED, EXIT_HUNG, EXIT_OK
from kapnb.model import (
    ErrorResponse,
    InfoRequest,
    InfoResponse,
    InitRequest,
    InitResponse,
    KeepaliveRequest,
    KeepaliveResponse,
    ValueType,
)
from processes import PULSE

CLAIM = """\
from kapnb.agent import claim_stdio
claim_stdio()
"""
DECLARED = """\
from kapnb.agent import claim_stdio
claim_stdio(wants="STREAM", provides="STREAM", options={"field": ["STRING"]})
"""
RUN = """
from kapnb.agent import run
run(UDF)
"""
MIRROR = """
from kapnb import Handler
class UDF(Handler):
    pass
"""
#: A thread that nobody ends.
STRAY = """
import threading
threading.Thread(target=threading.Event().wait).start()
"""
#: Kapacitor waits for the exit without limit; a test need not wait for all of the grace time.
HURRY = """
from kapnb.agent import _start
_start.EXIT_GRACE_S = 0.05
"""
PATIENT = """
from kapnb.agent import _start
_start.EXIT_GRACE_S = 3600.0
"""


# -------------------------------------------------------------------- failing at the start


FAILING = {
    "a missing module": (
        "import no_such_module" + MIRROR,
        ["ModuleNotFoundError: No module named 'no_such_module'", "import no_such_module"],
    ),
    "an error of a library": (
        "import json\nlimits = json.loads('{')" + MIRROR,
        ["JSONDecodeError: Expecting property name", "limits = json.loads('{')"],
    ),
    "an error in a function": (
        "def load(path):\n    return open(path)\nmodel = load('/nowhere/model.bin')" + MIRROR,
        ["FileNotFoundError: ", "/nowhere/model.bin", "return open(path)"],
    ),
    "a syntax error in a module": (
        "import broken" + MIRROR,
        ["SyntaxError: ", "line 2 of broken.py"],
    ),
    "a Handler that is none": (
        "from kapnb import Handler\nclass UDF(Handler):\n    wants = 5",
        ["UDF.wants must be STREAM or BATCH", "class UDF(Handler):"],
    ),
    "a model that is not there": (
        """
from kapnb import Handler
class UDF(Handler):
    def __init__(self):
        self.model = open("/nowhere/model.bin")
""",
        ["FileNotFoundError: ", "/nowhere/model.bin", 'self.model = open("/nowhere/model.bin")'],
    ),
    "a constructor that wants arguments": (
        """
from kapnb import Handler
class UDF(Handler):
    def __init__(self, path):
        self.path = path
""",
        ["TypeError: ", "missing 1 required positional argument: 'path'"],
    ),
    "a constructor that exits": (
        """
import sys
from kapnb import Handler
class UDF(Handler):
    def __init__(self):
        sys.exit("no licence")
""",
        ["SystemExit: no licence", 'sys.exit("no licence")'],
    ),
    "an exception that is no Exception": (
        "class Panic(BaseException):\n    pass\nraise Panic('lost')" + MIRROR,
        ["Panic: lost", "raise Panic('lost')"],
    ),
}


@pytest.fixture(params=["script", "kapnb run"])
def launch(children, request):
    """Start user code as a script of its own, or with ``kapnb run``."""
    (children.folder / "broken.py").write_text("x = 1\nif\n")
    if request.param == "script":
        return lambda source, **more: children.script(CLAIM + source + RUN, **more)
    return children.kapnb_run


@pytest.mark.parametrize("what", FAILING)
def test_what_fails_at_the_start_is_the_answer_to_init(launch, what):
    """Exception, message and the user's own line: Kapacitor's error names the cause."""
    source, parts = FAILING[what]
    child = launch(source)
    child.send(InitRequest())

    (answer,) = child.receive(1)

    assert type(answer) is InitResponse
    assert not answer.success
    assert [part for part in parts if part not in answer.error] == []
    assert child.ends() == EXIT_FAILED


def test_what_fails_at_the_start_is_the_answer_to_info(launch):
    """As at each start of the daemon; the process ends when Kapacitor closes its side."""
    child = launch("import no_such_module" + MIRROR)
    child.send(InfoRequest())

    (answer,) = child.receive(1)

    assert type(answer) is ErrorResponse
    assert answer.error.startswith("ModuleNotFoundError: No module named 'no_such_module' (in ")
    assert answer.error.endswith("of udf.py: import no_such_module)")
    assert child.finish()[:2] == ([], EXIT_FAILED)


def test_the_traceback_of_a_failed_start_is_on_stderr(launch):
    """In Kapacitor's log, for those who need more than a sentence."""
    child = launch("import no_such_module" + MIRROR)

    _, status, err = child.finish()

    assert status == EXIT_FAILED
    assert "Traceback (most recent call last)" in err
    assert err.count("kapnb: ModuleNotFoundError: No module named 'no_such_module'") == 1


def test_a_failed_init_names_the_missing_file(launch):
    """Conformance case 17; Kapacitor would leak a process that did not end by itself."""
    child = launch("""
from kapnb import Handler
class UDF(Handler):
    def init(self):
        self.model = open("/nowhere/model.bin")
""")
    child.send(InitRequest())

    (answer,) = child.receive(1)

    assert not answer.success
    assert answer.error.startswith("FileNotFoundError: ")
    assert answer.error.endswith('of udf.py: self.model = open("/nowhere/model.bin"))')
    assert child.ends() == EXIT_OK
    assert "Traceback" in child.finish()[2]


def test_keepalives_are_answered_until_kapacitor_asks(children):
    """A process that cannot start must live long enough to say so."""
    child = children.script(CLAIM + "import no_such_module" + RUN)
    child.send(KeepaliveRequest(7), KeepaliveRequest(8))

    assert child.receive(2) == [KeepaliveResponse(7), KeepaliveResponse(8)]
    child.await_pulses(1)
    child.send(InfoRequest())
    assert type(child.receive(1)[0]) is ErrorResponse


def test_the_cause_is_told_once(children):
    """Kapacitor keeps the first error; the input is read on so that no broken pipe hides it."""
    child = children.script(CLAIM + "import no_such_module" + RUN)
    child.send(InfoRequest(), InfoRequest(), KeepaliveRequest(7))

    answers = child.receive(2)

    assert [type(answer) for answer in answers] == [ErrorResponse, KeepaliveResponse]
    assert child.finish()[0] == []


def test_garbage_is_no_question(children):
    """Whoever speaks so would not understand the answer."""
    child = children.script(CLAIM + "import no_such_module" + RUN)
    child.send_bytes(b"\xff" * 8)

    assert child.ends() == EXIT_FAILED


def test_a_failed_start_whose_peer_is_gone_ends(children):
    """There is nobody to tell."""
    child = children.script(CLAIM + "import no_such_module" + RUN)
    child.process.stdout.close()
    child.send(InfoRequest())

    assert child.ends() == EXIT_BROKEN_PIPE


@pytest.mark.parametrize("peer", ["asks", "is gone"])
def test_a_thread_does_not_keep_a_process_that_could_not_start(children, peer):
    """Kapacitor waits for the exit without limit."""
    child = children.script(CLAIM + HURRY + STRAY + "import no_such_module" + RUN)
    if peer == "asks":
        child.send(InitRequest())
        assert not child.receive(1)[0].success
    else:
        child.process.stdin.close()

    assert child.ends() == EXIT_FAILED


def test_a_script_that_exits_while_it_is_imported_is_quoted(children):
    """``sys.exit("…")`` is how scripts say what they miss."""
    child = children.script(CLAIM + "import sys\nsys.exit('MODEL_PATH is not set')" + RUN)
    child.send(InitRequest())

    (answer,) = child.receive(1)

    assert "the script ended before it served a Handler" in answer.error
    assert "MODEL_PATH is not set" in answer.error
    assert child.ends() == 1


def test_a_script_that_exits_under_kapnb_run_is_blamed(children):
    """With the line: here its exception can be caught."""
    child = children.kapnb_run("import sys\nsys.exit('MODEL_PATH is not set')" + MIRROR)
    child.send(InitRequest())

    (answer,) = child.receive(1)

    assert "SystemExit: MODEL_PATH is not set" in answer.error
    assert "sys.exit('MODEL_PATH is not set')" in answer.error
    assert child.ends() == EXIT_FAILED


def test_a_script_that_serves_nothing_says_so(children):
    """The call of run was forgotten."""
    child = children.script(CLAIM + MIRROR)
    child.send(InfoRequest())

    (answer,) = child.receive(1)

    assert "the script ended before it served a Handler" in answer.error
    assert child.finish()[1] == 0


def test_an_excepthook_of_the_users_does_not_hide_the_cause(children):
    """Error trackers put their own in place of ours."""
    hook = "import sys\nsys.excepthook = lambda *error: print('tracked', file=sys.stderr)\n"
    child = children.script(CLAIM + hook + "import no_such_module" + RUN)
    child.send(InitRequest())

    (answer,) = child.receive(1)

    assert "ModuleNotFoundError: No module named 'no_such_module'" in answer.error
    assert "tracked" in child.finish()[2]


@pytest.mark.parametrize("name", ["KAPNB_BUSY_LIMIT", "KAPNB_STATS"])
@pytest.mark.parametrize("text", ["soon", "-1", "nan"])
def test_a_setting_that_makes_no_sense_is_told(launch, name, text):
    """Not as a broken pipe."""
    child = launch(MIRROR, env={name: text})
    child.send(InitRequest())

    (answer,) = child.receive(1)

    assert f"{name} is '{text}'; it must be a number of seconds above 0" in answer.error


def test_a_syntax_error_in_the_target_is_told(children):
    """By ``kapnb run``: a script of its own cannot say anything then."""
    child = children.kapnb_run("x = 1\nclass UDF(Handler)\n")
    child.send(InitRequest())

    (answer,) = child.receive(1)

    assert "SyntaxError: expected ':'" in answer.error
    assert "line 2 of udf.py" in answer.error


def test_a_target_that_is_not_there_is_told(children):
    """Text of the command, but on the wire."""
    child = children.command([sys.executable, "-m", "kapnb", "run", "nowhere.py"])
    child.send(InitRequest())

    (answer,) = child.receive(1)

    assert answer.error == "nowhere.py: there is no such file"
    assert child.ends() == EXIT_FAILED


def test_a_message_that_is_too_long_is_cut_in_the_middle(children):
    """What matters stands at the ends; Kapacitor logs it as one line."""
    child = children.script(
        CLAIM
        + """
from kapnb import Handler
class UDF(Handler):
    def point(self, point):
        raise ValueError("start" + "x" * 1_000_000 + "end")
"""
        + RUN
    )
    child.send(InitRequest(), cpu())

    answer = child.receive(2)[1]

    assert answer.error.startswith("ValueError: startxxx")
    assert 'raise ValueError("start"' in answer.error
    assert " characters … " in answer.error
    assert len(answer.error) < 17_000
    _, _, err = child.finish()
    assert max(map(len, err.splitlines())) <= 60_000


def test_a_message_that_is_no_text_is_told(children):
    """A lone surrogate cannot be sent, so it is spelled out."""
    child = children.script(
        CLAIM
        + """
from kapnb import Handler
class UDF(Handler):
    def init(self):
        raise ValueError("\\udc80 in a name")
"""
        + RUN
    )
    child.send(InitRequest())

    (answer,) = child.receive(1)

    assert answer.error.startswith("ValueError: \\udc80 in a name (in UDF.init, line ")
    assert child.ends() == EXIT_OK


# ------------------------------------------------------------------------ noise and stderr


@pytest.mark.parametrize("noise", ["print('noise')", "import os; os.write(1, b'noise\\n')"])
def test_what_is_printed_during_imports_goes_to_stderr(launch, noise):
    """Conformance case 11, before there is a Handler."""
    child = launch(noise + MIRROR)
    child.send(InitRequest())

    answers, status, err = child.finish()

    assert (answers, status, err) == ([InitResponse()], EXIT_OK, "noise\n")


@pytest.mark.parametrize(
    "write",
    [
        "print('x' * 200_000)",
        "import sys; sys.stderr.write('x' * 200_000 + '\\n')",
        "print('x' * 70_000, end='', flush=True); print('x' * 130_000)",
        "import sys; sys.__stderr__.flush(); [print('x' * 100, end='\\r') for _ in range(2000)]",
        "import logging; logging.getLogger('mine').warning('x' * 200_000)",
    ],
    ids=["print", "stderr", "in pieces", "carriage returns", "logging"],
)
def test_no_line_on_stderr_is_longer_than_kapacitor_reads(children, write):
    """At 64 KiB it stops reading for good, and the pipe fills."""
    child = children.script(
        f"""{CLAIM}
from kapnb import Handler
class UDF(Handler):
    def init(self):
        {write}
{RUN}"""
    )
    child.send(InitRequest())

    answers, status, err = child.finish()

    assert (answers, status) == ([InitResponse()], EXIT_OK)
    assert err.count("x") == 200_000
    assert max(len(line.encode()) for line in err.split("\n")) < 65_536


# ------------------------------------------------------------------------------- slow starts


def test_signs_of_life_come_while_the_script_is_imported(children):
    """Conformance case 21: also if it does not declare its info."""
    child = children.script(CLAIM + "from helpers import hold\nhold()" + MIRROR + RUN)
    child.send(InfoRequest())

    child.await_pulses(3)
    child.open_gate()

    assert child.receive(1) == [InfoResponse()]
    assert child.finish() == ([], EXIT_OK, "")


def test_declared_info_is_answered_while_the_script_is_imported(children):
    """And keepalives, with the time they ask for; then what came meanwhile is handled."""
    child = children.script(
        DECLARED
        + """
from helpers import hold
hold()
from kapnb import Handler, Option
class UDF(Handler):
    field = Option(str)
"""
        + RUN
    )
    child.send(InfoRequest(), KeepaliveRequest(7))

    assert child.receive(2) == [
        InfoResponse(options={"field": (ValueType.STRING,)}),
        KeepaliveResponse(7),
    ]
    child.await_pulses(2)
    child.send(KeepaliveRequest(8))
    assert child.receive(1) == [KeepaliveResponse(8)]

    point = child.connection.send(InitRequest((option("field", "x"),)))
    point += child.connection.send(cpu(time=1)) + child.connection.send(cpu(time=2))
    child.send_bytes(point[:-9])  # nothing but whole frames can be answered
    child.await_pulses(2)
    child.open_gate()
    child.send_bytes(point[-9:])

    init, *points = child.receive(3)
    assert init == InitResponse()
    assert [point.time for point in points] == [1, 2]
    assert child.finish() == ([], EXIT_OK, "")


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_declared_info_is_answered_however_its_request_is_cut(children, size):
    """Kapacitor writes a frame's length and its body apart."""
    child = children.script(DECLARED + "from helpers import hold\nhold()\n")
    data = child.connection.send(InfoRequest()) + child.connection.send(KeepaliveRequest(7))

    for at in range(0, len(data), size):
        child.send_bytes(data[at : at + size])

    assert [type(answer) for answer in child.receive(2)] == [InfoResponse, KeepaliveResponse]


def test_a_daemon_that_only_asks_for_info_waits_for_no_import(children):
    """Conformance cases 13 and 21: the end of the input ends the process at once."""
    child = children.script(DECLARED + "from helpers import hold\nhold()\n")
    child.send(InfoRequest())

    assert len(child.receive(1)) == 1
    assert child.finish() == ([], EXIT_OK, "")


def test_the_end_before_info_was_asked_waits_for_the_import(children):
    """There was no question: the script may be one that is only tried."""
    child = children.script(
        DECLARED
        + """
from helpers import hold
hold()
from kapnb import Handler, Option
class UDF(Handler):
    field = Option(str)
    def stop(self):
        print("stopped")
"""
        + RUN
    )
    child.process.stdin.close()
    child.await_pulses(1)
    child.open_gate()

    assert child.ends() == EXIT_OK
    assert child.await_stderr("stopped\n") == "stopped\n"


def test_a_failed_import_after_declared_info_is_the_answer_to_init(children):
    """The task's error names it."""
    child = children.script(
        DECLARED + "from helpers import hold\nhold()\nimport no_such_module" + MIRROR + RUN
    )
    child.send(InfoRequest())
    assert type(child.receive(1)[0]) is InfoResponse
    child.open_gate()
    child.send(InitRequest())

    (answer,) = child.receive(1)

    assert answer.error.startswith("ModuleNotFoundError: No module named 'no_such_module' (in ")
    assert child.ends() == EXIT_FAILED


def test_a_failed_import_after_declared_info_is_no_failure_if_nothing_else_is_asked(children):
    """Whether the import or Kapacitor was quicker must not decide whether the daemon starts."""
    child = children.script(DECLARED + "from helpers import hold\nhold()\nimport no_such_module")
    child.send(InfoRequest())
    child.receive(1)
    child.open_gate()
    child.await_stderr("kapnb: ModuleNotFoundError")

    assert child.finish()[:2] == ([], EXIT_OK)


@pytest.mark.parametrize(
    "body",
    ["wants = BATCH", "provides = BATCH", "field = Option(int)", "other = Option(str)", "pass"],
)
def test_a_handler_that_is_not_what_was_declared_is_refused(children, body):
    """Kapacitor has been told something else."""
    child = children.script(
        f"""{DECLARED}
from kapnb import BATCH, Handler, Option
class UDF(Handler):
    {body}
{RUN}"""
    )
    child.send(InitRequest())

    (answer,) = child.receive(1)

    assert "claim_stdio(…) declares InfoResponse(wants=STREAM, provides=STREAM" in answer.error
    assert "make them equal" in answer.error


@pytest.mark.parametrize(
    "declaration", ['wants="POINTS"', 'wants="STREAM", options={"field": ["TEXT"]}']
)
def test_a_declaration_that_makes_no_sense_is_told(children, declaration):
    """It is part of the start, too."""
    claim = f"from kapnb.agent import claim_stdio\nclaim_stdio({declaration})\n"
    child = children.script(claim + MIRROR + RUN)
    child.send(InitRequest())

    (answer,) = child.receive(1)

    assert "is no edge type or option type of Kapacitor's" in answer.error
    assert f"claim_stdio({declaration})" in answer.error


def test_an_import_that_hangs_is_named(children):
    """A hung start must still die; Kapacitor alone would wait for ever."""
    child = children.script(
        """
import helpers
from kapnb.agent import _porch
_porch.Pulse = helpers.leaping(_porch.Pulse)
"""
        + CLAIM
        + "import os\nhelpers.leap(1000); os.read(helpers.GATE, 1)\n",
        env={"KAPNB_BUSY_LIMIT": "3600"},
    )

    (answer,) = child.receive(1)

    assert answer.error.startswith("the script has not started for ")
    assert answer.error.endswith(
        "of udf.py: helpers.leap(1000); os.read(helpers.GATE, 1); if it needs that long, raise "
        "KAPNB_BUSY_LIMIT"
    )
    assert float(answer.error.split()[6]) >= 3600
    assert child.ends() == EXIT_HUNG
    assert f"kapnb: {answer.error}\n" in child.finish()[2]


def test_an_import_that_hangs_ends_although_nobody_is_there(children):
    """Kapacitor was killed: nothing must stay behind."""
    child = children.script(
        """
import helpers
from kapnb.agent import _porch
_porch.Pulse = helpers.leaping(_porch.Pulse)
"""
        + CLAIM
        + "import os\nos.read(helpers.GATE, 1)\nhelpers.leap(10); os.read(helpers.GATE, 1)\n",
    )
    child.process.stdout.close()
    child.open_gate()

    assert child.ends() == EXIT_HUNG


# ------------------------------------------------------------------------------ slow calls

SLOW = """
from kapnb import Handler
from helpers import hold, sign
class UDF(Handler):
    def point(self, point):
        if point.fields["value"] < 0:
            sign("in")
            hold()
        return point

    def stop(self):
        print("stopped")
"""


def test_signs_of_life_come_while_a_point_is_handled(children):
    """Conformance case 19; what was finished before goes out meanwhile, in order."""
    child = children.script(CLAIM + SLOW + RUN)
    child.send(InitRequest(), cpu(time=1), cpu(time=2), cpu(-1.0, time=3), cpu(time=4))
    child.await_sign("in")

    init, *points = child.receive(3)
    assert (init, [point.time for point in points]) == (InitResponse(), [1, 2])
    child.await_pulses(3)
    child.send(KeepaliveRequest(7), cpu(time=5))
    child.await_pulses(1)  # it waits behind the point
    child.open_gate()

    *points, keepalive, last = child.receive(4)
    assert [point.time for point in (*points, last)] == [3, 4, 5]
    assert keepalive == KeepaliveResponse(7)
    assert child.finish() == ([], EXIT_OK, "stopped\n")


@pytest.mark.parametrize("method", ["init", "snapshot", "stop", "group_state", "__init__"])
def test_signs_of_life_come_while_anything_runs_long(children, method):
    """Models are loaded in init, or in the constructor."""
    child = children.script(
        f"""{CLAIM}
from kapnb import Handler
from helpers import hold, sign
class UDF(Handler):
    def {method}(self, *_):
        sign("in")
        hold()
        return {'b""' if method == "snapshot" else None}

    def point(self, point, state):
        return point
{RUN}"""
    )
    child.send(InitRequest())
    if method == "group_state":
        child.send(cpu())
    elif method == "stop":
        child.process.stdin.close()
    elif method == "snapshot":
        from kapnb.model import SnapshotRequest

        child.send(SnapshotRequest())

    child.await_sign("in")
    seen = []
    while seen[-2:] != [PULSE, PULSE]:
        seen += child.next_responses()
    child.open_gate()
    assert child.ends() == EXIT_OK if method == "stop" else child.finish()[1] == EXIT_OK


def test_a_batch_that_takes_long_never_shows_half_of_itself(children):
    """Signs of life may come in between, points of it not."""
    child = children.script(
        CLAIM
        + """
from kapnb import BATCH, Batch, Handler, STREAM
from helpers import hold, sign
class UDF(Handler):
    provides = BATCH
    def point(self, point):
        yield Batch([point, point])
        sign("in")
        hold()
        yield Batch([point])
"""
        + RUN
    )
    child.connection = type(child.connection)(child.connection.role)  # knows no edges
    child.send(InitRequest(), cpu())
    child.await_sign("in")

    answers = child.receive(5)
    assert [type(answer).__name__ for answer in answers[1:]] == [
        *("BeginBatch", "WirePoint", "WirePoint", "EndBatch")
    ]
    child.await_pulses(1)
    child.open_gate()
    assert [type(answer).__name__ for answer in child.receive(3)] == [
        *("BeginBatch", "WirePoint", "EndBatch")
    ]


HANGING = """
import os
import helpers
from kapnb.agent import _agent
_agent.Pulse = helpers.leaping(_agent.Pulse)
from kapnb import Handler
class UDF(Handler):
    def point(self, point):
        if point.fields["value"] < 0:
            helpers.sign("in"); helpers.leap(1000); os.read(helpers.GATE, 1)
        return point
"""


def test_a_call_that_hangs_is_named_and_ended(children):
    """Conformance case 20: what was finished goes out, then the error, then nothing."""
    child = children.script(CLAIM + HANGING + RUN, env={"KAPNB_BUSY_LIMIT": "3600"})
    child.send(InitRequest(), cpu(time=1), cpu(-1.0, time=2), cpu(time=3))

    init, point, error = child.receive(3)

    assert (init, point.time) == (InitResponse(), 1)
    assert error.error.startswith("UDF has not returned for ")
    assert float(error.error.split()[5]) >= 3600
    assert 'helpers.sign("in"); helpers.leap(1000); os.read(helpers.GATE, 1); if' in error.error
    assert "of udf.py" in error.error
    assert child.ends() == EXIT_HUNG
    answers, _, err = child.finish()
    assert answers == []
    assert "UDF has not returned for" in err


def test_the_limit_may_be_the_handlers(children):
    """What one class needs is not what all need."""
    child = children.script(
        CLAIM
        + HANGING.replace("class UDF(Handler):", "class UDF(Handler):\n    busy_limit = 5000.0")
        + RUN
    )
    child.send(InitRequest(), cpu(-1.0))

    error = child.receive(2)[1]

    assert float(error.error.split()[5]) >= 5000
    assert child.ends() == EXIT_HUNG


@pytest.mark.parametrize("method", ["init", "stop"])
def test_no_callback_may_hang(children, method):
    """Nor may the last one."""
    child = children.script(
        f"""{CLAIM}{HANGING.partition("class")[0]}
class UDF(Handler):
    def {method}(self):
        helpers.leap(10); os.read(helpers.GATE, 1)
{RUN}"""
    )
    child.send(InitRequest())
    if method == "stop":
        child.receive(1)
        child.process.stdin.close()  # after the end there is nobody to tell
    else:
        assert "UDF has not returned for" in child.receive(1)[0].error

    assert child.ends() == EXIT_HUNG
    assert "UDF has not returned for" in child.await_stderr("\n")


def test_a_call_that_hangs_ends_although_nobody_is_there(children):
    """Kapacitor was killed: nothing must stay behind."""
    child = children.script(CLAIM + HANGING + RUN)
    child.send(InitRequest())
    child.receive(1)
    child.process.stdout.close()
    child.send(cpu(-1.0))

    assert child.ends() == EXIT_HUNG


def test_a_call_that_hangs_in_the_log_is_ended(children):
    """The lock it holds is the one that telling about it would need."""
    child = children.script(
        CLAIM
        + HANGING.replace(
            "        return point",
            """        return point

import logging
class Stuck(logging.Handler):
    def emit(self, record):
        helpers.leap(1000); os.read(helpers.GATE, 1)
logging.getLogger().addHandler(Stuck())
""",
        ).replace(
            'helpers.sign("in"); helpers.leap(1000); os.read(helpers.GATE, 1)', "logging.error('x')"
        )
        + RUN
    )
    child.send(InitRequest(), cpu(-1.0))

    error = child.receive(2)[1]

    assert "helpers.leap(1000); os.read(helpers.GATE, 1)" in error.error
    assert child.ends() == EXIT_HUNG


# ---------------------------------------------------------------------------------- the end


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("init", "InitResponse(success=False, error='KeyboardInterrupt: no message (in UDF.init, "),
        ("point", "ErrorResponse(error='KeyboardInterrupt: no message (in UDF.point, "),
    ],
)
def test_an_interrupt_that_user_code_raises_is_its_error(children, method, answer):
    """Whoever watches a Simulation gets it instead; here Kapacitor would see a broken pipe."""
    child = children.script(
        f"""{CLAIM}
from kapnb import Handler
class UDF(Handler):
    def {method}(self, *arguments):
        raise KeyboardInterrupt
{RUN}"""
    )
    child.send(InitRequest(), cpu())

    answers, status, _ = child.finish()

    assert repr(answers[-1]).startswith(answer)
    assert status == (EXIT_OK if method == "init" else EXIT_FAILED)


def test_sigterm_while_idle_stops_the_handler(children):
    """Status 0: it was asked to."""
    child = children.script(CLAIM + PATIENT + SLOW + RUN)
    child.send(InitRequest())
    child.receive(1)

    child.process.send_signal(signal.SIGTERM)

    assert child.ends() == EXIT_OK
    assert child.await_stderr("stopped") == "stopped\n"


def test_sigterm_just_before_a_read_blocks_ends_the_read(children):
    """Python looks at signals between its own steps only; a pipe tells the read of them."""
    child = children.script(
        CLAIM
        + PATIENT
        + """
import signal
from kapnb import Handler
from kapnb.agent import claim_stdio
class UDF(Handler):
    def init(self):
        fd = signal.set_wakeup_fd(-1)
        print(fd == claim_stdio().wake_fd)
        signal.set_wakeup_fd(fd)
"""
        + RUN
    )
    child.send(InitRequest())
    child.receive(1)

    child.process.send_signal(signal.SIGTERM)

    assert child.ends() == EXIT_OK
    assert child.await_stderr("True") == "True\n"


def test_sigterm_during_a_call_lets_it_finish_and_go_out(children):
    """What comes behind it is not begun, however much was read already."""
    child = children.script(CLAIM + PATIENT + SLOW + RUN)
    child.send(InitRequest(), cpu(time=1), cpu(-1.0, time=2), cpu(-1.0, time=3), cpu(time=4))
    child.await_sign("in")

    child.process.send_signal(signal.SIGTERM)
    child.process.send_signal(signal.SIGTERM)  # impatient
    child.open_gate()

    assert [answer.time for answer in child.receive(3)[1:]] == [1, 2]
    assert child.ends() == EXIT_OK
    assert child.finish() == ([], EXIT_OK, "stopped\n")


def test_sigterm_during_a_call_that_does_not_return_ends_it(children):
    """When the grace time is over."""
    child = children.script(CLAIM + HURRY + SLOW + RUN)
    child.send(InitRequest(), cpu(-1.0))
    child.await_sign("in")

    child.process.send_signal(signal.SIGTERM)

    assert child.ends() == EXIT_OK


def test_sigterm_is_heeded_with_a_thread_left_over(children):
    """As at the end of the input."""
    child = children.script(CLAIM + HURRY + STRAY + SLOW + RUN)
    child.send(InitRequest())
    child.receive(1)

    child.process.send_signal(signal.SIGTERM)

    assert child.ends() == EXIT_OK


@pytest.mark.parametrize("stray", ["", STRAY], ids=["alone", "with a thread"])
def test_a_reader_that_goes_during_a_call_ends_the_process(children, stray):
    """Conformance case 39: although stdin stays open."""
    child = children.script(CLAIM + HURRY + stray + SLOW + RUN)
    child.send(InitRequest(), cpu(-1.0))
    child.await_sign("in")
    child.process.stdout.close()
    child.open_gate()

    assert child.ends() == EXIT_BROKEN_PIPE
    assert child.await_stderr("stopped").count("the peer is gone") == 1


def test_nothing_stays_behind_when_kapacitor_is_killed(children):
    """All pipes break at once, the one for the log, too."""
    child = children.script(CLAIM + HURRY + STRAY + SLOW + RUN)
    child.send(InitRequest(), cpu(-1.0))
    child.await_sign("in")
    for pipe in (child.process.stdin, child.process.stdout, child.process.stderr):
        pipe.close()
    child.open_gate()

    assert child.ends() not in (EXIT_OK, None)


def test_the_end_of_the_input_during_a_call_lets_all_of_it_finish(children):
    """Conformance case 5: a replay closes its side when all was sent."""
    child = children.script(CLAIM + SLOW + RUN)
    child.send(InitRequest(), cpu(-1.0, time=1), cpu(time=2))
    child.await_sign("in")
    child.process.stdin.close()
    child.open_gate()

    assert [answer.time for answer in child.receive(3)[1:]] == [1, 2]
    assert child.ends() == EXIT_OK


def test_sys_exit_in_a_point_is_the_tasks_error(children):
    """No broken pipe without a reason."""
    child = children.script(
        CLAIM
        + """
import sys
from kapnb import Handler
class UDF(Handler):
    error_policy = "skip"
    def point(self, point):
        sys.exit("enough")
"""
        + RUN
    )
    child.send(InitRequest(), cpu())

    error = child.receive(2)[1]

    assert error.error.startswith("SystemExit: enough (in UDF.point, line ")
    assert child.finish()[1] == EXIT_FAILED


# ------------------------------------------------------------------------ which modules load

LATE = ("dataclasses", "inspect", "logging", "traceback", "pathlib", "json", "datetime")


def test_what_is_not_needed_for_info_is_not_imported_for_it(children):
    """Kapacitor's daemon starts every UDF once, one after the other, and waits for each.

    What protobuf brings along is its own.
    """
    child = children.script(
        f"""{CLAIM}
from kapnb import Handler, Option
from kapnb.agent import _agent
import sys
class UDF(Handler):
    field = Option(str)
flush = _agent.Agent._flush
def flushed(self, stream):
    flush(self, stream)
    late = {{*{LATE}, "linecache", "asyncio", "typing_extensions"}} & set(sys.modules)
    print(sorted(late - set(own)))
_agent.Agent._flush = flushed
before = set(sys.modules)
from google.protobuf import descriptor_pool, message_factory
own = set(sys.modules) - before
print(sorted(before & set({LATE})))
{RUN}"""
    )
    child.send(InfoRequest())
    child.receive(1)

    assert child.await_stderr("\n[]\n") == "[]\n[]\n"


def test_declared_info_is_answered_without_protobuf(children):
    """It is the largest part of a start."""
    child = children.script(
        DECLARED + "from helpers import hold\nhold()\nimport sys\n"
        f"late = {LATE} + ('google.protobuf',)\n"
        "print(sorted(set(late) & set(sys.modules)))\n"
    )
    child.send(InfoRequest())
    child.receive(1)
    child.open_gate()

    assert child.await_stderr("\n").splitlines()[0] == "[]"


def test_environment_of_the_tests_is_not_part_of_the_claim(children):
    """A child of the user's finds neither frames nor the wake-up pipe."""
    child = children.script(
        CLAIM
        + """
import os, subprocess, sys
code = "import os; print(len(os.listdir('/proc/self/fd')))"
print(subprocess.check_output([sys.executable, "-c", code], text=True), end="")
"""
        + MIRROR
        + RUN
    )
    child.send(InitRequest())

    assert child.finish()[2] == "4\n"
