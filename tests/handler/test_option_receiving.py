"""Options as they arrive at init: typed values, or Kapacitor's words."""

import json

import pytest

from harness import DATA, option
from kapnb.errors import OptionError
from kapnb.handler import Handler, Option
from kapnb.model import Duration, OptionValue, ValueType


class Captured(Handler):
    """The UDF `u` of option_errors.json."""

    s = Option(str, default="")
    i = Option(int, default=0)
    f = Option(float, default=0.0)
    b = Option(bool, default=False)
    d = Option(Duration, default=0)
    two = Option(str, int, default=None)


class Receiving(Captured):
    flag = Option()
    each = Option(str, many=True)
    pairs = Option(str, int, many=True)
    as_ = Option(str, default="mean", name="as")


def duration(nanoseconds):
    return OptionValue(ValueType.DURATION, nanoseconds)


def received(*options):
    handler = Receiving()
    handler.receive_options(options)
    return handler


@pytest.mark.parametrize(
    ("options", "attribute", "value"),
    [
        ([option("s", "text")], "s", "text"),
        ([option("i", -3)], "i", -3),
        ([option("f", 0.5)], "f", 0.5),
        ([option("b", True)], "b", True),
        ([option("b", False)], "b", False),
        ([option("d", duration(10**10))], "d", Duration.parse("10s")),
        ([option("two", "a", 1)], "two", ("a", 1)),
        ([option("flag")], "flag", True),
        ([option("each", "a"), option("each", "b")], "each", ["a", "b"]),
        ([option("pairs", "a", 1), option("pairs", "b", 2)], "pairs", [("a", 1), ("b", 2)]),
        ([option("as", "avg")], "as_", "avg"),
        ([], "i", 0),
        ([], "flag", False),
        ([], "each", []),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_values_arrive_typed(options, attribute, value):
    """Conformance case 15: five types, several arguments, flags, repeated options."""
    found = getattr(received(*options), attribute)

    assert found == value
    assert type(found) is type(value)


#: What the TICKscript of each case gives to the UDF.
GIVEN = {
    "unknown_option": option("nope", "x"),
    "int_given_string": option("i", "3"),
    "int_given_double": option("i", 3.0),
    "string_given_int": option("s", 3),
    "duration_given_int": option("d", 10),
    "bool_given_string": option("b", "true"),
    "too_few": option("i"),
    "too_many": option("i", 1, 2),
    "two_too_few": option("two", "a"),
    "lambda_value": option("s", OptionValue(ValueType.BOOL, None)),
}


@pytest.mark.parametrize("case", [name for name in GIVEN if name != "unknown_option"])
def test_mistakes_are_told_in_kapacitors_words(case):
    """The text of `kapacitor define`, perhaps followed by a remedy."""
    entry = json.loads((DATA / "option_errors.json").read_text())[case]
    words = entry["define"][1].split("unexpected", 1)[1]

    with pytest.raises(OptionError) as raised:
        Captured().receive_options([GIVEN[case]])

    assert str(raised.value).startswith("unexpected" + words)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ([option("nope")], "unknown option 'nope' (options: as, b, d, each, f, flag"),
        ([option("f", 50)], "unexpected arg to f, got INT expected DOUBLE (write .f(50.0))"),
        ([option("flag", True)], "unexpected number of args to flag, got 1 expected 0"),
        ([option("i", 1), option("i", 2)], "option 'i' is given twice"),
        (
            [option("b", OptionValue(ValueType.BOOL, None))],
            "unexpected arg to b, got BOOL expected BOOL (.b(…) was given a reference or a lambda",
        ),
        ([option("as", 1)], "unexpected arg to as, got INT expected STRING"),
    ],
)
def test_other_mistakes_say_what_to_do(options, problem):
    """Where Kapacitor accepts what cannot be meant, or we know the remedy."""
    with pytest.raises(OptionError) as raised:
        received(*options)

    assert problem in str(raised.value)


def test_all_mistakes_are_told_at_once():
    """Missing, unknown and mistyped, in one text."""

    class Required(Handler):
        field = Option(str)
        size = Option(int)

    with pytest.raises(OptionError) as raised:
        Required().receive_options([option("size", 1.0), option("filed", "x")])

    assert str(raised.value) == (
        "unexpected arg to size, got DOUBLE expected INT; "
        "unknown option 'filed' (options: field, size); missing required option 'field'"
    )


def test_a_handler_without_options_takes_none():
    """And says so."""
    with pytest.raises(OptionError, match=r"unknown option 'x' \(options: none\)"):
        Handler().receive_options([option("x", 1)])


def test_nothing_is_set_when_anything_is_wrong():
    """Half-received options are none."""
    handler = Receiving()

    with pytest.raises(OptionError):
        handler.receive_options([option("i", 5), option("nope")])

    assert handler.i == 0


def test_defaults_are_set_with_what_was_received():
    """An attribute of the instance is read faster than one of the class."""
    handler = received(option("i", 5), option("as", "avg"))

    assert vars(handler) == {
        "group_states": {},
        "s": "",
        "i": 5,
        "f": 0.0,
        "b": False,
        "d": 0,
        "two": None,
        "flag": False,
        "each": [],
        "pairs": [],
        "as_": "avg",
    }


def test_the_list_of_a_repeated_option_is_each_handlers_own():
    """Received or by default."""
    first, second = received(), received()

    first.each.append("x")

    assert (second.each, received().each, Receiving().each) == ([], [], [])


def test_options_belong_to_one_handler():
    """The class keeps its defaults."""
    received(option("i", 5), option("each", "x"))

    assert (Receiving().i, Receiving().each) == (0, [])
