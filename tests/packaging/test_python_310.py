"""The rooms a script needs, on Python 3.10: Open Edge services have no newer one.

Skipped where there is no such interpreter: neither on PATH nor beside ours, where version
managers put them.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import google.protobuf
import pytest

import kapnb
from captures import answers, captured, responses
from harness import cpu
from kapnb.agent import EXIT_FAILED, EXIT_OK
from kapnb.model import InfoRequest, InfoResponse, InitRequest, InitResponse
from processes import Children

PACKAGE = Path(kapnb.__file__).parent
ROOMS = ("model", "protocol", "handler", "agent", "script")
MODULES = sorted(
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    for room in ROOMS
    for path in (PACKAGE / room).glob("*.py")
    if "\nimport numpy" not in path.read_text()  # loaded only where NumPy is
)


def _works(interpreter):
    done = subprocess.run(
        [interpreter, "-c", "import sys; sys.exit(sys.version_info[:2] != (3, 10))"],
        capture_output=True,
        check=False,
    )
    return done.returncode == 0


@pytest.fixture(scope="module")
def python():
    """A Python 3.10."""
    beside = Path(sys.base_prefix).parent.glob("*3.10*/bin/python3.10")
    found = [shutil.which("python3.10"), *sorted(beside)]
    works = [interpreter for interpreter in found if interpreter and _works(interpreter)]
    if not works:
        pytest.skip("no python3.10 at hand; install one to test the runtime on it")
    return str(works[0])


@pytest.fixture
def children(tmp_path):
    """Processes that find kapnb and the pure-Python half of protobuf, which serves any Python."""
    (tmp_path / "google").symlink_to(Path(google.protobuf.__file__).parents[1])
    (tmp_path / "kapnb").symlink_to(PACKAGE)
    started = Children(tmp_path)
    yield started
    started.clean_up()


@pytest.fixture
def start(children, python):
    """Start a script on it."""

    def start(source):
        (children.folder / "udf.py").write_text(source)
        env = {"PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python"}
        return children.command([python, "udf.py"], env=env)

    return start


MIRROR = """
from kapnb import Handler
from kapnb.agent import run
class Mirror(Handler):
    pass
run(Mirror)
"""
CLAIM = "from kapnb.agent import claim_stdio\nclaim_stdio({})\n"


IMPORT = f"""
import importlib
for name in {MODULES}:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name not in ("numpy", "pandas"):
            raise
"""


def test_every_module_can_be_imported(start):
    """None uses what came later; what deals with arrays or frames is compiled at least."""
    assert start(IMPORT).finish() == ([], 0, "")


def test_a_captured_session_is_answered(start):
    """What kapacitord wrote into the pipe of its own mirror."""
    child = start(MIRROR)
    sent = captured("a1_stream_mirror_groupby_host", "in")

    out, err = child.process.communicate(sent, timeout=60)

    assert (child.process.returncode, err.decode()) == (EXIT_OK, "")
    expected = captured("a1_stream_mirror_groupby_host", "out")
    assert answers(responses(out)) == answers(responses(expected))


def test_a_failed_import_is_told(start):
    """The excepthook that ends the process works there."""
    child = start(CLAIM.format("") + "import no_such_module" + MIRROR)
    child.send(InitRequest())

    (answer,) = child.receive(1)

    assert answer.error.startswith("ModuleNotFoundError: No module named 'no_such_module' (in ")
    assert answer.error.endswith("of udf.py: import no_such_module)")
    assert child.ends() == EXIT_FAILED


def test_declared_info_is_answered_during_imports(start):
    """And the rest after them."""
    child = start(CLAIM.format('wants="STREAM"') + "from helpers import hold\nhold()" + MIRROR)
    child.send(InfoRequest(), InitRequest(), cpu(time=1))
    assert child.receive(1) == [InfoResponse()]
    child.await_pulses(1)
    child.open_gate()

    init, point = child.receive(2)

    assert (init, point.time) == (InitResponse(), 1)
    assert child.finish() == ([], EXIT_OK, "")


def test_an_error_in_a_point_is_told_with_its_line(start):
    """Tracebacks of 3.10 know as much."""
    child = start(MIRROR.replace("pass", "def point(self, point):\n        return 1 / 0"))
    child.send(InitRequest(), cpu())

    error = child.receive(2)[1]

    assert error.error.startswith("ZeroDivisionError: division by zero (in Mirror.point, line ")
    assert error.error.endswith("of udf.py: return 1 / 0)")


CHECKED = """
if __name__ == "__main__":
    from kapnb.script import prepare
    prepare()
from kapnb import Handler, artifact
LIMITS = artifact("limits.json", {"high": 1.5})
class Mirror(Handler):
    pass
if __name__ == "__main__":
    from kapnb.script import serve
    serve(Mirror, check='> init      {}\\n< init      {"success": true}\\n')
"""


def test_a_script_checks_and_explains_itself(children, python):
    """What an exported script does besides serving Kapacitor."""
    (children.folder / "udf.py").write_text(CHECKED)
    for argument, said in (("--check", "1 answers are those"), ("--help", "usage: udf.py")):
        done = subprocess.run(
            [python, "udf.py", argument],
            cwd=children.folder,
            capture_output=True,
            text=True,
            env={"PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python"},
        )
        assert (said in done.stdout, done.stderr) == (True, "")
