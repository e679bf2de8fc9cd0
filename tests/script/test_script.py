"""A script's own command line."""

from __future__ import annotations

import subprocess
import sys

import pytest

from captures import responses
from kapnb.model import STREAM, InfoRequest, InfoResponse, ValueType
from sockets import Client

SCRIPT = '''\
"""What is read from the module is not what is shown."""

if __name__ == "__main__":
    from kapnb.script import prepare

    prepare(wants="STREAM", provides="STREAM", options={"limit": ["DOUBLE"], "field": ["STRING"]})

from kapnb import Handler, Option, Point


class Over(Handler):
    """Points over a limit.

    More of it.
    """

    limit = Option(float, default=1.0, doc="what is still good")
    field = Option(str)

    def point(self, point):
        print("seen")
        if point.fields[self.field] > self.limit:
            yield point


if __name__ == "__main__":
    from kapnb.script import serve

    serve(Over, check=CHECK)
'''
CHECK = """\
> init      {"options": [["field", ["STRING", "x"]]], "task_id": "t", "node_id": "n"}
< init      {"success": true}
> point     {"name": "m", "fields": {"x": 0.5}}
> point     {"time": 1, "name": "m", "fields": {"x": 1.5}}
< point     {"time": 1, "name": "m", "fields": {"x": 1.5}}
"""


@pytest.fixture
def run(tmp_path):
    """Give a function that starts the script with arguments."""

    def start(*arguments, check=CHECK, stdin=b"", source=SCRIPT):
        script = tmp_path / "over.py"
        script.write_text(source.replace("CHECK", f"r'''\n{check}'''" if check else "''"))
        command = [sys.executable, str(script), *arguments]
        return subprocess.run(command, input=stdin, capture_output=True, check=False)

    return start


def test_without_arguments_it_serves_stdio(run):
    """As Kapacitor starts it."""
    done = run(stdin=bytes.fromhex("020a00"))
    options = {"limit": (ValueType.DOUBLE,), "field": (ValueType.STRING,)}
    assert responses(done.stdout) == [InfoResponse(STREAM, STREAM, options)]
    assert done.returncode == 0


def test_help_tells_edges_options_and_defaults(run):
    """Whoever writes the TICKscript need not read the source."""
    text = run("--help").stdout.decode()
    assert text.startswith("usage: over.py")
    assert "Points over a limit." in text
    assert "STREAM → STREAM" in text
    assert ".limit(DOUBLE)            what is still good  (default 1.0)" in text
    assert ".field(STRING)            (required)" in text


def test_it_checks_itself(run):
    """Without Kapacitor: the answers of the notebook, again; prints do not matter."""
    done = run("--check")
    assert done.stdout.decode().endswith("over.py: 2 answers are those of the notebook\n")
    assert done.returncode == 0


def test_a_check_that_fails_shows_the_answers(run):
    """Status 1, and the first that differs."""
    lines = CHECK.splitlines(keepends=True)
    done = run("--check", check="".join([*lines[:-1], lines[-1].replace("1.5", "1.25")]))
    assert done.returncode == 1
    assert b"over.py: response 2 differs" in done.stderr


def test_a_script_without_answers_says_so(run):
    """That a Handler can be made is something, but no more."""
    done = run("--check", check="")
    assert b"Over can be made; it carries no answers to compare with" in done.stdout
    assert done.returncode == 0


def test_a_damaged_check_is_one_message(run):
    """The line at fault, and no traceback."""
    done = run("--check", check="> nonsense {}\n")
    assert done.returncode == 1
    assert (
        b"over.py: the transcript in over.py, line 2: 'nonsense' is no kind of request"
        in done.stderr
    )
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments", [["--socket"], ["--nonsense"], ["--check", "--socket", "x"], ["--mode", "0600"]]
)
def test_wrong_usage_is_status_2(run, arguments):
    """And says what is right."""
    done = run(*arguments)
    assert done.returncode == 2
    assert b"usage: over.py" in done.stderr


def test_a_socket_that_cannot_be_made_is_one_message(run, tmp_path):
    """The path, the reason, no traceback."""
    done = run("--socket", str(tmp_path / "no" / "such" / "place"))
    assert done.returncode == 1
    assert done.stderr.startswith(b"over.py: ")
    assert b"Traceback" not in done.stderr


STOP = """\
    def stop(self):
        import sys
        print(sorted({"argparse", "kapnb.simulation"} & set(sys.modules)))

    def point"""


def test_stdio_needs_nothing_of_the_command_line(run):
    """No argparse, no simulator: Kapacitor waits for its UDFs at its start."""
    source = SCRIPT.replace("    def point", STOP)
    done = run(stdin=bytes.fromhex("020a00 021200"), source=source)
    assert done.stderr.endswith(b"\n[]\n")  # above it, that init lacks an option


def test_a_socket_serves_one_handler_for_each_connection(tmp_path):
    """With the permissions asked for, until SIGTERM."""
    (tmp_path / "over.py").write_text(SCRIPT.replace("CHECK", "''"))
    path = tmp_path / "over.sock"
    with subprocess.Popen(
        [sys.executable, tmp_path / "over.py", "--socket", path, "--mode", "0660"],
        stderr=subprocess.PIPE,
    ) as process:
        assert b"listening at" in process.stderr.readline()
        assert path.stat().st_mode & 0o777 == 0o660
        for _ in range(2):
            client = Client(path)
            (info,) = client.ask(InfoRequest())
            assert list(info.options) == ["field", "limit"]
            assert client.finish() == []
            client.socket.close()
        process.terminate()
        assert process.wait(60) == 0
