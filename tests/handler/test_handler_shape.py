"""What a Handler class may look like, found out when it is made."""

import functools

import pytest

from harness import cpu
from kapnb.errors import HandlerError
from kapnb.handler import Handler, udf
from kapnb.model import BATCH, STREAM, BeginBatch, EndBatch


def declare(**body):
    return type("Declared", (Handler,), body)


@pytest.mark.parametrize(
    ("method", "takes"),
    [
        (lambda self, point: None, False),
        (lambda self, point, state: None, True),
        (lambda self, point, state=None: None, True),
        (lambda self, point, /, state: None, True),
        (lambda self, point, state, extra=1: None, True),
        (lambda self, *arguments: None, True),
        (lambda self, point, **named: None, False),
        (lambda self, point, *, option=1: None, False),
    ],
)
def test_a_data_method_may_take_the_state(method, takes):
    """Two arguments or one; what has a default is not needed."""
    assert declare(point=method).handler_shape.takes_state["point"] is takes


@pytest.mark.parametrize("name", ["point", "begin_batch", "end_batch", "batch", "frame"])
@pytest.mark.parametrize(
    "method",
    [lambda: None, lambda self: None, lambda self, a, b, c: None],
    ids=["none", "no argument", "three arguments"],
)
def test_a_method_that_cannot_be_called_is_refused(name, method):
    """With the signature it should have."""
    with pytest.raises(HandlerError, match=rf"Declared\.{name} must take \(self, \w+\) or"):
        declare(**{name: method})


def test_a_callable_without_a_signature_takes_no_state():
    """Some builtins have none; one argument is what they are called with."""
    assert not declare(point=staticmethod(min)).handler_shape.takes_state["point"]


async def coroutine(self, point):
    pass


async def generator(self, point):
    yield point


@pytest.mark.parametrize("method", [coroutine, generator])
@pytest.mark.parametrize("name", ["point", "batch"])
def test_async_methods_are_known_as_such(name, method):
    """The runtime must not call them as if they returned at once."""
    assert declare(**{name: method, "wants": BATCH}).handler_shape.asynchronous == {name}


def test_batch_and_frame_exclude_each_other():
    """Nobody could say which is meant."""
    with pytest.raises(HandlerError, match="defines both batch and frame; keep one"):
        declare(batch=lambda self, batch: None, frame=lambda self, frame: None)


@pytest.mark.parametrize("whole", ["batch", "frame"])
def test_a_whole_batch_needs_an_edge_of_batches(whole):
    """On a stream the method would never be called; the default is STREAM."""
    for more in ({}, {"wants": STREAM}, {"provides": BATCH}):
        with pytest.raises(HandlerError, match=f"Declared defines {whole}, which needs wants = B"):
            declare(**{whole: lambda self, argument: None}, **more)


@pytest.mark.parametrize("part", ["begin_batch", "point", "end_batch"])
@pytest.mark.parametrize("whole", ["batch", "frame"])
def test_a_whole_batch_and_its_parts_exclude_each_other(whole, part):
    """In one class body; the part would never be called."""
    methods = {name: lambda self, argument: None for name in (whole, part)}

    with pytest.raises(HandlerError, match=f"Declared defines {whole} and {part}; .*keep one way"):
        declare(wants=BATCH, **methods)


@pytest.mark.parametrize("part", ["begin_batch", "point", "end_batch"])
def test_a_derived_class_may_go_from_parts_to_a_whole_batch_and_back(part):
    """The parts of the base are no mistake of its own."""

    def method(self, argument):
        return None

    base = declare(wants=BATCH, **{part: method})
    whole = type("Whole", (base,), {"batch": method})
    parts = type("Parts", (whole,), {"batch": None, part: method})

    assert (whole.handler_shape.whole, parts.handler_shape.whole) == ("batch", None)


def test_a_derived_class_may_not_go_back_to_a_stream_with_its_whole_batch():
    """What it inherits is looked at as well."""
    base = declare(wants=BATCH, batch=lambda self, batch: None)

    with pytest.raises(HandlerError, match="Derived defines batch, which needs wants = BATCH"):
        type("Derived", (base,), {"wants": STREAM})
    assert type("Derived", (base,), {"wants": STREAM, "batch": None}).handler_shape.whole is None


def test_a_derived_class_may_go_from_batch_to_frame():
    """None takes a method away."""
    base = declare(wants=BATCH, batch=lambda self, batch: None)

    derived = type("Derived", (base,), {"batch": None, "frame": lambda self, frame: None})

    assert derived.handler_shape.whole == "frame"


@pytest.mark.parametrize("name", ["batch", "frame", None])
def test_the_method_for_whole_batches_is_known(name):
    """None stands for begin, point, end."""
    body = {name: lambda self, argument: None} if name else {}

    assert declare(wants=BATCH, **body).handler_shape.whole == name


@pytest.mark.parametrize("edge", ["wants", "provides"])
def test_an_edge_is_stream_or_batch(edge):
    """The constants, not their names."""
    with pytest.raises(HandlerError, match=f"{edge} must be STREAM or BATCH"):
        declare(**{edge: "STREAM"})


def test_the_restore_policy_is_one_of_three():
    """Anything else would be found out after a crash."""
    with pytest.raises(HandlerError, match='must be "fresh" or "tolerant" or "strict"'):
        declare(restore_policy="lenient")


def test_a_wrapped_method_is_read_through_its_wrapper():
    """A decorator made with functools.wraps keeps the signature."""

    def traced(method):
        @functools.wraps(method)
        def wrapper(*arguments):
            return method(*arguments)

        return wrapper

    @traced
    def point(self, point, state):
        return None

    assert declare(point=point).handler_shape.takes_state["point"]


def test_a_handler_works_without_anything():
    """Every method has a default; a point goes out as it came."""
    handler = Handler()
    point = cpu()

    assert handler.point(point) is point
    assert handler.begin_batch(BeginBatch()) is None
    assert handler.end_batch(EndBatch()) is None
    assert handler.group_state() == {}
    assert handler.init(None) is None
    assert handler.stop() is None
    assert (handler.wants, handler.provides) == (STREAM, STREAM)


def test_a_users_init_need_not_call_ours():
    """Forgetting super() breaks nothing."""

    class Careless(Handler):
        wants = BATCH

        def __init__(self):
            self.mine = 1

    assert Careless().group_states == {}


def test_emit_needs_a_session():
    """In a test the data methods are called and nobody takes what is emitted."""
    with pytest.raises(HandlerError, match="emit needs a running session"):
        Handler().emit(cpu())


def test_udf_marks_a_handler():
    """And returns it."""
    marked = declare()

    assert udf(marked) is marked
    assert marked.is_udf


@pytest.mark.parametrize(
    "target", [lambda: None, int, Handler()], ids=["function", "class", "object"]
)
def test_udf_refuses_what_is_no_handler(target):
    """The mark goes on the class."""
    with pytest.raises(HandlerError, match="@udf goes on a class"):
        udf(target)


def test_a_derived_class_may_not_put_a_part_over_a_whole():
    """The inherited batch would take everything, and point nothing."""
    base = declare(wants=BATCH, batch=lambda self, batch: None)

    with pytest.raises(HandlerError, match="so point would never be called"):
        type("Derived", (base,), {"point": lambda self, point: None})


@pytest.mark.parametrize("name", ["busy_limit", "concurrency"])
@pytest.mark.parametrize("value", [0, -1, "60", None, True, float("nan")])
def test_limits_are_numbers_above_0(name, value):
    """Found when the class is made, not when the limit should work."""
    with pytest.raises(HandlerError, match=rf"Declared\.{name} must be a number above 0"):
        declare(**{name: value})
