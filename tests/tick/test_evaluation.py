"""A script defines the task that Kapacitor would, or Kapacitor says why not."""

import pytest

from kapnb.errors import TickError
from kapnb.model import BATCH, STREAM, Duration, InfoResponse, ValueType
from kapnb.tick import TimeDimension, check_edges, evaluate
from kapnb.tick._ast import Binary, Float, LambdaExpression, Reference, Regex, Star
from kapnb.tick._catalogue import CATALOGUE

FROM = "stream|from()"
U = InfoResponse(
    STREAM,
    STREAM,
    {
        "s": (ValueType.STRING,),
        "i": (ValueType.INT,),
        "b": (ValueType.BOOL,),
        "two": (ValueType.STRING, ValueType.INT),
        "flag": (),
        "quiet": (ValueType.STRING,),
    },
)
UDFS = {"u": U, "bb": InfoResponse(BATCH, BATCH), "sb": InfoResponse(STREAM, BATCH)}


def ids(script, **more):
    return [node.id for node in evaluate(script, UDFS, **more).nodes]


def options(script, name, **more):
    """Return the arguments of each use of a property of the last node."""
    node = evaluate(script, UDFS, **more).nodes[-1]
    return [used.arguments for used in node.uses(name)]


def refusal(script, **more):
    with pytest.raises(TickError) as caught:
        evaluate(script, UDFS, **more)
    return str(caught.value)


# -------------------------------------------------------------------------------- ids


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (f"{FROM}@u()|httpOut('x')", ["stream0", "from1", "u2", "http_out3"]),
        (f"{FROM}|groupBy('a')|influxDBOut()", ["stream0", "from1", "groupby2", "influxdb_out3"]),
        ("batch|query('q')|mean('v')", ["batch0", "query1", "mean2"]),
        (
            f"var a = {FROM}\na|log()\na|alert()",
            ["stream0", "from1", "log2", "alert3"],
        ),
        # Each parent takes a number; the last one stays.
        (
            f"var a = {FROM}\nvar b = {FROM}\na|join(b).as('a', 'b')|log()",
            ["stream0", "from1", "from2", "join4", "log5"],
        ),
        # A watched node without children gets one.
        (f"{FROM}|stats(1m)|log()", ["stream0", "from1", "stats2", "noop3", "log4"]),
        (
            f"{FROM}|deadman(1.0, 10s)",
            ["stream0", "from1", "stats2", "noop3", "derivative4", "alert5"],
        ),
        # Arguments come before the call.
        (f"{FROM}|union({FROM})", ["stream0", "from1", "from2", "union4"]),
    ],
)
def test_ids_count_nodes_as_they_are_created(script, expected):
    """A stem and a number."""
    assert ids(script) == expected


def test_a_task_is_walked_parents_first_and_last_child_first():
    """The order in which Kapacitor starts nodes."""
    task = evaluate(f"var a = {FROM}\na|log()|shift(1s)\na|alert()")

    assert [node.id for node in task.walk()] == ["stream0", "from1", "alert4", "log2", "shift3"]


def test_the_source_decides_whether_a_task_is_stream_or_batch():
    """Unless it is told."""
    assert evaluate("batch|query('q')").edge is BATCH
    assert (
        refusal("batch|query('q')", edge=STREAM)
        == 'name "batch" is undefined. Names in scope: stream,time'
    )


# ----------------------------------------------------------------------------- values


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("-3", -3),
        ("2 * 5", 10),
        ("7 / 2", 3),
        ("-7 / 2", -3),
        ("-7 % 3", -1),
        ("1.0 / 4.0", 0.25),
        ("10s * 2", Duration(20 * 10**9)),
        ("2.5 * 10s", Duration(25 * 10**9)),
        ("1m / 7s", 8),
        ("'a' + 'b'", "ab"),
        ("1 < 2.5 AND !FALSE", True),
        ("'abc' =~ /b/", True),
        ("9223372036854775807 + 1", -(2**63)),
        ("'n' + string(10)", "n10"),
        ("n", 7),
        ("-n", -7),
        ("n * 2 + 1", 15),
    ],
)
def test_an_argument_is_computed_as_kapacitor_does(text, value):
    """Types are kept, ints wrap, a quotient of ints is cut off."""
    ((found,),) = options(f"var n = 7\nbatch|query('q').fill({text})", "fill")

    assert found == value
    assert type(found) is type(value)


def test_a_single_list_is_spread():
    """One list is the list of arguments; of several it is one of them."""
    assert options(f"var l = ['a', 'b']\n{FROM}|eval().as()@u().two('a', 1)", "two") == [("a", 1)]
    node = evaluate(f"var l = ['a', 'b']\n{FROM}|groupBy(l)").nodes[-1]
    assert node.arguments == ("a", "b")


def test_what_is_no_plain_value_stays_a_tree():
    """Star, regex, lambda; time() of a query."""
    query = evaluate("batch|query('q').groupBy(time(10s, -1s), 'a')").nodes[-1]
    star = evaluate(f"{FROM}|groupBy(*)").nodes[-1]
    where = evaluate(f'var limit = 1.5\n{FROM}|where(lambda: "a" > limit)').nodes[-1]

    assert query.uses("groupBy")[0].arguments == (
        TimeDimension(Duration(10**10), Duration(-(10**9))),
        "a",
    )
    assert star.arguments == (Star(),)
    assert where.arguments == (LambdaExpression(Binary(">", Reference("a"), Float(1.5))),)


def test_variables_come_from_outside_with_their_types():
    """A typed declaration needs a value, another takes one of the same type."""
    script = "var n int\nvar m = 'cpu'\nvar r regex\n" + FROM + ".measurement(m)@u().i(n)"
    given = {"n": 3, "m": "mem", "r": Regex("x")}
    task = evaluate(script, UDFS, variables=given)

    assert task.nodes[1].last("measurement") == "mem"
    assert task.nodes[2].last("i") == 3


@pytest.mark.parametrize(
    ("script", "given", "message"),
    [
        ("var n int\n", {}, 'missing value for var "n".'),
        ("var n int\n", {"n": 1.0}, "invalid type supplied for n, got float exp int"),
        ("var n = 1\n", {"n": True}, "invalid type supplied for n, got boolean exp int"),
        ("var n foo\n", {}, 'invalid var type "foo"'),
        ("var a = 1\nvar a = 2\n", {}, "attempted to redefine a, vars are immutable"),
        ("var stream = 2\n", {}, "attempted to redefine stream, vars are immutable"),
        ("var a = b\n", {}, 'name "b" is undefined. Names in scope: stream,time'),
        (
            "var a = 1 + 'x'\n",
            {},
            "mismatched type to binary operator. got int + string. "
            "see bool(), int(), float(), string(), duration()",
        ),
        (
            "var a = 2 * ('x' - 'y')\n",
            {},
            "Failed to handle right node: invalid math operator - for type string",
        ),
        ("var a = 1 / 0\n", {}, "runtime error: integer divide by zero"),
        ("var a = -'x'\n", {}, "line 1 char 9: invalid arugument to '-' x"),
        ("var a = f(1)\n", {}, 'line 1 char 9: no global function "f" defined'),
        ("var a = 1\na|log()\n", {}, "line 2 char 3: cannot get properties of non pointer value"),
    ],
)
def test_a_variable_is_refused_in_kapacitors_words(script, given, message):
    """Most of these name no line."""
    assert refusal(f"{script}{FROM}|log()", variables=given) == message


# --------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (f"{FROM}|nope()", 'no method or property "nope" on *pipeline.FromNode'),
        (f"{FROM}.nope()", 'no method or property "nope" on *pipeline.FromNode'),
        (f"{FROM}@nope()", 'no method or property "nope" on *pipeline.FromNode'),
        (
            f"{FROM}|u()",
            'no chaining method "u" on *pipeline.FromNode, but dynamic method does exist. '
            "Use '@' operator instead: 'node@u(..)'.",
        ),
        (
            f"{FROM}.u()",
            'no property method "u" on *pipeline.FromNode, but dynamic method does exist. '
            "Use '@' operator instead: 'node@u(..)'.",
        ),
        (
            f"{FROM}.window()",
            'no property method "window" on *pipeline.FromNode, but chaining method does exist. '
            "Use '|' operator instead: 'node|window(..)'.",
        ),
        (
            f"{FROM}|measurement('x')",
            'no chaining method "measurement" on *pipeline.FromNode, but property does exist. '
            "Use '.' operator instead: 'node.measurement(..)'.",
        ),
        (
            f"{FROM}@window()",
            'no dynamic method "window" on *pipeline.FromNode, but chaining method does exist. '
            "Use '|' operator instead: 'node|window(..)'.",
        ),
        (
            f"{FROM}@u()|i(3)",
            'no chaining method "i" on *pipeline.UDFNode, but property does exist. '
            "Use '.' operator instead: 'node.i(..)'.",
        ),
        ("stream|log()", 'no method or property "log" on *pipeline.StreamNode'),
        (f"{FROM}|influxDBOut()|log()", 'no method or property "log" on *pipeline.InfluxDBOutNode'),
        (
            f"{FROM}|alert().noRecoveries().nope()",
            'no method or property "nope" on *pipeline.AlertNodeData',
        ),
        (
            f"{FROM}|alert().mqtt('t').nope()",
            'no method or property "nope" on *pipeline.MQTTHandler',
        ),
        (
            f"{FROM}.measurement(3)",
            'error calling func "measurement" on obj *pipeline.FromNode: '
            "reflect.Set: value of type int64 is not assignable to type string",
        ),
        (
            f'{FROM}.measurement("cpu")',
            "cannot assign *ast.ReferenceNode to type string, "
            "did you use double quotes instead of single quotes?",
        ),
        (
            f"{FROM}.database('a', 'b')",
            "too many arguments to set property Database on *pipeline.FromNode",
        ),
        (
            f"{FROM}|httpOut()",
            'error calling func "httpOut" on obj *pipeline.FromNode: '
            "reflect: Call with too few input arguments",
        ),
        (
            f"{FROM}|log(1)",
            'error calling func "log" on obj *pipeline.FromNode: '
            "reflect: Call with too many input arguments",
        ),
        (
            f"{FROM}|shift('1s')",
            'error calling func "shift" on obj *pipeline.FromNode: '
            "reflect: Call using string as type time.Duration",
        ),
        (
            f"{FROM}|eval(1).as('x')",
            'error calling func "eval" on obj *pipeline.FromNode: '
            "reflect: cannot use int64 as type *ast.LambdaNode in Call",
        ),
        (
            f"{FROM}|window()|window()",
            'error calling func "window" on obj *pipeline.WindowNode: cannot Window batch edge',
        ),
        (
            f"{FROM}|sample('x')",
            'error calling func "sample" on obj *pipeline.FromNode: '
            "must pass int64 or duration to new sample node",
        ),
        (f"{FROM}@u().flag(1)", "unexpected number of args to flag, got 1 expected 0"),
        (f"{FROM}@u().i('3')", "unexpected arg to i, got STRING expected INT"),
        (f"{FROM}@u().i(/x/)", "unexpected arg to i, got BOOL expected INT"),
    ],
)
def test_a_call_is_refused_in_kapacitors_words_with_its_place(script, message):
    """The place is that of the name."""
    text = refusal(script)

    assert text.partition(": ")[2] == message
    assert text.startswith("line 1 char ")


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("stream", "task does nothing"),
        (f"{FROM}.groupBy('')", "dimensions cannot not be the empty string"),
        (f"{FROM}|groupBy(*, 'a')", "cannot group by both '*' and named dimensions."),
        (f"{FROM}|groupBy(1)", "invalid dimension object of type int64"),
        (
            f"{FROM}|window().period(1s).periodCount(2)",
            "cannot specify both period and periodCount",
        ),
        (f"{FROM}|window().periodCount(2)", "everyCount must be greater than zero"),
        (
            f"{FROM}|eval(lambda: 1)",
            "must specify same number of expressions and .as() names: "
            "got 0 as names, and 1 expressions.",
        ),
        (
            f"{FROM}|join({FROM})",
            "a call to join.as() is required to specify the output stream prefixes.",
        ),
        (f"{FROM}|kapacitorLoopback()", "must specify a database"),
        (f"{FROM}|barrier()", "idle must be greater than zero"),
        (f"{FROM}|httpPost()", "must provide url or endpoint"),
        (f"{FROM}|k8sAutoscale().resourceName('x')", "must provide a replicas lambda expression"),
        (
            f"{FROM}|default().field('x', 1s)",
            'unsupported type time.Duration for field "x", '
            "field default values must be float,int,string or bool",
        ),
    ],
)
def test_a_node_refuses_its_own_definition(script, message):
    """Kapacitor names no line here."""
    assert refusal(script) == message


def test_a_bool_option_takes_what_is_no_literal():
    """Kapacitor accepts it and sends no value."""
    assert options(f"{FROM}@u().b(/x/)", "b") == [(Regex("x"),)]


def test_an_option_hides_a_property_of_the_same_name():
    """`quiet` takes what the UDF declares."""
    assert options(f"{FROM}@u().quiet('x').quiet('y')", "quiet") == [("x",), ("y",)]


def test_properties_after_a_handler_belong_to_it_as_far_as_they_are_its_own():
    """Of an alert: topic is mqtt's after .mqtt, crit is the alert's anywhere."""
    alert = evaluate(
        f"{FROM}|alert().topic('a').mqtt('b').topic('c').crit(lambda: TRUE).noRecoveries().topic('d')"
    ).nodes[-1]

    assert [(used.name, used.handler) for used in alert.properties] == [
        ("topic", ""),
        ("mqtt", ""),
        ("topic", "mqtt"),
        ("crit", ""),
        ("noRecoveries", ""),
        ("topic", ""),
    ]


def test_the_case_of_a_first_letter_does_not_matter():
    """As in Go, where methods begin with a capital."""
    assert ids("stream|From().Measurement('x')") == ["stream0", "from1"]


def test_what_other_releases_may_know_is_taken_and_noted():
    """Never refuse what Kapacitor accepts."""
    task = evaluate(
        f"{FROM}|alert().slack().blocks('x')\n{FROM}|log().level(string(j0(1.0)) + 'x')"
    )

    assert [remark.text for remark in task.unchecked] == [
        ".blocks of SlackHandler is not known to kapnb",
        "the value of this expression is not computed",
    ]


# ------------------------------------------------------------------------------ edges


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (f"{FROM}@bb()", "from1:stream -> bb2:batch"),
        (f"{FROM}|window()@u()", "window2:batch -> u3:stream"),
        (f"{FROM}|trickle()", "from1:stream -> trickle2:batch"),
        (f"{FROM}|influxDBOut()@u()", "influxdb_out2:noedge -> u3:stream"),
        ("batch|query('q')|mean('x')@bb()", "mean2:stream -> bb3:batch"),
    ],
)
def test_edges_that_do_not_fit_are_refused_when_a_task_starts(script, message):
    """Not when it is defined."""
    with pytest.raises(TickError, match="mismatched edges") as caught:
        check_edges(evaluate(script, UDFS))

    assert str(caught.value) == f"cannot add child mismatched edges: {message}"


@pytest.mark.parametrize(
    "script",
    [
        f"{FROM}|window()@bb()|count('x')@u()",
        f"{FROM}@sb()|distinct('x')|trickle()@u()",
        "batch|query('q')|top(3, 'x')@bb()",
        f"{FROM}|difference('x')@u()",
    ],
)
def test_edges_that_fit_pass(script):
    """Aggregates give a stream; some selectors a batch; transformations what they got."""
    check_edges(evaluate(script, UDFS))


def test_every_row_of_the_table_can_be_used():
    """With arguments of the types that it names, each chaining method makes its node."""
    examples = {
        "string": "'x'",
        "int64": "1",
        "float64": "1.0",
        "time.Duration": "1s",
        "*ast.LambdaNode": "lambda: TRUE",
        "interface {}": "1",
        "pipeline.Node": "other",
    }
    for row in CATALOGUE.values():
        if row.name == "noOp":
            continue
        arguments = [examples[kind] for kind in row.takes.parameters if not kind.startswith("...")]
        source = {"batch": "batch", "stream": "stream"}.get(row.parent, "stream|from()")
        script = f"{source}|{row.name}({', '.join(arguments)})"
        try:
            assert evaluate(script).nodes[-1].id.startswith((row.stem, "noop"))
        except TickError as error:
            assert not str(error).startswith("line"), (script, str(error))
