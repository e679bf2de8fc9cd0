"""kapnb simulate --tick: a whole script on the command line."""

from __future__ import annotations

import json

import pytest

from kapnb.cli import main

HANDLER = """\
from kapnb import Handler, udf


@udf
class Doubled(Handler):
    def point(self, point):
        yield point.with_fields(double=2 * point.fields["x"])
"""
SCRIPT = """\
var limit = 2.0

stream
    |from()
        .measurement('m')
        .groupBy('host')
    @doubled()
    |log()
        .prefix('seen')
    |alert()
        .crit(lambda: "double" > limit)
    |influxDBOut()
        .database('d')
"""
LINES = "m,host=a x=1 1\nm,host=a x=2 2\n"


@pytest.fixture
def files(tmp_path):
    """A Handler, a script and data in a folder of their own."""
    (tmp_path / "doubled.py").write_text(HANDLER, encoding="utf-8")
    (tmp_path / "hot.tick").write_text(SCRIPT, encoding="utf-8")
    (tmp_path / "m.lp").write_text(LINES, encoding="utf-8")
    return tmp_path


def words(files, *more: str) -> list[str]:
    return [
        "simulate",
        "--tick",
        str(files / "hot.tick"),
        "--udf",
        f"doubled={files / 'doubled.py'}",
        "--data",
        str(files / "m.lp"),
        *more,
    ]


def test_records_are_written_in_the_order_of_arrival(files):
    """Each under its sink; written points have name, time, tags and fields."""
    out = files / "out.jsonl"

    assert main(words(files, "--out", str(out))) == 0

    records = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [record["sink"] for record in records] == ["log3", "log3", "alert4", "influxdb_out5"]
    assert records[-1] == {
        "sink": "influxdb_out5",
        "name": "m",
        "time": 2,
        "tags": {"host": "a"},
        "fields": {"x": 2.0, "double": 4.0},
    }
    assert records[2]["level"] == "CRITICAL"


def test_without_out_records_go_to_stdout_and_the_rest_to_stderr(files, capsys):
    """A pipe gets records only."""
    assert main(words(files)) == 0

    captured = capsys.readouterr()
    assert [json.loads(line)["sink"] for line in captured.out.splitlines()][-1] == "influxdb_out5"
    assert "TaskRun(2 points in, doubled2: 2 out" in captured.err


def test_variables_and_a_transcript(files, capsys):
    """A vars file is read as Kapacitor reads it."""
    (files / "vars.json").write_text('{"limit": {"type": "float", "value": 0.5}}', encoding="utf-8")
    transcript = files / "session.txt"

    done = main(words(files, "--vars", str(files / "vars.json"), "--transcript", str(transcript)))

    assert done == 0
    assert capsys.readouterr().out.count('"alert4"') == 2
    assert '"task_id": "hot"' in transcript.read_text(encoding="utf-8")


def test_data_may_be_several_files(files, capsys):
    """Their points go by time."""
    (files / "n.lp").write_text("m,host=b x=5 1\n", encoding="utf-8")

    assert main(words(files, "--data", str(files / "n.lp"))) == 0
    assert "3 points in" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--udf", "other=x.py"), "x.py: there is no such file"),
        (("--vars", "none.json"), "none.json: cannot be read"),
    ],
)
def test_a_fault_is_one_message(files, capsys, more, message):
    """Exit status 1, and nothing on stdout."""
    assert main(words(files, *more)) == 1

    captured = capsys.readouterr()
    assert captured.out == ""
    assert message in captured.err
    assert captured.err.count("kapnb:") == 1


def test_a_script_that_kapacitor_refuses_is_refused_in_its_words(files, capsys):
    """With line and character."""
    (files / "hot.tick").write_text("stream\n  |from()\n  |nope()\n", encoding="utf-8")

    assert main(words(files)[:3] + words(files)[5:]) == 1
    assert 'line 3 char 4: no method or property "nope" on *pipeline.FromNode' in (
        capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["simulate", "--data", "x.lp"], "give a TARGET, or --tick FILE.tick"),
        (["simulate", "h.py", "--data", "x.lp", "--udf", "a=b"], "--udf needs --tick"),
        (["simulate", "--tick", "x.tick", "--data", "x.lp", "--udf", "a"], "write NAME=TARGET"),
        (
            ["simulate", "--tick", "x.tick", "--data", "x.lp", "--option", "a=b"],
            "--option is the script's affair",
        ),
        (["simulate", "h.py", "--tick", "x.tick", "--data", "x.lp"], "named by --udf"),
        (
            ["simulate", "--tick", "x.tick", "--data", "x.lp", "--out", "o.csv"],
            "go into a .jsonl file",
        ),
        (["simulate", "h.py", "--data", "a.lp", "--data", "b.lp"], "can be repeated for a script"),
    ],
)
def test_wrong_usage_exits_with_2(capsys, arguments, message):
    """What does not go together is named."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)

    assert caught.value.code == 2
    assert message in capsys.readouterr().err
