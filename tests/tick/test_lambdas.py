"""Lambda expressions: types, operators, functions, what is missing, memory."""

from __future__ import annotations

import math
import statistics

import pytest

from kapnb.errors import TickError
from kapnb.model import Duration, Point
from kapnb.tick._ast import Declaration
from kapnb.tick._lambdas import EvaluationError, Lambda
from kapnb.tick._parser import parse


def compiled(text: str) -> Lambda:
    (declaration,) = parse(f"var x = lambda: {text}").statements
    assert isinstance(declaration, Declaration)
    return Lambda(declaration.value)


def value(text: str, fields=None, tags=None, time: int = 0):
    expression = compiled(text)
    scope: dict = {}
    expression.fill(scope, Point(fields or {"one": 1}, time=time, tags=tags or {}))
    return expression.evaluate(scope, expression.new_memory())


def same(left, right) -> bool:
    return type(left) is type(right) and (left == right or (left != left and right != right))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2", 3),
        ("1.5 + 2.0", 3.5),
        ("'a' + 'b'", "ab"),
        ("7 / 2", 3),
        ("-7 / 2", -3),
        ("-7 % 3", -1),
        ("7.0 / 2.0", 3.5),
        ("1.0 / 0.0", math.inf),
        ("9223372036854775807 + 1", -(2**63)),
        ("2 < 2.5", True),
        ("2 == 2.0", True),
        ("'b' > 'a'", True),
        ("10s + 5s", Duration.parse("15s")),
        ("10s * 2", Duration.parse("20s")),
        ("2.5 * 10s", Duration.parse("25s")),
        ("10s / 4s", 2),
        ("10s / 4", Duration(2_500_000_000)),
        ("1m > 59s", True),
        ("'web12' =~ /^web\\d+$/", True),
        ("'web' !~ /\\d/", True),
        ("!(1 == 1) OR TRUE", True),
        ("-(1.5)", -1.5),
        ("1 + 2 * 3", 7),
    ],
)
def test_operators_give_what_kapacitor_gives(text, expected):
    """Ints stay ints and wrap, quotients are cut off, numbers of both kinds may be compared."""
    assert same(value(text), expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 + 1.0", "mismatched type to binary operator. got int + float. see bool()"),
        ("1 + 'a'", "mismatched type to binary operator. got int + string."),
        ("TRUE > FALSE", "invalid comparison operator > for type boolean"),
        ("1 AND TRUE", "invalid logical operator AND for type int"),
        ("10s == 10", "mismatched type to binary operator. got duration == int."),
        ("nope(1.0)", 'undefined function: "nope"'),
        ("j0(1.0)", "function j0() is not simulated"),
        ("abs(1.0, 2.0)", "abs expects 1 argument, got 2"),
    ],
)
def test_what_no_point_can_satisfy_is_refused_with_its_place(text, message):
    """Kapacitor does so when it starts the task; line and character are named."""
    with pytest.raises(TickError) as caught:
        compiled(text)

    assert message in str(caught.value)
    assert caught.value.line == 1
    assert str(caught.value).startswith(("line 1 char ", "parser: "))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('"n" + 1.0', "mismatched type to binary operator. got int + float."),
        ('"nope" > 5', 'left reference value "nope" is missing value'),
        ('5 > "nope"', 'right reference value "nope" is missing value'),
        ('TRUE AND "nope"', 'right reference value "nope" is missing value'),
        ('"nope" + 5 > 1', "invalid math operator + for type missing"),
        ('1.0 - "nope"', "mismatched type to binary operator. got float - missing."),
        ('!"nope"', 'reference "nope" is missing value'),
        ('"nope"', 'missing value: "nope"'),
        ('"n" / 0', "runtime error: integer divide by zero"),
        ('abs("n")', "cannot pass int64 to abs, must be float64"),
        ('sigma("n")', "cannot pass int64 to sigma, must be float64"),
        ('float("nope")', "cannot pass a missing value to float"),
        ("int('x')", 'strconv.ParseInt: parsing "x": invalid syntax'),
        ("bool(2)", "cannot convert 2 to boolean"),
        ("strSubstring('abc', 1, 3)", "stop index too large for string in strSubstring: 3"),
        ('if("n", 1, 2)', "first argument to if must be a condition with type of bool - got int64"),
        ('if(TRUE, 1, "x")', "Different return types are not supported"),
        ('"both" == 1', 'cannot have field and tags with same name "both"'),
    ],
)
def test_a_point_without_a_value_is_an_error_in_kapacitors_words(text, message):
    """The types of fields are known only when a point comes."""
    with pytest.raises(EvaluationError) as caught:
        value(text, {"n": 3, "x": 1.5, "both": 1}, {"both": "t"})

    assert message in str(caught.value)


def test_the_right_side_is_not_looked_at_if_the_left_one_decides():
    """So `isPresent` can guard a comparison."""
    assert value('isPresent("nope") AND "nope" > 5') is False
    assert value('!isPresent("nope") OR "nope" > 5') is True
    assert value('isPresent("n") AND "n" > 2', {"n": 3}) is True


def test_fields_tags_and_time_are_references():
    """A tag is a string; time is a time and no number."""
    assert value('"host"', tags={"host": "a"}) == "a"
    assert value('unixNano("time")', time=1_700_000_000_000_000_007) == 1_700_000_000_000_000_007
    assert value("unixNano(now())", time=5) == 5
    with pytest.raises(EvaluationError, match="invalid math operator"):
        value('"time" + 1')


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("float(3)", 3.0),
        ("int(-3.7)", -3),
        ("int('42')", 42),
        ("int(10u)", 10_000),
        ("string(5.0)", "5"),
        ("string(1.5)", "1.5"),
        ("string(90s)", "90s"),
        ("string(TRUE)", "true"),
        ("bool('T')", True),
        ("duration(2, 1m)", Duration.parse("2m")),
        ("duration('1h30m')", Duration.parse("90m")),
        ("sqrt(2.0)", math.sqrt(2)),
        ("sqrt(-1.0)", math.nan),
        ("log(0.0)", -math.inf),
        ("exp(1000.0)", math.inf),
        ("ceil(-0.5)", -0.0),
        ("pow(2.0, 10.0)", 1024.0),
        ("max(1.0, 2.0)", 2.0),
        ("mod(-7.0, 3.0)", -1.0),
        ("pow10(3)", 1000.0),
        ("strLength('日本')", 6),
        ("strIndex('日本', '本')", 3),
        ("strSubstring('abcd', 1, 3)", "bc"),
        ("strReplace('aaa', 'a', 'b', 2)", "bba"),
        ("strToUpper('abc')", "ABC"),
        ("strTrimPrefix('web1', 'web')", "1"),
        ("strContainsAny('abc', 'xc')", True),
        ("strLastIndexAny('abcb', 'ab')", 3),
        ("strCount('aaa', 'a')", 3),
        ("regexReplace(/(\\w+)@(\\w+)/, 'me@home', '${2}.$1')", "home.me"),
        ("humanBytes(1536)", "1.5 kB"),
        ("humanBytes(12000000.0)", "12 MB"),
        ("humanBytes(9)", "9 B"),
        ("if(TRUE, 1, 2)", 1),
        ('hour("time")', 22),
        ('minute("time")', 13),
        ('weekday("time")', 2),
        ('day("time")', 14),
        ('month("time")', 11),
        ('year("time")', 2023),
    ],
)
def test_functions_give_what_go_gives(text, expected):
    """Strings are counted in bytes; times are in UTC; poles give infinities and NaN."""
    assert same(value(text, time=1_700_000_000_000_000_000), expected)


def test_stateful_functions_remember():
    """Count, sigma and spread see all values so far; a fresh memory begins anew."""
    count, spread, sigma = (
        compiled(f"{call}") for call in ("count()", 'spread("x")', 'sigma("x")')
    )
    results = []
    memories = [expression.new_memory() for expression in (count, spread, sigma)]
    for number in (1.0, 4.0, 2.0, 50.0):
        scope = {"x": number}
        results.append(
            tuple(
                expression.evaluate(scope, memory)
                for expression, memory in zip((count, spread, sigma), memories, strict=True)
            )
        )

    assert [row[:2] for row in results] == [(1, 0.0), (2, 3.0), (3, 3.0), (4, 49.0)]
    assert results[0][2] == 0.0
    deviations = (50.0 - 14.25) / statistics.stdev([1.0, 4.0, 2.0, 50.0])
    assert results[3][2] == pytest.approx(deviations)
    assert count.evaluate({}, count.new_memory()) == 1


def test_a_predicate_must_be_a_bool():
    """A number that passes for true elsewhere is none here."""
    with pytest.raises(EvaluationError, match="expression returned unexpected type int"):
        compiled('"n"').test(Point({"n": 1}, time=0, tags={}), [])
