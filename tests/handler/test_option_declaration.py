"""Option: what can be declared, what is refused, what the info answer says."""

import pytest

from kapnb.errors import OptionError
from kapnb.handler import Handler, Option
from kapnb.model import BATCH, Duration, InfoResponse, ValueType


class Everything(Handler):
    wants, provides = BATCH, BATCH
    text = Option(str, doc="required")
    count = Option(int, default=3)
    limit = Option(float, default=80)
    loud = Option(bool, default=True)
    span = Option(Duration, default=10**9)
    flag = Option()
    pair = Option(str, int, default=None)
    each = Option(str, many=True)
    pairs = Option(str, float, many=True)
    as_ = Option(str, default="mean", name="as")


def declare(**body):
    return type("Declared", (Handler,), body)


def test_the_declarations_are_the_info_answer():
    """Names as in the TICKscript, types in order, a flag without any."""
    assert Everything().info() == InfoResponse(
        BATCH,
        BATCH,
        {
            "text": (ValueType.STRING,),
            "count": (ValueType.INT,),
            "limit": (ValueType.DOUBLE,),
            "loud": (ValueType.BOOL,),
            "span": (ValueType.DURATION,),
            "flag": (),
            "pair": (ValueType.STRING, ValueType.INT),
            "each": (ValueType.STRING,),
            "pairs": (ValueType.STRING, ValueType.DOUBLE),
            "as": (ValueType.STRING,),
        },
    )


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("count", 3),
        ("limit", 80.0),
        ("loud", True),
        ("span", Duration.parse("1s")),
        ("flag", False),
        ("pair", None),
        ("each", []),
        ("pairs", []),
        ("as_", "mean"),
    ],
)
def test_defaults_are_read_without_init(attribute, value):
    """A Handler can be tested without anything around it; an int stands for its float."""
    found = getattr(Everything(), attribute)

    assert found == value
    assert type(found) is type(value)


def test_an_option_without_default_cannot_be_read_before_init():
    """It is never None by accident."""
    with pytest.raises(OptionError, match="option 'text' has no default and was not given"):
        Everything().text


def test_the_list_of_a_repeated_option_is_not_shared():
    """Two Handlers do not append to one list."""
    first, second = Everything(), Everything()

    first.each.append("x")

    assert second.each == []


@pytest.mark.parametrize("more", [{}, {"default": None}, {"default": []}], ids=repr)
def test_a_repeated_option_is_an_empty_list_by_default(more):
    """None says the same: nothing was given."""
    found = declare(each=Option(str, many=True, **more))().each

    assert found == []
    assert type(found) is list


def test_a_repeated_option_may_have_another_default():
    """A list like the one that is received."""
    found = declare(each=Option(str, many=True, default=("a", "b")))().each

    assert found == ["a", "b"]


def test_an_option_on_the_class_is_its_declaration():
    """Where help and TICKscript snippets are made from."""
    assert Everything.count is Everything.handler_shape.options["count"]
    assert repr(Everything.count) == "Option(count: INT, default 3)"
    assert repr(Everything.flag) == "Option(flag: flag, default False)"
    assert repr(Everything.text) == "Option(text: STRING, default REQUIRED)"
    assert Everything.text.required
    assert not Everything.flag.required
    assert (Everything.as_.name, Everything.as_.attribute) == ("as", "as_")


def test_an_option_can_be_set_in_a_test():
    """An attribute like any other."""
    handler = Everything()

    handler.text = "x"

    assert handler.text == "x"


@pytest.mark.parametrize("kind", [list, None, "str", [str], complex], ids=repr)
def test_other_types_are_refused(kind):
    """Kapacitor has five."""
    with pytest.raises(OptionError, match="type is one of str, int, float, bool, Duration"):
        Option(kind)


@pytest.mark.parametrize(
    ("kind", "default"),
    [(int, 1.0), (int, True), (str, 1), (float, "1"), (bool, 1), (Duration, "1s"), (float, True)],
)
def test_a_default_of_another_type_is_refused(kind, default):
    """It would only show when the TICKscript leaves the option out."""
    with pytest.raises(OptionError, match="is not of the option's type"):
        Option(kind, default=default)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"point": Option(str)}, "Declared.point is a method of Handler and cannot be an option"),
        ({"stop": Option(str)}, "stop_ = Option"),
        ({"batch": Option(str)}, "Declared.batch is a method"),
        ({"wants": Option(str)}, "Declared.wants is a method"),
        ({"group_states": Option(str)}, "Declared.group_states is a method"),
        ({"_x": Option(str)}, "'_x' is no TICKscript name"),
        ({"x": Option(str, name="a-b")}, "'a-b' is no TICKscript name"),
        ({"x": Option(str, name="1a")}, "'1a' is no TICKscript name"),
        ({"x": Option(str, name="a b")}, "'a b' is no TICKscript name"),
        ({"var": Option(str)}, "'var' is a keyword of TICKscript"),
        ({"x": Option(str, name="lambda")}, "'lambda' is a keyword"),
        ({"TRUE": Option(str)}, "'TRUE' is a keyword"),
        ({"quiet": Option(str)}, "'quiet' is a property of every Kapacitor node"),
        ({"options": Option(str)}, "'options' is a property of the UDF node"),
        ({"uDFName": Option(str)}, "'uDFName' is a property of the UDF node"),
        ({"a": Option(str), "b": Option(str, name="a")}, "option 'a' is both a and b"),
    ],
)
def test_an_option_that_could_not_be_used_is_refused(body, problem):
    """When the class is made, with what to do."""
    with pytest.raises(OptionError) as raised:
        declare(**body)

    assert problem in str(raised.value)


@pytest.mark.parametrize("name", ["größe", "a_b", "aB1", "AND_", "Var"])
def test_any_tickscript_identifier_is_a_name(name):
    """A letter, Unicode ones too, then letters, digits, underscores."""
    assert name in declare(x=Option(str, name=name))().info().options


def test_options_are_inherited():
    """A base class may declare what its family shares; order is from base to derived."""

    class Base(Handler):
        field = Option(str)
        size = Option(int, default=1)

    class Derived(Base):
        extra = Option(bool, default=False)

    assert list(Derived.handler_shape.options) == ["field", "size", "extra"]
    assert list(Base.handler_shape.options) == ["field", "size"]


def test_a_derived_class_may_change_an_option():
    """Another default, another type."""

    class Base(Handler):
        size = Option(int)

    class Derived(Base):
        size = Option(float, default=2.0)

    assert Derived().size == 2.0
    assert Derived().info().options == {"size": (ValueType.DOUBLE,)}


def test_a_derived_class_may_fix_an_option():
    """What is a plain attribute is no option any more."""

    class Base(Handler):
        size = Option(int)
        name_ = Option(str, name="name")

    class Derived(Base):
        size = 5

    assert Derived().size == 5
    assert list(Derived.handler_shape.options) == ["name_"]


def test_a_mixin_may_declare_options():
    """It need not be a Handler."""

    class Sized:
        size = Option(int, default=4)

    class Handled(Sized, Handler):
        pass

    assert Handled().info().options == {"size": (ValueType.INT,)}
