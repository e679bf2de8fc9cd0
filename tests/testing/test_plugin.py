"""The pytest plugin, as a team uses it: in a folder of its own, with files beside the tests."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest_plugins = "pytester"

HANDLER = """\
from kapnb import Handler

class Doubled(Handler):
    factor = 2.0

    def point(self, point):
        yield point.with_fields(double=self.factor * point.fields["x"])
"""
DATA = """\
m,host=a x=1.5 1000000000
m,host=b x=2.5 2000000000
"""


@pytest.fixture
def team(pytester):
    """A folder with a Handler, data, and the plugin on."""
    pytester.makepyfile(doubled=HANDLER)
    pytester.path.joinpath("data.lp").write_text(DATA, encoding="utf-8")
    pytester.makeini("[pytest]\nfilterwarnings = error\naddopts = -p no:cacheprovider\n")
    return pytester


def run(team, *arguments):
    return team.runpytest_subprocess(*arguments)


def golden(team, name):
    return team.path / "kapnb_snapshots" / "test_doubled" / name


SNAPSHOT_TEST = """\
def test_doubles(kapnb_simulate, kapnb_snapshot):
    kapnb_snapshot(kapnb_simulate("doubled.py", "data.lp", group_by="host"))
"""


@pytest.mark.parametrize("target", ["'doubled.py'", "'doubled:Doubled'", "Doubled"])
def test_a_handler_is_named_or_given(team, target):
    """A script beside the test, a module's class, a class."""
    team.makepyfile(
        test_doubled=f"""\
from doubled import Doubled
from kapnb import Point
from kapnb.testing import assert_outputs

def test_doubles(kapnb_simulate):
    run = kapnb_simulate({target}, "data.lp", group_by="host")
    assert_outputs(run, [Point({{"x": 1.5, "double": 3.0}}), Point({{"x": 2.5, "double": 5.0}})])
"""
    )

    run(team).assert_outcomes(passed=1)


def test_a_notebook_is_a_target(team):
    """Its marked Handler is run."""
    from notebooks import write_notebook

    write_notebook(
        team.path / "doubled.ipynb",
        "# %%\n" + HANDLER.replace("class", "from kapnb import udf\n@udf\nclass"),
    )
    team.makepyfile(
        test_doubled="""\
def test_doubles(kapnb_simulate):
    assert list(kapnb_simulate("doubled.ipynb", "data.lp").frame["double"]) == [3.0, 5.0]
"""
    )

    run(team).assert_outcomes(passed=1)


def test_loading_a_script_leaves_the_path_alone(team):
    """What it puts on sys.path is gone after the test."""
    folder = team.mkdir("elsewhere")
    team.path.joinpath("doubled.py").rename(folder / "scripted.py")
    team.makepyfile(
        test_doubled="""\
import sys

def test_doubles(kapnb_simulate):
    kapnb_simulate("elsewhere/scripted.py", "data.lp")
    assert any(path.endswith("elsewhere") for path in sys.path)

def test_after():
    assert not any(path.endswith("elsewhere") for path in sys.path)
"""
    )

    run(team).assert_outcomes(passed=2)


def test_a_snapshot_is_written_on_request_and_then_compared(team):
    """Without the flag a missing file is a failure that says what to do."""
    team.makepyfile(test_doubled=SNAPSHOT_TEST)

    missing = run(team)
    written = run(team, "--kapnb-update")
    compared = run(team)

    missing.assert_outcomes(failed=1)
    missing.stdout.fnmatch_lines(["*there is no *test_doubles.txt yet: run pytest --kapnb-update*"])
    written.assert_outcomes(passed=1)
    compared.assert_outcomes(passed=1)
    assert golden(team, "test_doubles.txt").read_text(encoding="utf-8").splitlines()[0] == (
        '@0 point     {"time": 1000000000, "name": "m", "group": "host=a", "dimensions": ["host"], '
        '"tags": {"host": "a"}, "fields": {"double": 3.0, "x": 1.5}}'
    )
    assert [path.name for path in golden(team, ".").iterdir()] == ["test_doubles.txt"]


def test_a_difference_is_shown_as_a_diff(team):
    """With the line that was and the line that is."""
    team.makepyfile(test_doubled=SNAPSHOT_TEST)
    run(team, "--kapnb-update")
    team.makepyfile(doubled=HANDLER.replace("2.0", "4.0"))

    result = run(team)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*this is not what *test_doubles.txt holds; if it is right, run pytest --kapnb-update",
            '*-@0 point *"double": 3.0*',
            '*+@0 point *"double": 6.0*',
        ]
    )


def test_an_update_that_cannot_be_written_leaves_the_file(team):
    """Whole or not at all."""
    team.makepyfile(test_doubled=SNAPSHOT_TEST)
    run(team, "--kapnb-update")
    path = golden(team, "test_doubles.txt")
    before = path.read_text(encoding="utf-8")
    team.makepyfile(doubled=HANDLER.replace("2.0", "4.0"))
    team.makeconftest(
        """\
import pathlib, pytest

@pytest.fixture(autouse=True)
def full_disk(monkeypatch):
    def replace(self, target):
        raise OSError(28, "No space left on device")
    monkeypatch.setattr(pathlib.Path, "replace", replace)
"""
    )

    result = run(team, "--kapnb-update")

    result.stdout.fnmatch_lines(["*cannot be written: No space left on device*"])
    assert path.read_text(encoding="utf-8") == before
    assert [one.name for one in path.parent.iterdir()] == ["test_doubles.txt"]


def test_names_of_parametrized_tests_make_files_of_their_own(team):
    """Also where only signs tell them apart, and with several snapshots in one test."""
    team.makepyfile(
        test_doubled="""\
import pytest

@pytest.mark.parametrize("text", ["a/b", "a?b"])
def test_text(kapnb_snapshot, text):
    kapnb_snapshot(text, "first")
    kapnb_snapshot("second", "second")

def test_twice(kapnb_snapshot):
    kapnb_snapshot("one")
    with pytest.raises(AssertionError, match="used in this test already; give name="):
        kapnb_snapshot("two")
"""
    )

    run(team, "--kapnb-update").assert_outcomes(passed=3)

    assert len(list(golden(team, ".").iterdir())) == 5
    run(team).assert_outcomes(passed=3)


def test_transcripts_frames_and_points_have_snapshots_too(team):
    """And what has none is refused."""
    team.makepyfile(
        test_doubled="""\
import pytest
from kapnb import Batch, Point

def test_all(kapnb_simulate, kapnb_snapshot):
    run = kapnb_simulate("doubled.py", "data.lp")
    kapnb_snapshot(run.transcript, "transcript")
    kapnb_snapshot(run.frame, "frame")
    kapnb_snapshot([Point({"x": 1.5}, time=0), Batch([], tmax=0, name="m")], "items")
    with pytest.raises(TypeError, match="not a int"):
        kapnb_snapshot(3)
"""
    )

    run(team, "--kapnb-update").assert_outcomes(passed=1)

    run(team).assert_outcomes(passed=1)
    assert golden(team, "test_all.frame.txt").read_text().startswith("time,input,host,double,x\n")
    assert golden(team, "test_all.items.txt").read_text().splitlines()[1] == (
        'begin     {"name": "m"}'
    )


def test_the_run_of_a_script_has_a_snapshot_of_its_records(team):
    """And that of its UDF one of its outputs."""
    team.makefile(
        ".tick",
        task="stream|from()@doubled()|alert().crit(lambda: \"x\" > 2.0)|influxDBOut().database('d')",
    )
    team.makepyfile(
        test_doubled="""
from kapnb import Point

DATA = [Point({"x": 1.5}, time=1, name="m"), Point({"x": 2.5}, time=2, name="m")]


def test_task(kapnb_simulate, kapnb_snapshot):
    run = kapnb_simulate({"doubled": "doubled.py"}, DATA, tick="task.tick")
    kapnb_snapshot(run)
    kapnb_snapshot(run.udf(), name="udf")
"""
    )
    run(team, "--kapnb-update").assert_outcomes(passed=1)

    lines = golden(team, "test_task.txt").read_text(encoding="utf-8").splitlines()
    assert [line[:30] for line in lines] == [
        '{"sink": "alert3", "id": "m:ni',
        '{"sink": "influxdb_out4", "nam',
    ]
    assert golden(team, "test_task.udf.txt").read_text(encoding="utf-8").startswith("@0 point ")
    run(team).assert_outcomes(passed=1)


def test_a_tolerance_accepts_last_digits_only(team):
    """Of doubles; all else is compared as it stands."""
    team.makepyfile(
        test_doubled="""\
import pytest
from kapnb import Point

def test_near(kapnb_snapshot, request):
    update = request.config.getoption("--kapnb-update")
    value = 0.3 if update else 0.1 + 0.2
    kapnb_snapshot([Point({"x": value, "n": 1}, time=1)], rel=1e-12)

def test_far(kapnb_snapshot, request):
    update = request.config.getoption("--kapnb-update")
    kapnb_snapshot([Point({"x": 0.3 if update else 0.4}, time=1)], rel=1e-12)

def test_other(kapnb_snapshot, request):
    update = request.config.getoption("--kapnb-update")
    kapnb_snapshot([Point({"x": 0.3, "n": 1 if update else 2}, time=1)], rel=1e-12)
"""
    )
    run(team, "--kapnb-update").assert_outcomes(passed=3)

    run(team).assert_outcomes(passed=1, failed=2)


def test_it_works_on_several_processes(team):
    """With pytest-xdist, writing and comparing."""
    team.makepyfile(
        test_doubled=SNAPSHOT_TEST,
        test_more=SNAPSHOT_TEST.replace("test_doubles", "test_others"),
    )

    run(team, "--kapnb-update", "-n", "2").assert_outcomes(passed=2)

    run(team, "-n", "2").assert_outcomes(passed=2)


def test_it_costs_nothing_where_it_is_not_used(team):
    """Neither protobuf nor pandas, nor the simulator, is imported."""
    team.makepyfile(
        test_plain="""\
import sys

def test_nothing():
    heavy = {"google.protobuf", "pandas", "kapnb.simulation", "kapnb.agent", "kapnb.testing._golden"}
    assert "kapnb.testing._plugin" in sys.modules
    assert heavy.isdisjoint(sys.modules)
"""
    )

    run(team, "-p", "no:hypothesispytest", "-p", "no:nbval").assert_outcomes(passed=1)


def test_the_help_tells_of_the_flag(team):
    """In a group of its own."""
    run(team, "--help").stdout.fnmatch_lines(["kapnb:", "*--kapnb-update*"])


def test_the_room_loads_lazily():
    """Every public name is there, and comes when it is asked for."""
    code = (
        "import sys, kapnb.testing\n"
        "assert 'kapnb.testing.conformance' not in sys.modules\n"
        "for name in kapnb.testing.__all__: getattr(kapnb.testing, name)\n"
    )

    subprocess.run([sys.executable, "-c", code], check=True)
    import kapnb.testing

    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        kapnb.testing.nothing
