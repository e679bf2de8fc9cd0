"""The table in which a contributor adds a node: every kind of node that a TICKscript can name.

A row says what Kapacitor knows of a kind: its name in messages, the stem of its ids, what it
wants and provides, and which properties it has with arguments of which Go types; and where in
kapnb the class is that runs it in a simulation. The facts are those of pipeline/*.go in
influxdata/kapacitor. Nothing here evaluates or runs anything.

A property is written as its Go signature. A plain type is a field, set with exactly one
argument of that type; parentheses are a method, whose last parameter may take several arguments
(``...string``); what follows an arrow is the object that further properties belong to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kapnb.model import BATCH, STREAM, EdgeType

__all__ = [
    "ALERT_OBJECTS",
    "CATALOGUE",
    "HANDLER_PROPERTIES",
    "SOURCES",
    "UDF",
    "NodeType",
    "ObjectType",
    "Signature",
    "canonical",
]

_NODES = "kapnb.tick.nodes"
_AGGREGATE = f"{_NODES}._aggregates.Aggregate"
_LAMBDA = "*ast.LambdaNode"
_DURATION = "time.Duration"
_ANY = "interface {}"


@dataclass(frozen=True, slots=True)
class Signature:
    """What a property or a chaining method takes.

    Attributes
    ----------
    parameters : tuple of str
        Go types; the last may begin with ``...``.
    is_field : bool
        Whether it is a field of the Go object, rather than a method.
    gives : str
        The name of the `ObjectType` it returns; empty if the object it is set on.
    """

    parameters: tuple[str, ...]
    is_field: bool = False
    gives: str = ""

    @classmethod
    def parse(cls, text: str) -> Signature:
        """Read a signature as the table writes it."""
        if not text.startswith("("):
            return cls((text,), is_field=True)
        inside, _, gives = text[1:].partition(")")
        parameters = tuple(part.strip() for part in inside.split(",")) if inside else ()
        return cls(parameters, gives=gives.removeprefix("->"))


@dataclass(frozen=True, slots=True)
class ObjectType:
    """What properties can be set on: a node, or a handler of an alert.

    Attributes
    ----------
    go : str
        The name in messages, without ``*pipeline.``.
    properties : mapping of str to Signature
    is_open : bool
        Whether other releases of Kapacitor have more properties than are listed; unknown ones
        are then not checked rather than refused.
    """

    go: str
    properties: Mapping[str, Signature] = field(default_factory=dict)
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class NodeType:
    """A row of the table.

    Attributes
    ----------
    name : str
        The chaining method.
    object : ObjectType
    stem : str
        Of ids, such as ``http_out`` in ``http_out3``.
    takes : Signature
        The arguments of the chaining method.
    wants, provides : EdgeType or None
        None: the kind that its parent provides, and the kind that it wants.
    is_sink : bool
        Whether nothing flows out; then it has no chaining methods but stats and deadman.
    parent : str
        The only kind that has this chaining method, if not all have it.
    runs : str or None
        Dotted path of the class that runs it in a simulation; None: it is not simulated.
    """

    name: str
    object: ObjectType
    stem: str
    takes: Signature
    wants: EdgeType | None = None
    provides: EdgeType | None = None
    is_sink: bool = False
    parent: str = ""
    runs: str | None = None


def canonical(name: str) -> str:
    """Return a name as the table has it: Kapacitor ignores the case of the first letter."""
    return name[:1].lower() + name[1:]


def _object(go: str, properties: Mapping[str, str] | None = None, **other: bool) -> ObjectType:
    signatures = {name: Signature.parse(text) for name, text in (properties or {}).items()}
    return ObjectType(go, {"quiet": Signature(()), **signatures}, **other)


# ------------------------------------------------------------------ handlers of an alert

_FLAG, _NAMES = "()->AlertNodeData", "(...string)"

# Whatever is sent to: method of the alert, its parameters, the handler's Go name, its properties.
_HANDLERS: tuple[tuple[str, str, str, dict[str, str]], ...] = (
    (
        "post",
        "...string",
        "AlertHTTPPostHandler",
        {
            "uRL": "string",
            "endpoint": "string",
            "header": "(string, string)",
            "captureResponse": "()",
            "timeout": _DURATION,
            "skipSSLVerification": "()",
        },
    ),
    ("tcp", "string", "TcpHandler", {"address": "string"}),
    ("email", "...string", "EmailHandler", {"to": _NAMES}),
    ("exec", "string, ...string", "ExecHandler", {"command": "[]string"}),
    ("log", "string", "LogHandler", {"filePath": "string", "mode": "int64"}),
    ("victorOps", "", "VictorOpsHandler", {"routingKey": "string"}),
    ("pagerDuty", "", "PagerDutyHandler", {"serviceKey": "string"}),
    (
        "pagerDuty2",
        "",
        "PagerDuty2Handler",
        {"serviceKey": "string", "routingKey": "string", "link": "(string, ...string)"},
    ),
    ("hipChat", "", "HipChatHandler", {"room": "string", "token": "string"}),
    (
        "alerta",
        "",
        "AlertaHandler",
        {
            **dict.fromkeys(
                ("token", "resource", "event", "environment", "group", "value", "origin"), "string"
            ),
            "services": _NAMES,
            "timeout": _DURATION,
        },
    ),
    (
        "mqtt",
        "string",
        "MQTTHandler",
        {"brokerName": "string", "topic": "string", "qos": "int64", "retained": "bool"},
    ),
    ("sensu", "", "SensuHandler", {"source": "string", "handlers": _NAMES}),
    (
        "pushover",
        "",
        "PushoverHandler",
        dict.fromkeys(("userKey", "device", "title", "uRL", "uRLTitle", "sound"), "string"),
    ),
    (
        "slack",
        "",
        "SlackHandler",
        dict.fromkeys(("workspace", "channel", "username", "iconEmoji"), "string"),
    ),
    (
        "telegram",
        "",
        "TelegramHandler",
        {
            "chatId": "string",
            "parseMode": "string",
            "disableWebPagePreview": "()",
            "disableNotification": "()",
        },
    ),
    ("opsGenie", "", "OpsGenieHandler", {"teams": _NAMES, "recipients": _NAMES}),
    ("opsGenie2", "", "OpsGenie2Handler", {"teams": _NAMES, "recipients": _NAMES}),
    ("talk", "", "TalkHandler", {}),
    (
        "snmpTrap",
        "string",
        "SNMPTrapHandler",
        {"trapOid": "string", "data": "(string, string, string)"},
    ),
    ("kafka", "", "KafkaHandler", {"cluster": "string", "kafkaTopic": "string"}),
    ("discord", "", "DiscordHandler", {}),
    ("teams", "", "TeamsHandler", {}),
    ("bigPanda", "", "BigPandaHandler", {}),
    ("serviceNow", "", "ServiceNowHandler", {}),
    ("zenoss", "", "ZenossHandler", {}),
)
# The same in all releases; of the others more may be known than is listed.
_STABLE = {"tcp", "email", "exec", "log", "hipChat", "mqtt", "sensu", "talk", "snmpTrap"}

_ALERT: dict[str, str] = {
    **dict.fromkeys(("category", "topic", "id", "message", "details"), "string"),
    **dict.fromkeys(("info", "warn", "crit", "infoReset", "warnReset", "critReset"), _LAMBDA),
    **dict.fromkeys(("levelTag", "levelField", "messageField", "durationField"), "string"),
    **dict.fromkeys(("idTag", "idField"), "string"),
    "flapping": "(float64, float64)->AlertNodeData",
    "flapLow": "float64",
    "flapHigh": "float64",
    "history": "int64",
    "all": _FLAG,
    "noRecoveries": _FLAG,
    "stateChangesOnly": f"(...{_DURATION})->AlertNodeData",
    "stateChangesOnlyDuration": _DURATION,
    "inhibit": "(string, ...string)->AlertNodeData",
    **{name: f"({takes})->{name}" for name, takes, _, _ in _HANDLERS},
}

#: The objects that properties of an alert give, by the name in a signature.
ALERT_OBJECTS: dict[str, ObjectType] = {
    "AlertNodeData": _object("AlertNodeData", _ALERT),
    **{
        name: _object(go, {**_ALERT, **own}, is_open=name not in _STABLE)
        for name, _, go, own in _HANDLERS
    },
}
#: The properties of a handler that are its own, not the alert's, by the handler's name.
HANDLER_PROPERTIES = {name: frozenset(own) for name, _, _, own in _HANDLERS}


# ------------------------------------------------------------------------------ the table


def _node(
    name: str,
    go: str,
    stem: str = "",
    takes: str = "()",
    properties: Mapping[str, str] | None = None,
    *,
    wants: EdgeType | None = None,
    provides: EdgeType | None = None,
    is_sink: bool = False,
    is_open: bool = False,
    parent: str = "",
    runs: str | None = None,
) -> NodeType:
    return NodeType(
        name,
        _object(go, properties, is_open=is_open),
        stem or name,
        Signature.parse(takes),
        wants,
        provides,
        is_sink,
        parent,
        runs,
    )


def _influxql(name: str, takes: str, provides: EdgeType | None, runs: str | None) -> NodeType:
    """Return the row of a function of InfluxQL: one Go type, ids with the function's name."""
    return _node(
        name,
        "InfluxQLNode",
        takes=takes,
        properties={
            "as": "string",
            "usePointTimes": "()",
            "method": "string",
            "field": "string",
        },
        provides=provides,
        runs=runs,
    )


_AUTOSCALE = {
    "currentField": "string",
    "max": "int64",
    "min": "int64",
    "replicas": _LAMBDA,
    "increaseCooldown": _DURATION,
    "decreaseCooldown": _DURATION,
}

_QUERY = {
    "queryStr": "string",
    "period": _DURATION,
    "every": _DURATION,
    "align": "()",
    "cron": "string",
    "offset": _DURATION,
    "cluster": "string",
}

_ROWS = (
    _node(
        "from",
        "FromNode",
        properties={
            **dict.fromkeys(("database", "retentionPolicy", "measurement"), "string"),
            "where": f"({_LAMBDA})",
            "groupBy": f"(...{_ANY})",
            "groupByMeasurement": "()",
            "truncate": _DURATION,
            "round": _DURATION,
        },
        wants=STREAM,
        parent="stream",
        runs=f"{_NODES}._stream.From",
    ),
    _node(
        "query",
        "QueryNode",
        takes="(string)",
        properties={
            **_QUERY,
            "alignGroup": "()",
            "groupBy": f"(...{_ANY})",
            "groupByMeasurement": "()",
            "fill": _ANY,
        },
        wants=BATCH,
        parent="batch",
        runs=f"{_NODES}._stream.Query",
    ),
    _node(
        "queryFlux",
        "QueryFluxNode",
        takes="(string)",
        properties={**_QUERY, "org": "string", "orgID": "string"},
        wants=BATCH,
        is_open=True,
        parent="batch",
    ),
    _node(
        "window",
        "WindowNode",
        properties={
            "period": _DURATION,
            "every": _DURATION,
            "align": "()",
            "fillPeriod": "()",
            "periodCount": "int64",
            "everyCount": "int64",
        },
        wants=STREAM,
        provides=BATCH,
        runs=f"{_NODES}._window.Window",
    ),
    _node(
        "groupBy",
        "GroupByNode",
        "groupby",
        f"(...{_ANY})",
        {"byMeasurement": "()", "exclude": _NAMES, "dimensions": "[]interface {}"},
        runs=f"{_NODES}._grouping.GroupBy",
    ),
    _node(
        "where",
        "WhereNode",
        takes=f"({_LAMBDA})",
        properties={"lambda": _LAMBDA},
        runs=f"{_NODES}._where.Where",
    ),
    _node(
        "eval",
        "EvalNode",
        takes=f"(...{_LAMBDA})",
        properties={
            "as": _NAMES,
            "tags": _NAMES,
            "keep": _NAMES,
            "lambdas": f"[]{_LAMBDA}",
            "keepList": "[]string",
        },
        runs=f"{_NODES}._eval.Eval",
    ),
    _node(
        "default",
        "DefaultNode",
        properties={"field": f"(string, {_ANY})", "tag": "(string, string)"},
        runs=f"{_NODES}._fields.Default",
    ),
    _node(
        "delete",
        "DeleteNode",
        properties={"field": "(string)", "tag": "(string)"},
        runs=f"{_NODES}._fields.Delete",
    ),
    _node(
        "log",
        "LogNode",
        properties={"level": "string", "prefix": "string"},
        runs=f"{_NODES}._outputs.Log",
    ),
    _node("alert", "AlertNode", properties=_ALERT, runs=f"{_NODES}._alert.Alert"),
    _node(
        "httpOut",
        "HTTPOutNode",
        "http_out",
        "(string)",
        {"endpoint": "string"},
        runs=f"{_NODES}._outputs.HttpOut",
    ),
    _node(
        "httpPost",
        "HTTPPostNode",
        "http_post",
        _NAMES,
        {
            "endpoint": "(string)",
            "header": "(string, string)",
            "codeField": "string",
            "captureResponse": "()",
            "timeout": _DURATION,
            "skipSSLVerification": "()",
        },
        is_open=True,
    ),
    _node(
        "influxDBOut",
        "InfluxDBOutNode",
        "influxdb_out",
        properties={
            **dict.fromkeys(("cluster", "database", "retentionPolicy", "measurement"), "string"),
            "writeConsistency": "string",
            "precision": "string",
            "buffer": "int64",
            "flushInterval": _DURATION,
            "tag": "(string, string)",
            "create": "()",
        },
        is_sink=True,
        runs=f"{_NODES}._outputs.InfluxDBOut",
    ),
    _node(
        "kapacitorLoopback",
        "KapacitorLoopbackNode",
        "kapacitor_loopback",
        properties={
            **dict.fromkeys(("database", "retentionPolicy", "measurement"), "string"),
            "tag": "(string, string)",
        },
        is_sink=True,
    ),
    _node(
        "join",
        "JoinNode",
        takes="(...pipeline.Node)",
        properties={
            "as": _NAMES,
            "on": _NAMES,
            "delimiter": "string",
            "streamName": "string",
            "tolerance": _DURATION,
            "fill": _ANY,
        },
        is_open=True,
    ),
    _node(
        "union",
        "UnionNode",
        takes="(...pipeline.Node)",
        properties={"rename": "string"},
        runs=f"{_NODES}._union.Union",
    ),
    _node(
        "combine",
        "CombineNode",
        takes=f"(...{_LAMBDA})",
        properties={
            "as": _NAMES,
            "delimiter": "string",
            "tolerance": _DURATION,
            "max": "int64",
        },
        provides=STREAM,
    ),
    _node(
        "flatten",
        "FlattenNode",
        properties={
            "on": _NAMES,
            "delimiter": "string",
            "tolerance": _DURATION,
            "dropOriginalFieldName": "(...bool)",
        },
    ),
    _node("trickle", "TrickleNode", wants=BATCH, provides=STREAM),
    # No script can name it; Kapacitor adds one where |stats has nothing else to watch.
    _node("noOp", "NoOpNode", "noop", parent="no other"),
    _node("sample", "SampleNode", takes=f"({_ANY})", properties={"count": "int64"}),
    _node("shift", "ShiftNode", takes=f"({_DURATION})", properties={"shift": _DURATION}),
    _node(
        "derivative",
        "DerivativeNode",
        takes="(string)",
        properties={"as": "string", "unit": _DURATION, "nonNegative": "()", "field": "string"},
    ),
    _node("changeDetect", "ChangeDetectNode", takes=_NAMES),
    _node(
        "stateCount",
        "StateCountNode",
        "state_count",
        f"({_LAMBDA})",
        {"as": "string", "lambda": _LAMBDA},
    ),
    _node(
        "stateDuration",
        "StateDurationNode",
        "state_duration",
        f"({_LAMBDA})",
        {"as": "string", "unit": _DURATION, "lambda": _LAMBDA},
    ),
    _node(
        "barrier",
        "BarrierNode",
        properties={"idle": _DURATION, "period": _DURATION, "delete": "bool"},
    ),
    _node(
        "sideload",
        "SideloadNode",
        properties={
            "source": "string",
            "order": _NAMES,
            "field": f"(string, {_ANY})",
            "tag": "(string, string)",
        },
        is_open=True,
    ),
    _node(
        "k8sAutoscale",
        "K8sAutoscaleNode",
        "k8s_autoscale",
        properties={
            **_AUTOSCALE,
            **dict.fromkeys(("namespace", "kind", "resourceName", "resourceNameTag"), "string"),
            **dict.fromkeys(("namespaceTag", "kindTag", "resourceTag", "cluster"), "string"),
        },
        provides=STREAM,
        is_open=True,
    ),
    _node(
        "swarmAutoscale",
        "SwarmAutoscaleNode",
        "swarm_autoscale",
        properties={
            **_AUTOSCALE,
            **dict.fromkeys(("cluster", "serviceName", "serviceNameTag"), "string"),
            "outputServiceNameTag": "string",
        },
        provides=STREAM,
        is_open=True,
    ),
    _node(
        "ec2Autoscale",
        "Ec2AutoscaleNode",
        "ec2_autoscale",
        properties={
            **_AUTOSCALE,
            **dict.fromkeys(("cluster", "groupName", "groupNameTag"), "string"),
            "outputGroupNameTag": "string",
        },
        provides=STREAM,
        is_open=True,
    ),
    _node(
        "stats",
        "StatsNode",
        takes=f"({_DURATION})",
        properties={"align": "()", "interval": _DURATION},
        wants=STREAM,
    ),
    # Aggregates: one point a batch, or a moment of a stream.
    *(
        _influxql(name, "(string)", STREAM, _AGGREGATE)
        for name in ("count", "mean", "median", "mode", "spread", "sum", "stddev")
    ),
    # Selectors.
    *(_influxql(name, "(string)", STREAM, _AGGREGATE) for name in ("first", "last", "min", "max")),
    _influxql("percentile", "(string, float64)", STREAM, _AGGREGATE),
    _influxql("distinct", "(string)", BATCH, f"{_NODES}._aggregates.Distinct"),
    _influxql("top", "(int64, string, ...string)", BATCH, None),
    _influxql("bottom", "(int64, string, ...string)", BATCH, None),
    # Transformations keep the kind of edge.
    _influxql("elapsed", f"(string, {_DURATION})", None, None),
    _influxql("difference", "(string)", None, None),
    _influxql("cumulativeSum", "(string)", None, None),
    _influxql("movingAverage", "(string, int64)", None, None),
    _influxql("holtWinters", f"(string, int64, int64, {_DURATION})", BATCH, None),
    _influxql("holtWintersWithFit", f"(string, int64, int64, {_DURATION})", BATCH, None),
)

#: Every kind of node by its chaining method.
CATALOGUE: dict[str, NodeType] = {row.name: row for row in _ROWS}

#: What a script starts from, by the name of the variable.
SOURCES: dict[str, NodeType] = {
    "stream": _node("stream", "StreamNode", wants=STREAM, runs=f"{_NODES}._stream.Source"),
    "batch": _node("batch", "BatchNode", provides=BATCH, runs=f"{_NODES}._stream.Source"),
}

#: A UDF before its info is known: what all of them have.
UDF: NodeType = _node(
    "udf", "UDFNode", properties={"uDFName": "string", "options": "[]*agent.Option"}
)
