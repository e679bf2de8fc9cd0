"""`kapnb tick check` and `kapnb tick format`."""

from __future__ import annotations

from pathlib import Path

import pytest

from captures import DATA

HOST = DATA / "recordings" / "host_cpu.srpl"
OFFICIAL = Path(__file__).parents[1] / "compat" / "scripts" / "moving_average.py"
HEAD = "dbrp \"telegraf\".\"autogen\"\nstream\n  |from().measurement('cpu').groupBy('cpu')\n"


@pytest.fixture
def script(tmp_path):
    """Write a script and return its path."""

    def write(text):
        path = tmp_path / "task.tick"
        path.write_text(text)
        return path

    return write


def check(kapnb, *arguments):
    done = kapnb("tick", "check", *arguments)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_a_refusal_shows_the_line_with_a_caret(kapnb, script, handler):
    """Kapacitor's text, the source, the remedy; exit status 1."""
    path = script(HEAD + "\t@mavg()\n\t\t.field('é').size(3.0)\n")

    status, out, _ = check(kapnb, path, "--udf", f"mavg={handler}")

    assert status == 1
    assert out.splitlines()[:3] == [
        f"{path}:5:16: invalid TICKscript: line 5 char 16: "
        "unexpected arg to size, got DOUBLE expected INT",
        "    \t\t.field('é').size(3.0)",
        "    \t\t" + " " * 12 + "^",
    ]
    assert out.splitlines()[-1] == f"{path}: refused"


def test_what_a_handler_says_at_init_keeps_the_task_from_running(kapnb, script, handler):
    """The enable error of a native Handler, and the lint that says what to write."""
    path = script(HEAD + "  @mavg()\n")

    status, out, _ = check(kapnb, path, "--udf", f"mavg={handler}")

    assert status == 1
    assert f"{path}:4:4: mavg2: failed to initialize processes" in out
    assert "KT107 @mavg needs the option field (STRING), which is missing" in out
    assert out.endswith(f"{path}: defined but not run, 1 remark\n")


def test_a_target_may_be_a_script_of_the_official_api(kapnb, script):
    """It is not started, only its Handler is."""
    path = script(HEAD + "  @mavg().size(3)\n")

    status, out, _ = check(kapnb, path, "--udf", f"mavg={OFFICIAL}")

    assert status == 1
    assert "mavg2: failed to initialize processes must supply field name" in out


def test_a_valid_node_that_is_not_simulated_is_not_checked(kapnb, script, handler):
    """Exit status 0."""
    path = script(HEAD + "  @mavg().field('usage_user')\n  |shift(1m)\n")

    status, out, _ = check(kapnb, path, "--udf", f"mavg={handler}")

    assert status == 0
    assert out.splitlines() == [
        f"{path}:5:4: not checked: |shift is known, but not simulated",
        f"{path}: accepted, 1 place not checked",
    ]


def test_names_are_compared_with_data(kapnb, script, handler):
    """A lint does not refuse."""
    path = script(HEAD + "  @mavg().field('usage_usr')\n")

    status, out, _ = check(kapnb, path, "--udf", f"mavg={handler}", "--data", HOST)

    assert status == 0
    assert "4:11: KT204 no point has the field 'usage_usr'" in out
    assert "→ one of: usage_idle, usage_iowait, usage_system, usage_user" in out


def test_variables_come_from_a_file_and_the_kind_of_task_from_an_option(kapnb, script, tmp_path):
    """As kapacitor define -vars and -type do."""
    (tmp_path / "vars.json").write_text('{"m": {"type": "string", "value": "cpu"}}')
    path = script('dbrp "d"."r"\nvar m string\nstream|from().measurement(m)|log()\n')

    assert check(kapnb, path, "--vars", "vars.json")[0] == 0
    status, out, _ = check(kapnb, path)
    assert (status, 'missing value for var "m".' in out) == (1, True)
    status, out, _ = check(kapnb, path, "--vars", "vars.json", "--type", "batch")
    assert (status, 'name "stream" is undefined' in out) == (1, True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "stream\n  |from().measurement('cpu)\n",
            "2:23: invalid TICKscript: parser: unexpected unterminated string line 2 char 23",
        ),
        (
            "stream|from()|nope()\n",
            "1:15: invalid TICKscript: line 1 char 15: no method or property",
        ),
        (
            "stream|from()@nosuch()\n",
            "1:15: invalid TICKscript: line 1 char 15: "
            'no method or property "nosuch" on *pipeline.FromNode',
        ),
    ],
)
def test_bad_input_is_one_clear_message(kapnb, script, text, message):
    """An unclosed string, an unknown node, an unknown UDF."""
    path = script(text)
    status, out, err = check(kapnb, path)

    assert status == 1
    assert out.startswith(f"{path}:{message}")
    assert err == ""


def test_a_script_that_is_not_there_or_no_text_is_told_on_stderr(kapnb, tmp_path):
    """One message, exit status 1."""
    (tmp_path / "binary.tick").write_bytes(b"stream\xff")

    for name in ("nowhere.tick", "binary.tick"):
        status, out, err = check(kapnb, name)
        assert (status, out) == (1, "")
        assert err.startswith(f"kapnb: {name}: the script cannot be read: ")


@pytest.mark.parametrize("arguments", [[], ["check"], ["check", "x.tick", "--udf", "mavg"]])
def test_wrong_usage_exits_with_two(kapnb, arguments):
    """No command, no file, no target."""
    assert kapnb("tick", *arguments).returncode == 2


def test_format_writes_to_stdout_or_in_place(kapnb, script):
    """The same text both ways; the file keeps what cannot be parsed."""
    path = script("// why\nstream|from()@a().x('y')//end\n")
    formatted = "// why\nstream\n    |from()\n    @a()\n        .x('y')\n\n// end\n"

    assert kapnb("tick", "format", path).stdout.decode() == formatted
    assert kapnb("tick", "format", "--write", path).returncode == 0
    assert path.read_text() == formatted

    path.write_text("stream|")
    done = kapnb("tick", "format", "--write", path)
    assert done.returncode == 1
    assert "unexpected EOF" in done.stderr.decode()
    assert path.read_text() == "stream|"
