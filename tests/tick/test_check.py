"""The check of a script: refusals, what is not checked, and lints that find and that keep still."""

import json
from pathlib import Path

import pytest

from captures import DATA
from kapnb import Handler, InitResponse, Option
from kapnb.compat import adapt
from kapnb.model import BATCH, STREAM, Batch, InfoResponse, Point, ValueType
from kapnb.simulation import check_tick
from kapnb.tick import Measurement, check_script, schema_of
from kapnb.tick._lints import RULES

CASES = json.loads((DATA / "option_errors.json").read_text())
SCHEMA = {
    "cpu": Measurement(frozenset({"usage", "idle"}), frozenset({"host", "cpu"})),
    "mem": Measurement(frozenset({"used"}), frozenset({"host"})),
}


class U(Handler):
    """The UDF of option_errors.json."""

    wants = provides = STREAM
    s = Option(str, default="")
    i = Option(int, default=0)
    f = Option(float, default=0.0)
    b = Option(bool, default=False)
    d = Option(float, default=0.0)
    two = Option(str, int, default=None)

    def info(self):
        options = {**super().info().options, "d": (ValueType.DURATION,)}
        return InfoResponse(self.wants, self.provides, options)

    def receive_options(self, received):
        """Take all."""


class BB(U):
    """The same between batches."""

    wants = provides = BATCH


class MovingAverage(Handler):
    """Refuses as the moving average of Kapacitor's examples does."""

    wants = provides = STREAM
    field = Option(str, default="")
    size = Option(int, default=0)
    as_ = Option(str, default="", name="as")

    def init(self):
        return InitResponse(bool(self.field), "" if self.field else "must supply field name")


HANDLERS = {"u": U, "bb": BB, "mavg": MovingAverage}


@pytest.mark.parametrize("name", CASES)
def test_define_and_enable_say_what_they_said(name):
    """Every text that a real kapacitord printed, and silence where it kept silent."""
    case = CASES[name]
    check = check_tick(case["tick"], HANDLERS)

    define = f"invalid TICKscript: {check.define}" if check.define else ""
    assert define == case["define"][1]
    if case["enable"] is None:
        assert check.enable is None
        return
    error, executing = case["enable"][2]
    assert f"Error: {check.enable or ''}" == error
    assert executing == f"Executing: {str(not check.refused).lower()}"
    if check.enable and case["enable"][1]:
        assert case["enable"][1] == f"enabling task t_{name}: {check.enable}"


def test_a_script_of_the_official_api_is_tried_as_well():
    """Its own words at init, without a process."""
    import importlib.util

    path = Path(__file__).parents[1] / "compat" / "scripts" / "moving_average.py"
    spec = importlib.util.spec_from_file_location("official_moving_average", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (handler,) = (
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and value.__module__ == module.__name__
        and hasattr(value, "init")
    )
    check = check_tick("stream|from()@mavg().size(3)", {"mavg": adapt(handler)})

    assert str(check.enable).startswith("mavg2: failed to initialize processes must supply field")


# -------------------------------------------------------------------------------- lints


class Limited(Handler):
    """A Handler with a required option, and one that may be repeated."""

    wants = provides = STREAM
    field = Option(str)
    limit = Option(float, default=1.0)
    tag = Option(str, many=True)


SHADOW = InfoResponse(STREAM, STREAM, {"quiet": (ValueType.STRING,)})
FROM = 'dbrp "d"."r"\nstream|from()'


def found(script, udfs=None, schema=None):
    """Return code, line, column and remedy of each lint."""
    if schema or any(isinstance(udf, InfoResponse) for udf in (udfs or {}).values()):
        check = check_script(script, udfs or {}, schema=schema)
    else:
        check = check_tick(script, udfs or {})
    return [(lint.code, *lint.position, lint.remedy) for lint in check.lints]


FINDS = {
    "KT101": (f"{FROM}@x()", {}, (2, 15), "give one: --udf x=TARGET, or udfs={'x': …}"),
    "KT102": (f"{FROM}@a().field('f').limit(-3)", {"a": Limited}, (2, 30), "write .limit(-3.0)"),
    "KT103": (f'{FROM}.measurement("cpu")', {}, (2, 27), "write 'cpu'"),
    "KT104": (
        f"{FROM}@a('f').field('f')",
        {"a": Limited},
        (2, 15),
        "give them as options: @a().option(…)",
    ),
    "KT105": (
        f"{FROM}@a().field('f').field('g').tag('x').tag('y')",
        {"a": Limited},
        (2, 30),
        "give it once, or declare it with many=True",
    ),
    "KT106": (f"{FROM}@a().quiet('x')", {"a": SHADOW}, (2, 19), "give the option another name"),
    "KT107": (f"{FROM}@a().limit(1.0)", {"a": Limited}, (2, 15), "add .field(…)"),
    "KT108": (
        "stream|from()|log()",
        {},
        (1, 1),
        'begin with dbrp "DATABASE"."RETENTION POLICY", or define it with -dbrp',
    ),
    "KT109": (
        f"{FROM}|window()@a().quiet('x')",
        {"a": SHADOW},
        (2, 24),
        "put an aggregate or |trickle() before it",
    ),
    "KT110": (
        f"{FROM}|alert().mqtt('t')",
        {},
        (2, 15),
        "give it .crit(lambda: …), .warn(lambda: …) or .info(lambda: …)",
    ),
    "KT111": (
        f"{FROM}|alert().crit(lambda: TRUE).mqtt('b').topic('t')",
        {},
        (2, 52),
        "write .mqtt('t'), with .brokerName('b') if that is a broker's name",
    ),
    "KT112": (
        f"{FROM}|where(lambda: 1 + 'a' == 'b')",
        {},
        (2, 31),
        "Kapacitor refuses it when the task starts; convert with int(), float() or string()",
    ),
    "KT113": (
        f"{FROM}|log()",
        {"a": Limited},
        (1, 1),
        "the script's name of the UDF must be that of the configuration: @a()",
    ),
    "KT114": (
        f"{FROM}|alert().crit(lambda: TRUE).message('{{{{ .Nope }}}}')",
        {},
        (2, 42),
        "Kapacitor ends the task at the first event",
    ),
    "KT201": (f"{FROM}.measurement('disk')", {}, (2, 15), "one of: cpu, mem"),
    "KT202": (
        f"{FROM}.measurement('cpu')|eval(lambda: \"usage\" * 2.0).as('d')|mean('usage')",
        {},
        (2, 70),
        "one of: d",
    ),
    "KT203": (
        f"{FROM}.measurement('cpu').groupBy('idle')",
        {},
        (2, 34),
        "group by one of: cpu, host",
    ),
    "KT204": (
        f"{FROM}.measurement('cpu')@a().field('usag')",
        {"a": Limited},
        (2, 38),
        "one of: idle, usage",
    ),
}


@pytest.mark.parametrize("code", [rule.code for rule in RULES])
def test_a_lint_finds_what_it_is_for(code):
    """Its code, its place and what to write instead; of all the script nothing else is wrong."""
    script, udfs, place, remedy = FINDS[code]

    schema = SCHEMA if code.startswith("KT2") else None

    assert (code, *place, remedy) in found(script, udfs, schema)


GOOD = """\
dbrp "telegraf"."autogen"
var limit = 2.5
stream
    |from()
        .measurement('cpu')
        .groupBy('host')
        .where(lambda: "cpu" == 'cpu-total' AND "time" > 0)
    |eval(lambda: "usage" * 2.0, lambda: "double" + "idle")
        .as('double', 'more')
        .keep()
    |default()
        .field('extra', 1.0)
    @a()
        .field('extra')
        .limit(limit)
        .tag('x')
        .tag('y')
    |alert()
        .crit(lambda: "anything" > 1)
        .mqtt('topic')
        .brokerName('broker')
"""


def test_a_good_script_has_no_lint():
    """Also where a UDF hides what comes out."""
    check = check_script(GOOD, {"a": Limited}, schema=SCHEMA)

    assert not check.refused
    assert check.lints == []
    assert check.unchecked == []


@pytest.mark.parametrize(
    "chain",
    [
        "|window().period(1m).every(1m)|mean('usage').as('m')|alert().crit(lambda: \"m\" > 1.0)",
        '|max(\'usage\')|alert().crit(lambda: "usage" > 1.0 AND "max" > 1.0)',
        "|delete().field('idle')|where(lambda: \"usage\" > 1.0)",
        '|stateCount(lambda: "usage" > 1.0)|alert().crit(lambda: "state_count" > 3)',
        "|derivative('usage').as('speed')|alert().crit(lambda: \"speed\" > 3.0)",
        "|eval(lambda: string(\"usage\")).as('t').tags('t')|groupBy('t')",
        "|alert().crit(lambda: \"usage\" > 1.0).levelTag('level')|groupBy('level')",
    ],
)
def test_names_are_followed_through_the_nodes(chain):
    """What a node makes of fields and tags is known to those behind it."""
    script = f"{FROM}.measurement('cpu'){chain}"

    assert [lint for lint in found(script, schema=SCHEMA) if lint[0].startswith("KT2")] == []


def test_a_name_that_a_node_removes_is_missed():
    """delete, and an eval that keeps nothing."""
    script = f"{FROM}.measurement('cpu')|delete().field('idle')|where(lambda: \"idle\" > 1.0)"

    assert [lint[0] for lint in found(script, schema=SCHEMA)] == ["KT202"]


def test_nodes_that_are_not_simulated_are_not_checked_and_not_refused():
    """Each with its place."""
    check = check_script(f"{FROM}\n  |shift(1m)\n  |log()")

    assert not check.refused
    assert [(str(remark.position), remark.text) for remark in check.unchecked] == [
        ("line 3 char 4", "|shift is known, but not simulated")
    ]


def test_a_task_is_shown_in_a_line():
    """Not as a graph that repeats each node for each way to it."""
    check = check_script(f"{FROM}\n  |shift(1m)\n  |log()")

    assert repr(check.task) == "Task(STREAM, stream0, from1, shift2, log3)"
    assert repr(check.task.nodes[2].parents) == "[TaskNode(from1)]"


def test_one_call_that_creates_several_nodes_is_one_remark():
    """deadman is short for three, stats may need a fourth."""
    check = check_script(f"{FROM}\n  |deadman(1.0, 10s)\nstream|from()\n  |stats(1m)|log()")

    assert [remark.text.partition(" ")[0] for remark in check.unchecked] == ["|deadman", "|stats"]


def test_a_part_that_is_not_simulated_is_not_checked_and_not_refused():
    """A property, a construct of a template."""
    alert = "|alert().crit(lambda: TRUE)"
    template = "{{ range .Tags }}{{ end }}"
    check = check_tick(f"{FROM}{alert}.inhibit('c')\nstream|from(){alert}.message('{template}')")

    assert not check.refused
    assert [remark.text.partition(" is ")[0] for remark in check.unchecked] == [
        "property .inhibit of |alert",
        "range in the template of .message",
    ]


@pytest.mark.parametrize(
    ("chain", "text", "column"),
    [
        (
            "|eval(lambda: \"x\", lambda: 1.0 * 2).as('a', 'b')",
            "Failed to compile 1 expression: mismatched type to binary operator. got float * int. "
            "see bool(), int(), float(), string(), duration()",
            45,
        ),
        (
            "|where(lambda: \"x\" > 1 AND abs('a' - 'b') > 2)",
            "Failed to compile expression in where clause: Failed to handle right node: Failed to "
            "handle left node: Failed to handle 1 argument: invalid math operator - for type string",
            49,
        ),
        (
            ".where(lambda: 'a' > 1)",
            "Failed to compile from expression: mismatched type to binary operator. got string > "
            "int. see bool(), int(), float(), string(), duration()",
            33,
        ),
        (
            "|alert().warn(lambda: TRUE).warnReset(lambda: 1 == '1')",
            "Failed to compile stateful expression for warnReset: mismatched type to binary "
            "operator. got int == string. see bool(), int(), float(), string(), duration()",
            62,
        ),
        (
            "|alert().crit(lambda: TRUE).tcp('h:1').log('alerts.log')",
            "failed to create log alert handler: log path must be absolute: alerts.log is not "
            "absolute",
            53,
        ),
        ("|alert().message('{{ .ID ')", "template: message:1: unclosed action", 23),
        (
            "|window()",
            "window node must have either a non zero period or non zero period count",
            15,
        ),
    ],
)
def test_a_node_that_cannot_start_is_refused_by_enable(chain, text, column):
    """In the words that newEvalNode and its like put before the reason, without a place."""
    check = check_tick(f"{FROM}{chain}")

    assert check.define is None
    assert (str(check.enable), check.enable.column) == (text, column)
    assert check.refused
    assert "KT114" not in {lint.code for lint in check.lints}


@pytest.mark.parametrize(
    ("properties", "text"),
    [
        (".period(1m)", "must define one of 'every' or 'cron'"),
        (".every(1m).cron('0 * * * *')", "must not set both 'every' and 'cron' properties"),
        (".every(1m).fill('zero')", "unexpected fill option zero"),
    ],
)
def test_a_query_that_cannot_be_scheduled_is_refused_by_enable(properties, text):
    """In the words of newQueryNode."""
    check = check_tick(f"batch|query('SELECT x FROM m'){properties}|log()")

    assert str(check.enable) == text


def test_a_query_that_is_not_understood_is_not_checked():
    """InfluxDB's parser would read it at enable; here only plain ones are read."""
    check = check_tick("batch|query('SELECT mean(x) FROM m').period(1m).every(1m)|log()")

    assert not check.refused
    assert [remark.text for remark in check.unchecked] == [
        "the query 'SELECT mean(x) FROM m' on points is not simulated; "
        "give the task a recording of its queries (.brpl)"
    ]


def test_a_call_that_only_fails_with_data_is_not_refused():
    """Kapacitor looks a function up when it calls it, and logs an error for each point."""
    check = check_tick(f"{FROM}|where(lambda: nope(1) > 2)")

    assert not check.refused
    assert [(lint.code, lint.remedy) for lint in check.lints] == [
        ("KT112", "Kapacitor starts with it, and logs an error for each point; mend the call")
    ]


def test_lints_of_options_do_not_need_a_script_that_can_be_defined():
    """The fix is wanted most where Kapacitor refuses."""
    check = check_script(f"{FROM}@a().limit(3)", {"a": Limited})

    assert str(check.define) == "line 2 char 19: unexpected arg to limit, got INT expected DOUBLE"
    assert {lint.code for lint in check.lints} == {"KT102", "KT107"}


def test_an_expression_without_an_end_is_a_refusal_not_a_crash():
    """Three thousand terms exceed what Python can follow."""
    check = check_script(f"var x = {' + '.join(['1'] * 3000)}\n{FROM}|log()")

    assert "nested too deeply" in str(check.define)


def test_a_sink_has_no_children():
    """Nothing flows out of it."""
    info = InfoResponse(STREAM, STREAM)
    check = check_script(f"{FROM}|influxDBOut()@a()", {"a": info})

    assert [lint.remedy for lint in check.lints] == ["hang it on the parent of influxdb_out2"]


def test_an_int_for_a_kapacitor_nodes_float_gets_the_fix_too():
    """percentile takes a float64."""
    assert found(f"{FROM}|percentile('x', 95)")[0][0::3] == (
        "KT102",
        "write |percentile('x', 95.0)",
    )


def test_a_variable_is_seen_through():
    """The fix shows its value."""
    script = f"var n = 3\n{FROM.partition(chr(10))[2]}@a().field('f').limit(n)"

    assert ("KT102", 2, 30, "write .limit(3.0)") in found(script, {"a": Limited})


def test_a_schema_is_what_points_and_batches_have():
    """Fields and tags of all of them, by measurement."""
    points = [
        Point({"a": 1}, name="m", time=0, tags={"x": "1"}),
        Point({"b": 2.0}, name="m", time=1, tags={}),
    ]
    batch = Batch([Point({"c": 1}, time=0, tags={})], name="n", tags={"y": "1"}, tmax=1)

    assert schema_of(points) == {"m": Measurement(frozenset("ab"), frozenset("x"))}
    assert schema_of([batch]) == {"n": Measurement(frozenset("c"), frozenset("y"))}


def test_the_guide_lists_every_lint():
    """docs/tickscript.md has a row for each code."""
    guide = (Path(__file__).parents[2] / "docs" / "tickscript.md").read_text()

    assert [rule.code for rule in RULES if f"`{rule.code}`" not in guide] == []
