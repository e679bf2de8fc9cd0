"""What is found without starting the UDF: how it would be started, and on what it stands."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version

import pytest

from kapnb.doctor import Level, Limits, Report, examine, plan_command, plan_target
from kapnb.doctor._packages import check_packages
from kapnb.doctor._script import check_script
from kapnb.errors import TargetError

MIRROR = "class UDF(Handler):\n    pass\n"


def finding(report, check):
    """Return the finding of a check."""
    return next(f for f in report.findings if f.check == check)


@pytest.fixture
def look(script):
    """Write a script and report on what can be seen of it without starting it."""

    def look(source, **settings):
        plan, report = plan_target(str(script(source, **settings))), Report()
        check_packages(plan, check_script(plan, report), report)
        return report

    return look


# ----------------------------------------------------------------- what is started


def test_an_executable_script_is_the_program(script):
    """As Kapacitor's ``prog``."""
    path = script(MIRROR)

    assert plan_target(str(path)).command == (str(path),)


def test_a_script_that_is_not_executable_is_given_to_python(script, diagnose):
    """Worth a look, for that is a matter of configuration."""
    path = script(MIRROR, mode=0o644)

    plan = plan_target(str(path))
    found = finding(diagnose(path), "executable")

    assert plan.command == (sys.executable, "-u", str(path))
    assert found.level is Level.WARN
    assert found.remedy.startswith("chmod +x udf.py, or configure prog = ")


def test_a_script_that_only_defines_a_handler_is_served_by_kapnb_run(tmp_path, diagnose):
    """So is what `kapnb run` and `kapnb simulate` take."""
    path = tmp_path / "udf.py"
    path.write_text("from kapnb import Handler\n\n\nclass Mirror(Handler):\n    pass\n")

    assert plan_target(str(path)).command == (sys.executable, "-m", "kapnb", "run", str(path))
    assert not diagnose(path).failed


@pytest.mark.parametrize("target", ["mine:Mirror", "mine.ipynb"])
def test_modules_and_notebooks_are_served_by_kapnb_run(tmp_path, target):
    """They are no programs."""
    assert plan_target(target).command == (sys.executable, "-m", "kapnb", "run", target)


def test_a_script_that_runs_other_programs_still_only_defines_a_handler(tmp_path):
    """A call of `run` counts if it is kapnb's, by whatever name."""
    path = tmp_path / "udf.py"
    head = "import subprocess\nimport kapnb\nfrom kapnb.agent import run as go\n"
    for call, served in [("subprocess.run([])", False), ("go(X)", True), ("kapnb.run(X)", True)]:
        path.write_text(f"{head}{call}\n")
        assert ("kapnb" in plan_target(str(path)).command) is not served


def test_a_script_that_cannot_be_parsed_is_started_and_says_why(tmp_path, diagnose):
    """Python's own words are the finding."""
    path = tmp_path / "udf.py"
    path.write_text("from kapnb import Handler\nclass\n")

    assert "SyntaxError" in finding(diagnose(path), "info").text


def test_what_is_not_there_is_an_error():
    """Of a target and of a command."""
    with pytest.raises(TargetError, match="there is no such file"):
        plan_target("missing.py")
    with pytest.raises(TargetError, match="there is no such program"):
        plan_command(["no-such-python", "-u", "udf.py"])


def test_a_command_is_started_as_it_stands(script):
    """Its script is found among its words."""
    path = script(MIRROR, mode=0o644)

    plan = plan_command([sys.executable, "-u", str(path)])
    report = examine(plan, limits=Limits(timeout_s=60, exit_s=60, points=100))

    assert (plan.command, plan.script) == ((sys.executable, "-u", str(path)), path)
    assert not report.failed
    assert "executable" not in [f.check for f in report.findings]


# ------------------------------------------------------------------- interpreter


@pytest.mark.parametrize(
    ("shebang", "words"),
    [
        ("#!/no/such/python3\n", "name a Python that exists"),
        ("#!/usr/bin/env python3.0\n", "name a Python that exists"),
        ("#!/usr/bin/env python3 -u\n", "#!/usr/bin/env -S python3 -u"),
        ("#!/usr/bin/env python3\r\n", "Unix line ends"),
        ("#!\n", "name a Python that exists"),
    ],
)
def test_a_shebang_that_leads_nowhere_fails(look, shebang, words):
    """With the remedy for each way to get it wrong."""
    found = finding(look(MIRROR, shebang=shebang), "shebang")

    assert found.level is Level.FAIL
    assert words in found.remedy


def test_a_missing_shebang_fails_where_the_script_is_the_program(script, diagnose):
    """The kernel does not know how to start it."""
    report = diagnose(script(MIRROR, shebang=""))

    assert finding(report, "shebang").text.endswith("exec format error")
    assert finding(report, "info").level is Level.FAIL


def test_an_old_interpreter_fails(look, tmp_path):
    """Its version is asked for, not guessed."""
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\necho 3.8.10\n")
    old.chmod(0o755)

    found = finding(look(MIRROR, shebang=f"#!{old}\n"), "interpreter")

    assert found.level is Level.FAIL
    assert found.text == f"{old} is Python 3.8.10; kapnb needs 3.10 or newer"


def test_an_interpreter_that_does_not_run_fails(look, tmp_path):
    """It is there, and broken."""
    broken = tmp_path / "python3"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)

    found = finding(look(MIRROR, shebang=f"#!{broken}\n"), "interpreter")

    assert found.level is Level.FAIL


def test_env_with_split_words_is_understood(script, diagnose, tmp_path):
    """``env -S`` may give arguments and variables."""
    shebang = f"#!/usr/bin/env -S LANG=C {sys.executable} -u\n"
    report = diagnose(script(MIRROR, shebang=shebang))

    assert finding(report, "shebang").text.endswith(f"leads to {sys.executable}")
    assert not report.failed


# ---------------------------------------------------------------------- packages

PROTOBUF = version("protobuf")


@pytest.mark.parametrize(
    ("requirements", "level", "text"),
    [
        (f"# tested\nprotobuf=={PROTOBUF}  # this\n", "ok", "1 of requirements.txt installed"),
        (f"protobuf [x] == {PROTOBUF}.0\n-r other.txt\n", "ok", "1 of requirements.txt installed"),
        ("protobuf==1.0\n", "FAIL", f"protobuf is {PROTOBUF}, not 1.0 (requirements.txt)"),
        ("not-there==1.0\n", "FAIL", "not-there is missing (requirements.txt)"),
        ("not-there==1.0; sys_platform == 'win32'\nprotobuf>=4\n", "warn", "protobuf>=4"),
        ("protobuf\n", "warn", "not pinned in requirements.txt: protobuf"),
        ("", "warn", "nothing says which packages udf.py needs"),
    ],
)
def test_packages_are_compared_with_what_is_installed(look, tmp_path, requirements, level, text):
    """In the Python that runs the script; markers may be right to leave one out."""
    (tmp_path / "requirements.txt").write_text(requirements)

    found = finding(look(MIRROR), "packages")

    assert found.level.value == level
    assert text in found.text


@pytest.mark.parametrize(
    ("block", "level", "text"),
    [
        (f'dependencies = ["protobuf=={PROTOBUF}"]', "ok", "1 of the PEP 723 block"),
        ('dependencies = ["protobuf==1.0"]', "FAIL", "not 1.0 (the PEP 723 block)"),
        ("dependencies = [", "FAIL", "what is needed cannot be read"),
    ],
)
def test_a_block_of_pep_723_goes_before_a_file(look, tmp_path, block, level, text):
    """It is nearer to the script."""
    (tmp_path / "requirements.txt").write_text("not-there==1.0\n")
    source = f"# /// script\n# {block}\n# ///\n{MIRROR}"

    found = finding(look(source), "packages")

    assert found.level.value == level
    assert text in found.text


def test_a_command_without_a_known_python_is_not_asked_for_packages(tmp_path, script):
    """A wrapper may choose its Python itself."""
    path = script(MIRROR)
    (tmp_path / "requirements.txt").write_text("protobuf==1.0\n")
    wrapper = tmp_path / "wrapper"
    wrapper.write_text(f'#!/bin/sh\nexec {sys.executable} -u "$1"\n')
    wrapper.chmod(0o755)
    assert subprocess.run([wrapper, path], input=b"", check=False).returncode == 0

    report = examine(
        plan_command([str(wrapper), str(path)]),
        limits=Limits(timeout_s=60, exit_s=60, points=100),
    )

    assert finding(report, "packages").level is Level.WARN
    assert not report.failed
