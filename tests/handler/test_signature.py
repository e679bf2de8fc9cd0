"""What a method can be called with, read off its code."""

import functools
import inspect
import subprocess
import sys

import pytest

from kapnb.handler._signature import Arguments, arguments, is_async


def plain(self, point): ...
def with_state(self, point, state): ...
def optional_state(self, point, state=None): ...
def all_optional(self=1, point=2): ...
def variable(self, *points): ...
def variable_and_more(self, point, *more, **named): ...
def named_only(self, point, *, factor=2): ...
def named_needed(self, point, *, factor): ...
def positional_only(self, point, /, state): ...
def keywords(self, point, **named): ...
def nothing(): ...
def annotated(self, point: "int" = 3, *more: "str") -> "None": ...
def generator(self, point):
    yield point


FUNCTIONS = [
    plain,
    with_state,
    optional_state,
    all_optional,
    variable,
    variable_and_more,
    named_only,
    named_needed,
    positional_only,
    keywords,
    nothing,
    annotated,
    generator,
    lambda self, point: None,
]


def by_inspect(method):
    """Return the same by the standard library."""
    kinds = inspect.Parameter
    parameters = inspect.signature(method).parameters.values()
    positional = [
        p for p in parameters if p.kind in (kinds.POSITIONAL_ONLY, kinds.POSITIONAL_OR_KEYWORD)
    ]
    needed = [p for p in positional if p.default is kinds.empty]
    variable = any(p.kind is kinds.VAR_POSITIONAL for p in parameters)
    return Arguments(len(positional), len(needed), variable)


def wrapped(function):
    """Return `function` as a decorator leaves it."""

    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    return wrapper


def signed(function):
    """Return `function` with a signature set by hand."""
    wrapper = wrapped(function)
    wrapper.__signature__ = inspect.signature(function)
    return wrapper


def with_default(function):
    """Return `function` with one argument given."""
    return functools.partial(function, None)


DECORATIONS = [
    lambda f: f,
    wrapped,
    signed,
    lambda f: wrapped(wrapped(f)),
    lambda f: wrapped(signed(f)),
]


@pytest.mark.parametrize("decorate", DECORATIONS)
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_a_function_is_read_as_inspect_reads_it(function, decorate):
    """Decorated or not."""
    assert arguments(decorate(function)) == by_inspect(decorate(function))


@pytest.mark.parametrize("decorate", DECORATIONS)
@pytest.mark.parametrize("function", [plain, with_state, optional_state, positional_only])
def test_a_bound_method_has_its_self_already(function, decorate):
    """As a Handler's has, when it is asked of an instance."""
    cls = type("UDF", (), {"point": decorate(function)})

    assert arguments(cls().point) == by_inspect(cls().point)
    assert arguments(cls.point) == by_inspect(cls.point)


def test_class_and_static_methods_are_read_as_inspect_reads_them():
    """They are no plain functions of the class."""

    class UDF:
        @classmethod
        def of_class(cls, point, state=None): ...

        @staticmethod
        def static(point): ...

    for method in (UDF.of_class, UDF().of_class, UDF.static, UDF().static):
        assert arguments(method) == by_inspect(method)


class Callable:
    def __call__(self, point, state): ...


@pytest.mark.parametrize(
    "method",
    [Callable(), functools.partial(with_state, None), with_default(plain), divmod, Callable],
)
def test_what_is_no_function_is_asked_of_inspect(method):
    """Objects, partials, functions in C."""
    assert arguments(method) == by_inspect(method)


class Unknown:
    """A callable that does not say what it takes."""

    __signature__ = "none"

    def __call__(self, *_): ...


def test_what_cannot_be_known_is_none():
    """Then it is called in the plain way."""
    assert arguments(Unknown()) is None


def test_a_plain_function_costs_no_import_of_inspect():
    """A sixth of an agent's start."""
    code = (
        "import sys; from kapnb.handler._signature import arguments\n"
        "assert arguments(lambda self, point: None) == (2, 2, False)\n"
        "assert 'inspect' not in sys.modules\n"
        "arguments(divmod)\n"
        "assert 'inspect' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


async def coroutine(self, point): ...
async def async_generator(self, point):
    yield point


@pytest.mark.parametrize("function", [coroutine, async_generator])
def test_async_methods_are_known(function):
    """With or without yield, bound or not."""
    cls = type("UDF", (), {"point": function, "of_class": classmethod(function)})

    assert is_async(function)
    assert is_async(cls.point)
    assert is_async(cls().point)
    assert is_async(cls.of_class)


@pytest.mark.parametrize("method", [plain, generator, divmod, Callable(), Callable().__call__])
def test_others_are_not_async(method):
    """Functions in C have no code to look at."""
    assert not is_async(method)
