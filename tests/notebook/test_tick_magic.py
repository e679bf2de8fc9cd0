"""A cell that is a TICKscript."""

import pytest

from kapnb import TargetError
from kapnb.notebook._tick_magic import find_udfs
from shells import run

HANDLER = """class HighUsage(Handler):
    limit = Option(float)

    def point(self, point):
        if point.fields["x"] > self.limit:
            yield point
"""
SCRIPT = """dbrp "telegraf"."autogen"

stream
    |from()
        .measurement('m')
    @high_usage()
        .limit(5.0)
    |log()
"""


@pytest.fixture
def loaded(shell):
    run(shell, HANDLER)
    run(shell, "points = [Point({'x': float(n)}, time=n, name='m') for n in range(9)]")
    return shell


def test_a_script_that_kapacitor_takes_says_so(loaded, capsys):
    """Its UDF is the Handler of that name."""
    assert run(loaded, f"%%tick\n{SCRIPT}") == ""
    assert capsys.readouterr().out == "accepted\n"


@pytest.mark.parametrize(
    ("script", "line", "message"),
    [
        (SCRIPT.replace("|log()", "|lock()"), 9, 'no method or property "lock"'),
        (SCRIPT.replace("5.0", "5"), 8, "unexpected arg to limit, got INT expected DOUBLE"),
        (SCRIPT.replace(".limit(5.0)", ".limits(5.0)"), 8, 'no method or property "limits"'),
        (SCRIPT.replace("        .limit(5.0)\n", ""), 7, "missing required option 'limit'"),
        ("stream\n  |from(", 3, "invalid TICKscript: parser: unexpected EOF"),
    ],
)
def test_what_kapacitor_refuses_is_shown_at_its_line(loaded, script, line, message):
    """In Kapacitor's words; the magic's line is the first."""
    shown = run(loaded, f"%%tick\n{script}")
    assert message in shown
    assert f"----> {line} " in shown


def test_what_it_would_accept_in_silence_is_told(loaded, capsys):
    """With the cell's line."""
    run(loaded, "%%tick\nstream|from()|alert().crit(lambda: \"x\" == 'a')")
    out = capsys.readouterr().out
    assert out.startswith("cell line 2: ")
    assert out.endswith(("remark\n", "remarks\n"))


def test_the_script_is_kept_under_a_name_and_can_be_laid_out(loaded, capsys):
    """As tickfmt does; without a name it is printed."""
    chain = "stream|from().measurement('m')@high_usage().limit(5.0)|log()"
    run(loaded, f'%%tick mine --format\ndbrp "telegraf"."autogen" {chain}')
    assert loaded.user_ns["mine"] == SCRIPT
    capsys.readouterr()
    run(loaded, "%%tick --format\nstream|from()")
    assert capsys.readouterr().out.endswith("stream\n    |from()\n")


def test_it_can_be_run_at_once(loaded):
    """Its value is the run, which shows itself."""
    done = loaded.run_cell(f"%%tick --data points --run\n{SCRIPT}")
    assert repr(done.result) == "TaskRun(9 points in, high_usage2: 3 out, log3: 3 entries)"


def test_data_are_compared_with_names(loaded, capsys):
    """A field that no point has is told."""
    run(
        loaded,
        "%%tick --data points\nstream|from().measurement('m')|where(lambda: \"y\" > 1.0)|log()",
    )
    assert "no point has 'y' here" in capsys.readouterr().out


def test_a_line_judges_what_a_name_or_a_file_holds(loaded, capsys, tmp_path):
    """The place is the text's own."""
    run(loaded, f"script = '''{SCRIPT}'''\n%tick script")
    assert capsys.readouterr().out == "accepted\n"
    path = tmp_path / "bad.tick"
    path.write_text("stream\n  |lock()", encoding="utf-8")
    assert f"{path}:2:4: invalid TICKscript: line 2 char 4: no method" in run(
        loaded, f"%tick {path}"
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--bogus", "unrecognized arguments: --bogus"),
        ("--run", "--run needs --data NAME"),
        ("--data nowhere", "--data: this notebook has no 'nowhere'"),
        ("--udf mean=Nowhere", "this notebook has no 'Nowhere'"),
    ],
)
def test_wrong_arguments_are_named(loaded, line, message):
    """And the shell lives on."""
    assert message in run(loaded, f"%%tick {line}\n{SCRIPT}")


def test_a_name_that_is_nothing_is_named(loaded):
    """Neither a text nor a file."""
    assert "nowhere is no text of this notebook, and no script" in run(loaded, "%tick nowhere")


def test_a_udf_may_be_called_otherwise(loaded, capsys):
    """With --udf, as on the command line."""
    script = SCRIPT.replace("high_usage", "h")
    assert "no method or property" in run(loaded, f"%%tick\n{script}")
    assert run(loaded, f"%%tick --udf h=HighUsage\n{script}") == ""


def test_the_functions_do_the_same(loaded):
    """No magic is needed for anything."""
    udfs = find_udfs(SCRIPT, loaded.user_ns)
    assert list(udfs) == ["high_usage"]
    with pytest.raises(TargetError, match="no 'Nowhere'"):
        find_udfs(SCRIPT, loaded.user_ns, ["x=Nowhere"])


@pytest.mark.parametrize(
    ("script", "note"),
    [
        ("stream\n    |from()\n        .measuremnt('cpu')", "did you mean .measurement?"),
        ("stream\n    |form()", "did you mean |from?"),
        ("stream\n    |from()\n    @mean()\n        .siz(3)", "did you mean .size?"),
        ("stream\n    |from()\n    @maen()", "Handlers of this notebook: @"),
    ],
    ids=["property", "node", "option", "UDF"],
)
def test_a_name_that_is_nearly_right_is_told_beside_kapacitors_words(shell, script, note):
    """They stay what they are, in front of it."""
    run(shell, "class Mean(Handler):\n    size = Option(int, default=3)")
    shown = run(shell, f"%%tick\n{script}")
    assert "no method or property" in shown
    assert f"\n{note}" in shown


def test_a_text_that_is_nearly_called_so_is_named(shell):
    """What the file system says of a name that was never a file helps nobody."""
    run(shell, "mean_script = 'stream|from()'")
    shown = run(shell, "%tick mean_scirpt")
    assert "no text of this notebook, and no script; did you mean mean_script?" in shown
