"""`kapnb conformance`: lines, exit status, usage."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from kapnb.cli import main
from kapnb.testing.conformance import CASES, ROLES

RAW = Path(__file__).parents[1] / "conformance" / "raw_agent.py"


def conformance(*arguments, fault="none"):
    return main(
        ["conformance", "--timeout", "30", *arguments, "--", sys.executable, str(RAW), fault]
    )


def test_it_prints_a_line_for_each_case_and_a_summary(capsys):
    """Nothing failed, though much did not apply: status 0."""
    assert conformance("--jobs", "4") == 0

    lines = capsys.readouterr().out.splitlines()
    assert [line[:2] for line in lines[:-1]] == [f"{number:02}" for number in range(1, 41)]
    assert {line[3:7] for line in lines[:-1]} == {"pass", "n/a "}
    assert lines[-1].endswith(" n/a")


def test_a_fail_is_status_1(capsys):
    """And the reason stands on the line."""
    assert conformance("--only", "12,7", fault="two-infos") == 1

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"07 pass  {CASES[7].title}"
    assert lines[1].startswith(f"12 fail  {CASES[12].title}: it sent what Kapacitor does not bear")
    assert lines[2] == "1 pass, 1 fail, 0 n/a"


def test_a_socket_is_dialled(capsys, tmp_path):
    """COMMAND is told where to listen."""
    path = f"{tmp_path}/{{case}}"

    options = ["--only", "12,40", "--timeout", "30", "--socket", path]
    server = [sys.executable, str(RAW), "none", "--socket", "{socket}"]

    status = main(["conformance", *options, "--", *server])

    assert (status, capsys.readouterr().out.splitlines()[-1]) == (0, "2 pass, 0 fail, 0 n/a")


def test_the_list_names_cases_and_roles(capsys):
    """All that somebody needs who writes the roles in another language."""
    assert main(["conformance", "--list"]) == 0

    out = capsys.readouterr().out
    for case in CASES.values():
        assert f"{case.number:02}  {case.name} " in out
    for role in ROLES.values():
        assert f"{role.name} ({role.edges}): {role.does}\n" in out


def test_without_a_command_it_says_where_to_give_it(capsys):
    """Wrong usage: status 2."""
    assert main(["conformance"]) == 2
    assert "which COMMAND? give it after --" in capsys.readouterr().err


def test_a_command_that_is_not_there_is_one_line(capsys):
    """Status 1, no traceback."""
    assert main(["conformance", "--", "no-such-agent"]) == 1
    assert capsys.readouterr().err == (
        "kapnb: no-such-agent cannot be started: No such file or directory\n"
    )


@pytest.mark.parametrize(
    "wrong",
    [
        ["--only", "0"],
        ["--only", "41"],
        ["--only", "x"],
        ["--timeout", "0"],
        ["--jobs", "x"],
        ["--jobs", "0"],
    ],
)
def test_wrong_numbers_are_refused(wrong, capsys):
    """By argparse, with its status 2."""
    with pytest.raises(SystemExit) as left:
        main(["conformance", *wrong, "--", "true"])

    assert left.value.code == 2
    assert wrong[0] in capsys.readouterr().err
