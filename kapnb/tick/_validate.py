"""What Kapacitor's nodes say of themselves once a script is evaluated.

One function a kind, with the texts of the `validate` methods in pipeline/*.go; they name no line.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kapnb.tick._ast import Star
from kapnb.tick._graph import TaskNode
from kapnb.tick._values import Unknown, go_type

__all__ = ["validate"]


def validate(node: TaskNode) -> str:
    """Return Kapacitor's complaint about a node's definition; empty if it has none."""
    check = None if node.is_udf else _CHECKS.get(node.kind)
    return check(node) if check else ""


def _dimensions(dimensions: tuple[Any, ...]) -> str:
    for dimension in dimensions:
        if dimension == "":
            return "dimensions cannot not be the empty string"
        if not isinstance(dimension, str | Star | Unknown):
            return f"invalid dimension object of type {go_type(dimension)}"
    if len(dimensions) > 1 and any(isinstance(dimension, Star) for dimension in dimensions):
        return "cannot group by both '*' and named dimensions."
    return ""


def _from(node: TaskNode) -> str:
    uses = node.uses("groupBy")
    return _dimensions(uses[-1].arguments) if uses else ""


def _group_by(node: TaskNode) -> str:
    return _dimensions(node.arguments)


def _window(node: TaskNode) -> str:
    count = node.last("periodCount", 0)
    if not count:
        return ""
    if node.last("period", 0) != 0:
        return "cannot specify both period and periodCount"
    if node.uses("align"):
        return "can only align windows based off time, not count"
    every = node.last("everyCount", 0)
    if isinstance(every, int) and every <= 0:
        return "everyCount must be greater than zero"
    return ""


def _names(node: TaskNode, name: str) -> tuple[Any, ...]:
    uses = node.uses(name)
    return uses[-1].arguments if uses else ()


def _eval(node: TaskNode) -> str:
    names, expressions = _names(node, "as"), node.arguments
    if len(names) != len(expressions):
        return (
            "must specify same number of expressions and .as() names: "
            f"got {len(names)} as names, and {len(expressions)} expressions."
        )
    for tag in _names(node, "tags"):
        if tag not in names:
            return f'invalid tag name "{tag}", name is not present is .as() names'
    return ""


def _prefixes(node: TaskNode, count: int, what: str) -> str:
    """Return what is wrong with the names of ``as`` of a join or a combine."""
    names = _names(node, "as")
    if not names:
        return f"a call to {node.kind}.as() is required to specify the output stream prefixes."
    if len(names) != count:
        return f"number of prefixes specified by {node.kind}.as() must match the number of {what}"
    delimiter = node.last("delimiter", ".")
    for name in names:
        if name == "":
            return f"must provide a prefix name for the {node.kind} node, see .as() property method"
        if delimiter and isinstance(name, str) and delimiter in name:
            shown = f'"{delimiter}"\t' if node.kind == "join" else f"character {delimiter}"
            return f"cannot use name {name} as field prefix, it contains the delimiter {shown}"
    if len(set(names)) < len(names):
        return "cannot use the same prefix name see .as() property method"
    return ""


def _join(node: TaskNode) -> str:
    return _prefixes(node, len(node.parents), "joined streams")


def _combine(node: TaskNode) -> str:
    return _prefixes(node, len(node.arguments), "combine expressions")


def _default(node: TaskNode) -> str:
    for use in node.uses("field"):
        name, value = use.arguments
        if go_type(value) not in ("float64", "int64", "bool", "string", "<nil>"):
            return (
                f'unsupported type {go_type(value)} for field "{name}", '
                "field default values must be float,int,string or bool"
            )
    return ""


def _loopback(node: TaskNode) -> str:
    if not node.last("database"):
        return "must specify a database"
    return "" if node.last("retentionPolicy") else "must specify a retention policy"


def _barrier(node: TaskNode) -> str:
    idle, period = node.last("idle", 0), node.last("period", 0)
    if not (isinstance(idle, int) and isinstance(period, int)):
        return ""
    if idle != 0 and period != 0:
        return "cannot specify both idle and period"
    if period == 0 and idle <= 0:
        return "idle must be greater than zero"
    return "period must be greater than zero" if period <= 0 and idle == 0 else ""


def _http_post(node: TaskNode) -> str:
    urls, endpoints = len(node.arguments), len(node.uses("endpoint"))
    if urls >= 2:
        return f"httpPost expects 0 or 1 arguments, got {urls}"
    if endpoints > 1:
        return f"httpPost expects 0 or 1 endpoints, got {endpoints}"
    if not urls and not endpoints:
        return "must provide url or endpoint"
    if urls and endpoints:
        return "only one endpoint and url may be specified"
    return _headers(node)


def _headers(node: TaskNode) -> str:
    for use in node.uses("header"):
        if str(use.arguments[0]).upper() == "AUTHENTICATE":
            return "cannot set 'authenticate' header"
    return ""


def _alert(node: TaskNode) -> str:
    headers = _headers(node)
    return f"invalid post: {headers}" if headers else ""


def _autoscale(one: str, other: str) -> Callable[[TaskNode], str]:
    """Return the check of an autoscaling node, which names what it scales in one of two ways."""

    def check(node: TaskNode) -> str:
        shown = [name[:1].upper() + name[1:] for name in (one, other)]
        if bool(node.last(one)) == bool(node.last(other)):
            return f"must specify exactly one of {shown[0]} or {shown[1]}"
        kind = node.last("kind", "deployments")
        if node.kind == "k8sAutoscale" and kind not in _SCALABLE:
            return (
                "invalid Kind, must be 'deployments', 'replicasets' or 'replicationcontrollers', "
                f"got {kind}"
            )
        least = node.last("min", 1)
        if isinstance(least, int) and least < 1:
            return f"min must be >= 1, got {least}"
        return "" if node.uses("replicas") else "must provide a replicas lambda expression"

    return check


_SCALABLE = ("deployments", "replicasets", "replicationcontrollers")

_CHECKS: dict[str, Callable[[TaskNode], str]] = {
    "alert": _alert,
    "barrier": _barrier,
    "combine": _combine,
    "default": _default,
    "ec2Autoscale": _autoscale("groupName", "groupNameTag"),
    "eval": _eval,
    "from": _from,
    "groupBy": _group_by,
    "httpPost": _http_post,
    "join": _join,
    "k8sAutoscale": _autoscale("resourceName", "resourceNameTag"),
    "kapacitorLoopback": _loopback,
    "swarmAutoscale": _autoscale("serviceName", "serviceNameTag"),
    "window": _window,
}
