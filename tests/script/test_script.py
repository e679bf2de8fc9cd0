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


HERE = "{}.{}".format(*sys.version_info)
HEADER = '# /// script\n# [tool.kapnb]\n# python = "{}"\n# ///\n'


@pytest.mark.parametrize("arguments", [[], ["--check"]])
def test_another_python_than_that_of_the_proof_is_named_once(run, arguments):
    """By the script's own header, if a version was asked for at export; it runs all the same."""
    done = run(*arguments, stdin=b"", source=HEADER.format("3.2") + SCRIPT)
    said = [line for line in done.stderr.decode().splitlines() if "proven with" in line]
    assert len(said) == 1
    assert said[0].startswith(f"kapnb: over.py was proven with Python 3.2 and runs on {HERE}: ")
    assert done.returncode == 0


def test_without_a_version_in_the_header_the_sidecar_knows(run, tmp_path):
    """It lies beside the script where that was exported to."""
    sidecar = tmp_path / "over.validation.json"
    sidecar.write_text('{"python": {"version": "3.2.1"}}')
    assert b"proven with Python 3.2 and runs" in run(stdin=b"").stderr
    sidecar.write_text(f'{{"python": {{"version": "{HERE}.99"}}}}')
    assert b"proven with" not in run(stdin=b"").stderr


@pytest.mark.parametrize("content", ["", "{}", '{"python": null}', "[1]", "\udce4"])
def test_a_sidecar_that_says_nothing_is_passed_over(run, tmp_path, content):
    """A script that was not proven has none, and starts all the same."""
    file = tmp_path / "over.validation.json"
    file.write_text(content, encoding="utf-8", errors="surrogateescape")
    done = run(stdin=b"", source=HEADER.format(HERE).replace(HERE, "x") + SCRIPT)
    assert (done.stderr, done.returncode) == (b"", 0)


def test_help_says_nothing_of_it(run):
    """Nothing is about to run."""
    assert b"proven" not in run("--help", source=HEADER.format("3.2") + SCRIPT).stderr


def test_modules_beside_a_script_are_found_however_python_was_started(tmp_path):
    """`-P` and `-I` take the script's folder out of Python's path; a link to it is followed."""
    home, link = tmp_path / "home", tmp_path / "linked.py"
    home.mkdir()
    (home / "beside.py").write_text("LIMIT = 2.0\n")
    call = "prepare(modules_beside=True, wants"
    source = SCRIPT.replace("prepare(wants", call).replace("CHECK", "''")
    (home / "over.py").write_text(
        source.replace("from kapnb import H", "import beside\nfrom kapnb import H")
    )
    link.symlink_to(home / "over.py")
    for script in (home / "over.py", link):
        command = [sys.executable, "-P", str(script), "--check"]
        done = subprocess.run(command, capture_output=True, check=False, cwd="/")
        assert done.returncode == 0, done.stderr
