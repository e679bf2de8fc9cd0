"""Files of values for variables."""

from __future__ import annotations

import json

import pytest

from kapnb.errors import SourceError
from kapnb.model import Duration
from kapnb.tick import evaluate
from kapnb.tick._ast import LambdaExpression, Regex, Star
from kapnb.tick._vars import read_vars


def written(tmp_path, content) -> str:
    path = tmp_path / "vars.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return str(path)


def test_every_type_is_read(tmp_path):
    """A float may be written without a dot; durations are text or nanoseconds."""
    entries = {
        "b": {"type": "bool", "value": True},
        "i": {"type": "int", "value": 3},
        "f": {"type": "float", "value": 2},
        "s": {"type": "string", "value": "x"},
        "d": {"type": "duration", "value": "10s"},
        "n": {"type": "duration", "value": 5},
        "r": {"type": "regex", "value": "a+"},
        "l": {"type": "lambda", "value": '"x" > 5'},
        "a": {"type": "list", "value": [{"type": "string", "value": "host"}]},
        "star": {"type": "star"},
    }

    values = read_vars(written(tmp_path, entries))

    assert (values["b"], values["i"], values["s"], values["a"]) == (True, 3, "x", ["host"])
    assert (type(values["f"]), values["d"], values["n"]) == (float, Duration.parse("10s"), 5)
    assert isinstance(values["r"], Regex)
    assert isinstance(values["l"], LambdaExpression)
    assert isinstance(values["star"], Star)


def test_values_reach_the_script(tmp_path):
    """Lists spread, lambdas are conditions."""
    path = written(
        tmp_path,
        {
            "groups": {"type": "list", "value": [{"type": "string", "value": "host"}]},
            "hot": {"type": "lambda", "value": '"x" > 5'},
        },
    )
    script = "var groups list\nvar hot lambda\nstream|from().groupBy(groups)|where(hot)"

    task = evaluate(script, variables=read_vars(path))

    assert task.nodes[1].last("groupBy") == "host"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "vars.json, line 1: is no JSON"),
        ("[]", "expected an object"),
        ('{"x": 5}', "variable 'x': expected an object with"),
        ('{"x": {"type": "number", "value": 5}}', "type 'number' is none of bool, int"),
        ('{"x": {"type": "int", "value": "5"}}', "'5' is no int"),
        ('{"x": {"type": "duration", "value": "5"}}', "'5' is no duration"),
        ('{"x": {"type": "lambda", "value": "("}}', "'(' is no lambda"),
        ('{"x": {"type": "list", "value": [{"type": "int", "value": true}]}}', "item 0: True"),
    ],
)
def test_a_fault_names_the_variable(tmp_path, content, message):
    """And what was expected."""
    with pytest.raises(SourceError) as caught:
        read_vars(written(tmp_path, content))

    assert message in str(caught.value)
