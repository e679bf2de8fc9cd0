"""How a Handler is used in a TICKscript, to paste."""

from kapnb import Duration, Handler, Option
from kapnb.simulation import check_tick
from kapnb.tick import parse, udf_name, udf_snippet


class Everything(Handler):
    field = Option(str, doc="field to\n  watch")
    limit = Option(float, default=-1.5, doc="above is high")
    count = Option(int, default=3)
    window = Option(Duration, default=Duration(90 * 10**9))
    quick = Option(doc="skip checks")
    pair = Option(str, int, default=("a'b", 2))
    extra = Option(str, many=True, doc="more fields")
    nothing = Option(str, default=None)
    as_ = Option(str, default="high", name="as")


def test_every_option_is_there_with_its_default():
    """What must be replaced has an example, what cannot be written is a comment."""
    assert udf_snippet(Everything).splitlines() == [
        "@everything()",
        "    // field to watch (required)",
        "    .field('…')",
        "    // above is high",
        "    .limit(-1.5)",
        "    .count(3)",
        "    .window(90s)",
        "    // skip checks",
        "    // .quick()",
        "    .pair('a\\'b', 2)",
        "    // more fields (may be repeated)",
        "    // .extra('…')",
        "    // .nothing('…')",
        "    .as('high')",
    ]


def test_it_can_be_pasted():
    """Kapacitor would take it, and the UDF its options."""
    script = (
        f"stream\n    |from()\n        .measurement('m')\n    {udf_snippet(Everything)}\n    |log()"
    )
    check = check_tick(script, {"everything": Everything})
    assert not check.refused
    parse(script)


def test_the_name_follows_the_class():
    """As people write names of UDFs; or is given."""

    class HTTPRateOfX2(Handler):
        pass

    assert udf_name(HTTPRateOfX2) == "http_rate_of_x2"
    assert udf_snippet(HTTPRateOfX2, "rate") == "@rate()"
