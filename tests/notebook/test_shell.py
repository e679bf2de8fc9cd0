"""What %load_ext kapnb does, in an IPython shell without a front end."""

import re
import subprocess
import sys

import pytest

from kapnb import Handler, HandlerError
from kapnb.notebook import Plot, load
from kapnb.notebook._shell import DEBUG
from shells import run

FAILING = """class Fails(Handler):
    def point(self, point):
        return point.fields["nowhere"]

simulate(Fails, [Point({"x": 1}, time=0, name="m")])
"""


def test_a_traceback_shows_the_readers_lines_only(shell):
    """The line of the Handler that failed, and the line that ran it."""
    shown = run(shell, FAILING)
    assert '----> 3     return point.fields["nowhere"]' in shown
    assert "simulate(Fails" in shown
    assert "kapnb/" not in shown
    assert "no field 'nowhere' in this point (it has: x)" in shown


def test_the_error_itself_is_left_whole(shell):
    """%tb and %debug find every frame."""
    run(shell, FAILING)
    assert "kapnb/simulation" in run(shell, "%tb")


def test_an_environment_variable_brings_all_frames_back(shell, monkeypatch):
    """For who works on kapnb itself."""
    monkeypatch.setenv(DEBUG, "1")
    assert "kapnb/agent" in run(shell, FAILING)


def test_other_errors_are_left_alone(shell):
    """IPython shows them as ever."""
    assert "ZeroDivisionError" in run(shell, "1 / 0")


def test_an_error_with_no_frame_of_the_reader_is_shown_whole(shell):
    """Rather too much than nothing."""
    shell.push({"error": HandlerError("made by nobody")})
    assert "HandlerError: made by nobody" in run(shell, "raise error")


def test_udf_marks_the_handler_of_its_cell(shell):
    """As @udf above the class would."""
    assert run(shell, "%%udf\nclass Mine(Handler):\n    size = Option(int, default=3)") == ""
    mine = shell.user_ns["Mine"]
    assert issubclass(mine, Handler)
    assert mine.is_udf


def test_udf_keeps_a_mark_that_is_there(shell):
    """Among several Handlers the marked one counts."""
    run(
        shell,
        "%%udf\nfrom kapnb import udf\nclass Base(Handler): pass\n\n@udf\nclass Mine(Base): pass",
    )
    assert shell.user_ns["Mine"].is_udf
    assert not hasattr(shell.user_ns["Base"], "is_udf")


@pytest.mark.parametrize(
    ("cell", "line", "message"),
    [
        ("class A(Handler):\n    point = Option(str)", 2, "A.point is a method of Handler"),
        ("\n\nx = 1\nclass A: pass", 5, "defines no class that derives from kapnb.Handler"),
        ("class A(Handler): pass\nclass B(Handler): pass", 3, "2 Handlers in a cell (A, B)"),
        ("y = 1\nundefined", 3, "name 'undefined' is not defined"),
    ],
)
def test_udf_names_the_line_of_its_cell(shell, cell, line, message):
    """Counted as the cell shows them, the magic's being the first."""
    shown = run(shell, f"%%udf\n{cell}")
    assert message in shown
    text = f"%%udf\n{cell}".splitlines()[line - 1]
    assert f"----> {line} {text}" in shown


def test_udf_refuses_words_behind_it(shell):
    """There is nothing to set."""
    shown = run(shell, "%%udf Mine\nclass A(Handler): pass")
    assert "%%udf takes nothing behind it" in shown
    assert "kapnb/" not in shown


@pytest.mark.parametrize(
    ("cell", "error"),
    [
        ("x = 1 / 0", "ZeroDivisionError"),
        ("class A(Handler):\n    x = 1 / 0", "ZeroDivisionError"),
        ("import nowhere", "ModuleNotFoundError"),
        ("from kapnb import nowhere", "ImportError"),
        ("import math\nmath.nowhere", "AttributeError"),
    ],
)
def test_errors_of_a_udf_cells_own_begin_in_the_cell(shell, cell, error):
    """They are the reader's, and shown as those of a cell without the magic."""
    shown = run(shell, f"%%udf\n{cell}")
    assert error in shown
    assert cell.splitlines()[-1] in shown
    assert "kapnb/notebook" not in shown
    assert "run_cell_magic" not in shown
    assert "hidden" not in shown


def test_a_udf_cell_that_cannot_be_read_shows_where_and_nothing_else(shell):
    """As a cell without the magic does."""
    shown = run(shell, "%%udf\nclass A(Handler):\n    def point(self, point)\n        pass")
    assert "def point(self, point)" in shown
    assert re.search(r"line 3|>:3", shown)
    assert "SyntaxError: expected ':'" in shown
    assert "kapnb/" not in shown
    assert "interactiveshell" not in shown


def test_a_module_that_cannot_be_read_shows_what_imported_it(shell, tmp_path, monkeypatch):
    """An error in a file of its own is IPython's to show."""
    (tmp_path / "unreadable.py").write_text("def f(:\n")
    monkeypatch.syspath_prepend(tmp_path)
    for cell in ("import unreadable", "%%udf\nimport unreadable"):
        shown = run(shell, cell)
        assert "unreadable.py" in shown
        assert "import unreadable" in shown
        assert "interactiveshell" not in shown
        assert "run_cell_magic" not in shown


def test_a_tick_cell_whose_run_fails_shows_no_frame_of_ours(shell, points):
    """The magic's own frames are as little the reader's as the simulator's."""
    run(shell, FAILING.partition("simulate")[0])
    shell.push({"data": points(3)})
    script = "stream|from()@fails()|httpOut('x')"
    shown = run(shell, f"%%tick --run --data data\n{script}")
    assert "no field 'nowhere'" in shown
    assert "kapnb/" not in shown
    assert "kapnb/" not in run(shell, f"%%tick --run --data nothing\n{script}")


def test_a_figure_is_shown_without_pyplot(shell, points):
    """The figure of a Plot is a picture in a notebook."""
    from kapnb import simulate

    figure = Plot(simulate(Handler, points(3))).figure
    data, metadata = shell.display_formatter.format(figure)
    assert data["image/png"].startswith(b"\x89PNG")
    assert metadata["image/png"]["width"] == 800


def test_loading_again_changes_nothing(shell):
    """%load_ext may stand in several cells."""
    load(shell)
    assert "kapnb/" not in run(shell, FAILING)


def test_loading_imports_nothing_that_draws():
    """%load_ext costs no start-up time."""
    code = (
        "import sys\n"
        "import kapnb.notebook\n"
        "heavy = {'matplotlib', 'numpy', 'pandas', 'IPython', 'google'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_missing_extra_is_named_with_its_remedy():
    """Without matplotlib, asking for a plot says what to install."""
    code = (
        "import sys\n"
        "sys.modules['matplotlib'] = None\n"
        "import kapnb.notebook\n"
        "from kapnb import MissingExtra\n"
        "try:\n"
        "    kapnb.notebook.Plot\n"
        "except MissingExtra as error:\n"
        "    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert "needs matplotlib" in done.stdout
    assert "pip install 'kapnb[notebook]'" in done.stdout


def test_names_are_those_that_are_promised():
    """__all__ is sorted, and all of it is there."""
    import kapnb.notebook

    assert kapnb.notebook.__all__ == sorted(kapnb.notebook.__all__)
    assert all(getattr(kapnb.notebook, name) for name in kapnb.notebook.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = kapnb.notebook.nothing


def test_an_interrupt_shows_the_readers_lines_only(shell):
    """Where the Handler was, and not the dozen calls on the way there."""
    shown = run(
        shell,
        "class Stuck(Handler):\n    def point(self, point):\n        raise KeyboardInterrupt\n\n"
        "simulate(Stuck, [Point({'x': 1}, time=0)])",
    )
    assert "----> 5 simulate(Stuck" in shown
    assert "----> 3     raise KeyboardInterrupt" in shown
    assert "kapnb.last_run()" in shown
    assert "kapnb/" not in shown


def test_a_cancelled_await_shows_the_readers_lines_only(shell):
    """What an interrupt is to a cell that awaits."""
    shown = run(
        shell,
        "import asyncio; from kapnb import Simulation\n"
        "live = Simulation(Handler, [Point({'x': 1}, time=0)]).live(paused=True)\n"
        "async def cancelled():\n"
        "    asyncio.current_task().cancel()\n"
        "    await live\n\n"
        "asyncio.run(cancelled())",
    )
    assert "----> 5     await live" in shown
    assert "kapnb.last_run()" in shown
    assert "kapnb/" not in shown


def test_what_kapnb_refuses_shows_the_readers_lines_only(shell):
    """A ValueError that is raised on purpose is no fault of kapnb's."""
    shown = run(shell, "simulate(Handler, [Point({'x': 1}, time=0)], errors='maybe')")
    assert "ValueError: errors is" in shown
    assert "kapnb/" not in shown


def test_what_goes_wrong_within_kapnb_is_shown_whole(shell):
    """Whoever reports it needs the frames."""
    assert "kapnb/simulation" in run(shell, "simulate(Handler, [Point({'x': 1}, time=0)], env=[5])")


def test_a_cause_that_met_no_line_of_the_readers_is_left_out(shell):
    """What the file system said is in the message; how it was asked is nobody's business."""
    shown = run(shell, "%tick nowhere.tick")
    assert "TargetError: %tick: nowhere.tick is no text of this notebook" in shown
    assert "pathlib" not in shown
    assert "direct cause" not in shown


def test_the_standard_library_is_not_shown_where_kapnb_called_it(shell):
    """Arguments of a magic are argparse's to read."""
    shown = run(shell, "%tick --nothing of.tick")
    assert "unrecognized arguments: --nothing" in shown
    assert "argparse.py" not in shown


def test_the_cause_is_there_again_when_it_was_shown(shell):
    """%tb and %debug find it."""
    run(shell, "%tick nowhere.tick")
    assert isinstance(sys.last_value.__cause__, FileNotFoundError)


def test_a_result_that_is_no_point_is_shown_with_its_line(shell):
    """The message cannot know it: the method has returned."""
    shown = run(
        shell,
        "class Gives(Handler):\n    def point(self, point):\n        return {'x': 1.0}\n\n"
        "simulate(Gives, [Point({'x': 1}, time=0)])",
    )
    assert "a data method gave a dict" in shown
    assert "Gives, line 3: a Handler sends Points and Batches, and this returns a dict" in shown
    assert "kapnb/" not in shown


def test_axes_that_pyplot_does_not_know_show_their_figure(shell):
    """Else a cell that ends with plot_state(run) would show no picture."""
    from matplotlib import pyplot as plt
    from matplotlib.figure import Figure

    formatter = shell.display_formatter.formatters["image/png"]
    image, _ = formatter(Figure().subplots())
    assert image.startswith(b"\x89PNG")
    known = plt.figure()
    try:
        assert formatter(known.subplots()) is None
    finally:
        plt.close(known)
