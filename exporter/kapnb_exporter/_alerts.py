"""An alert of the Open Edge microservice: its part of the configuration and of the TICKscript."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, parse_qs, urlsplit

from kapnb.errors import ExportError, TickError
from kapnb.tick import parse, render
from kapnb.tick._ast import String
from kapnb_exporter.tsam import OPCUA_URL

__all__ = ["Alert", "read_alert"]

_FIELD = re.compile(r'"((?:[^"\\]|\\.)+)"')
_MQTT_PORT = 1883


@dataclass(frozen=True, slots=True)
class Alert:
    """Where alerts go, and when.

    Parameters
    ----------
    kind : {"mqtt", "opcua"}
        The key in the configuration.
    config : dict
        What stands behind it.
    branch : str
        TICKscript, beginning with ``|alert``.
    """

    kind: str
    config: dict[str, Any]
    branch: str


def read_alert(name: str, url: str, when: str) -> Alert:
    """Read what was asked for.

    Parameters
    ----------
    name : str
        The UDF's.
    url : str
        ``mqtt://HOST:PORT/TOPIC`` or ``opc.tcp://HOST:PORT/?namespace=N&node_id=N``.
    when : str
        A lambda expression.

    Raises
    ------
    ExportError
        If one of them cannot be read.

    Examples
    --------
    >>> alert = read_alert("mean", "mqtt://broker:1883/alerts/mean", '"mean" > 3')
    >>> alert.kind, alert.config["mqtt_broker_port"]
    ('mqtt', 1883)
    >>> alert.branch.endswith(".noRecoveries().mqtt('alerts/mean').qos(1)")
    True
    """
    try:
        parse(f"stream|alert().crit(lambda: {when})")
    except TickError as error:
        raise ExportError(f"--alert-when {when}: {error}") from error
    parts = urlsplit(url)
    if parts.scheme == "mqtt" and parts.hostname and parts.path.strip("/"):
        return _mqtt(name, parts, when)
    if parts.scheme == "opc.tcp" and parts.hostname:
        return _opcua(name, url, parts, when)
    raise ExportError(
        f"--alert {url}: it must be mqtt://HOST:PORT/TOPIC, or "
        "opc.tcp://HOST:PORT/?namespace=N&node_id=N"
    )


def _mqtt(name: str, parts: SplitResult, when: str) -> Alert:
    config = {
        "mqtt_broker_host": parts.hostname,
        "mqtt_broker_port": parts.port or _MQTT_PORT,
        "name": f"{name}_broker",
    }
    topic = render(String(parts.path.strip("/")))  # .mqtt() takes the topic; the broker is the only
    return Alert("mqtt", config, f"{_head(name, when)}.mqtt({topic}).qos(1)")


def _opcua(name: str, url: str, parts: SplitResult, when: str) -> Alert:
    asked = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    if not {"namespace", "node_id"} <= asked.keys():
        raise ExportError(f"--alert {url}: it must end in ?namespace=N&node_id=N")
    config = {
        "opcua_server": f"{parts.scheme}://{parts.netloc}{parts.path}",
        **{key: int(value) if value.isdigit() else value for key, value in asked.items()},
    }
    return Alert("opcua", config, f"{_head(name, when)}.post('{OPCUA_URL}').timeout(30s)")


def _head(name: str, when: str) -> str:
    fields = dict.fromkeys(_FIELD.findall(when))
    values = " ".join(f'{field}={{{{ index .Fields "{field}" }}}}' for field in fields)
    message = render(String(f"{name}: {values} at {{{{ .Time }}}}"))
    return f"|alert().crit(lambda: {when}).message({message}).noRecoveries()"
